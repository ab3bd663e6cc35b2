"""Power meters of the firmware (ACPI000D): NVIDIA Grace's sockets, or a server as a whole.

A Grace socket has up to four meters, told apart by their label (``power1_oem_info``), each
inside the one before (NVIDIA Grace Performance Tuning Guide; EAR's documentation):

    Module Power Socket N   CPU, GPU, memory and regulators of a Grace Hopper module
    Grace Power Socket N    the CPU's side of it, with memory and I/O
    CPU Power Socket N      the CPU's rail alone
    SysIO Power Socket N    the I/O rail alone

The widest that is there counts, and the next is shown as its part. A meter without a
label is that of the whole machine, if it is the only one. Interface:
``Documentation/hwmon/acpi_power_meter.rst``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.errors import SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.model.units import w_from_uw
from tracker.sources._kernel_files import Channel, KernelFiles, entries
from tracker.sources._powercap import read_text

FOLDER: Final = Path("bus/acpi/drivers/power_meter")
_LABEL: Final = re.compile(r"(Module|Grace|CPU|SysIO) Power Socket (\d+)")
_S_PER_MS: Final = 1e-3
_PARTS: Final = ("cpu:*", "dram:*", "gpu:*")

# A judgement, as for every hwmon power that is polled each second.
_ACCURACY: Final = Accuracy.of("polled:hwmon", 0.90, 1.10)


class Meter(Struct, frozen=True):
    """One power meter.

    Attributes:
        path: its folder.
        rail: ``Module``, ``Grace``, ``CPU``, ``SysIO``; empty where it has no label.
        socket: the number in the label.
    """

    path: Path
    rail: str
    socket: str

    @property
    def power_path(self) -> Path:
        """Its power in microwatts, the mean of an interval."""
        return self.path / "power1_average"

    def interval_s(self) -> float:
        """What the power is the mean of, in seconds; 0 where it is not told."""
        interval_ms = read_text(self.path / "power1_average_interval")
        return int(interval_ms) * _S_PER_MS if interval_ms.isdecimal() else 0.0


def open(host: Host) -> KernelFiles:
    """Find the meters that measure.

    Raises:
        SourceUnavailable: there is none, or none that says more than 0 W.
    """
    folder = host.sys_path / FOLDER
    meters = list(_meters(folder))
    if not meters:
        raise SourceUnavailable(f"acpi_power_meter: no meter below {folder}")
    left_out = _left_out(meters)
    channels = _channels([one for one in meters if one not in left_out])
    if not channels:
        reasons = "; ".join(dict.fromkeys(left_out.values())) or "no label that is known"
        raise SourceUnavailable(f"acpi_power_meter: {len(meters)} in {folder}, but {reasons}")
    not_counted = [
        NotCounted(f"power meter {one.path.name}", reason) for one, reason in left_out.items()
    ]
    return KernelFiles(host, channels, not_counted=not_counted)


def _left_out(meters: Sequence[Meter]) -> dict[Meter, str]:
    """Meters that are no measure, and why not."""
    silent = {one: "it reads 0 W" for one in meters if read_text(one.power_path) in {"", "0"}}
    plain = [one for one in meters if not one.rail and one not in silent]
    several = "of several power meters without a label it is not told which is the whole machine"
    return silent | (dict.fromkeys(plain, several) if len(plain) > 1 else {})


def _meters(folder: Path) -> Iterator[Meter]:
    for path in entries(folder):
        if not path.name.startswith("ACPI000D") or read_text(path / "power1_is_battery") == "1":
            continue
        label = _LABEL.fullmatch(read_text(path / "power1_oem_info"))
        yield Meter(path, *(label.groups() if label else ("", "")))


def _channels(meters: Sequence[Meter]) -> list[Channel]:
    modules = [one for one in meters if one.rail == "Module"]
    sockets = [one for one in meters if one.rail == "Grace"]
    rails = [one for one in meters if one.rail == "CPU" and not sockets]
    whole = [one for one in meters if not one.rail]
    return [
        *(_channel(one, _module(one)) for one in modules),
        *(_channel(one, _cpu(one, ("dram:*",))) for one in sockets),
        *(_channel(one, _cpu(one, ())) for one in rails),
        *(_channel(one, _node()) for one in whole),
    ]


def _channel(meter: Meter, device: Device) -> Channel:
    paths = (meter.power_path,)
    return Channel(
        device, paths, lambda uw: w_from_uw(uw[0]), counts=False, window_s=meter.interval_s()
    )


def _module(meter: Meter) -> Device:
    name = f"superchip module {meter.socket} (CPU, GPU and memory)"
    return Device(
        f"platform:module-{meter.socket}", DeviceKind.PLATFORM, name, _ACCURACY, covers=_PARTS
    )


def _cpu(meter: Meter, covers: tuple[str, ...]) -> Device:
    name = f"NVIDIA Grace socket {meter.socket}" + (" with its memory" if covers else "")
    return Device(f"cpu:grace-{meter.socket}", DeviceKind.CPU, name, _ACCURACY, covers=covers)


def _node() -> Device:
    covers = (*_PARTS, "platform:*", "node:ipmi")
    return Device("node:acpi", DeviceKind.NODE, "whole machine (ACPI)", _ACCURACY, covers=covers)
