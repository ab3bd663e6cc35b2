"""HPE Cray nodes through ``/sys/cray/pm_counters``, which anybody may read.

``energy`` is the whole node, measured by its controller ten times a second; the counters
of processors, memory and accelerators lie within it and are shown as its parts, as is
what other sources read of the same hardware. A value is written ``<number> J <time> us``.
``freshness`` counts the controller's updates: a set of values is taken again if it moved
meanwhile. ``startup`` changes when the controller restarts and counts from 0 again; a
counter never wraps, so the engine sees the step back as a reset. Source: HPE's and
Cray's documentation of pm_counters (S-0043).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.reading import EnergyReading, PowerReading, Reading
from tracker.ports.source import Inventory
from tracker.sources._kernel_files import entries

FOLDER: Final = Path("cray/pm_counters")
REFRESH_S: Final = 0.1
NODE_ID: Final = "node:cray"
_TRIES: Final = 3
_MAX_BYTES: Final = 96
_ACCELERATOR: Final = re.compile(r"(accel\d+)_energy")
_NODE_COVERS: Final = ("cpu:*", "dram:*", "gpu:*", "platform:*", "node:*")

# Of the order of HDEEM's ±2 %, the one node meter with a published error.
_ACCURACY: Final = Accuracy.of("counter:node", 0.97, 1.03)


def open(host: Host) -> CraySource:
    """Open the node's counters.

    Raises:
        SourceUnavailable: this is no such node.
    """
    folder = host.sys_path / FOLDER
    names = {path.name for path in entries(folder)}
    if "energy" not in names:
        raise SourceUnavailable(f"cray: no energy counter in {folder}")
    try:
        return CraySource(host, folder, names)
    except OSError as error:
        raise SourceUnavailable(f"cray: {error.filename}: {error.strerror}") from error


class CraySource:
    """The node's counters, kept open."""

    def __init__(self, host: Host, folder: Path, names: set[str]) -> None:
        """Open what is there.

        Args:
            host: whose clock stamps the readings.
            folder: ``pm_counters``.
            names: the files in it.

        Raises:
            OSError: one of them cannot be opened.
        """
        self._clock = host.monotonic_ns
        self._devices = _devices(names)
        wanted = [*self._devices, "power", "freshness"]
        self._descriptors: dict[str, int] = {}
        try:
            for name in (name for name in wanted if name in names):
                self._descriptors[name] = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise

    def devices(self) -> Inventory:
        """The node and its parts."""
        return Inventory(tuple(self._devices.values()))

    def read(self) -> Sequence[Reading]:
        """One consistent set: every counter, and the node's power.

        Raises:
            SourceReadError: a counter does not answer, or holds no number.
            SourceGone: the files have vanished.
        """
        try:
            for _ in range(_TRIES):
                before = self._value("freshness")
                values = {name: self._value(name) for name in (*self._devices, "power")}
                now_ns = self._clock()
                if self._value("freshness") == before:
                    break
        except FileNotFoundError as error:
            raise SourceGone(f"cray: {error.strerror}") from error
        except (OSError, ValueError, IndexError) as error:
            raise SourceReadError(f"cray: pm_counters: {error}") from error
        return _readings(self._devices, values, now_ns)

    def close(self) -> None:
        """Close the counters."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def _value(self, name: str) -> int | None:
        """A file's number; ``None`` where this node has no such file."""
        descriptor = self._descriptors.get(name)
        if descriptor is None:
            return None
        return int(os.pread(descriptor, _MAX_BYTES, 0).split()[0])


def _readings(
    devices: dict[str, Device], values: dict[str, int | None], now_ns: int
) -> list[Reading]:
    found: list[Reading] = []
    for name, device in devices.items():
        energy_j = values[name]
        if energy_j is not None:
            found.append(EnergyReading(device.id, now_ns, float(energy_j)))
    power_w = values["power"]
    if power_w is not None:
        found.append(PowerReading(NODE_ID, now_ns, float(power_w), REFRESH_S, REFRESH_S))
    return found


def _devices(names: set[str]) -> dict[str, Device]:
    """The devices by their counter's file.

    A part holds what other sources read of the same hardware (their ids do not begin with
    ``cray``), so that nothing is added twice where the node itself is left out.
    """
    found = {
        "energy": _device(NODE_ID, DeviceKind.NODE, "whole node (Cray)", _NODE_COVERS),
    }
    if "cpu_energy" in names:
        found["cpu_energy"] = _part("cpu:cray", DeviceKind.CPU, "processors of the node")
    if "memory_energy" in names:
        found["memory_energy"] = _part("dram:cray", DeviceKind.DRAM, "memory of the node")
    for name in sorted(names):
        accelerator = _ACCELERATOR.fullmatch(name)
        if accelerator:
            label = accelerator.group(1)
            found[name] = _part(f"gpu:cray-{label}", DeviceKind.GPU, f"accelerator {label}")
    return found


def _part(device_id: str, kind: DeviceKind, name: str) -> Device:
    return _device(device_id, kind, name, (f"{kind}:[!c]*",))


def _device(device_id: str, kind: DeviceKind, name: str, covers: tuple[str, ...]) -> Device:
    return Device(device_id, kind, name, _ACCURACY, covers=covers, refresh_s=REFRESH_S)
