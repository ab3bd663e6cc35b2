"""NVIDIA Jetson modules through their INA3221 power monitors.

Each rail has a label, a voltage in mV and a current in mA (``Documentation/hwmon/ina3221``);
the power is their product. The input rail (``VDD_IN``, on the Nano ``POM_5V_IN``) is the
whole module, and the others lie within it (NVIDIA's developer forum, topic 73608).
Modules without one (AGX) show the GPU's and the CPU's rails, and the rest of the rails is
named as not counted, for which of them lie within others is not published.
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
from tracker.sources._kernel_files import Channel, KernelFiles, entries, hwmons
from tracker.sources._powercap import read_text

DRIVERS: Final = ("ina3221", "ina3221x")  # the kernel's, and that of older releases of L4T
_RAIL: Final = re.compile(r"in([1-3])_label")
_INPUT: Final = frozenset({"VDD_IN", "POM_5V_IN"})
_KINDS: Final = {
    "VDD_GPU_SOC": DeviceKind.GPU,
    "GPU": DeviceKind.GPU,
    "VDD_SYS_GPU": DeviceKind.GPU,
    "POM_5V_GPU": DeviceKind.GPU,
    "VDD_CPU_CV": DeviceKind.CPU,
    "CPU": DeviceKind.CPU,
    "VDD_SYS_CPU": DeviceKind.CPU,
    "POM_5V_CPU": DeviceKind.CPU,
    "VDD_SYS_DDR": DeviceKind.DRAM,
}
_W_PER_MV_MA: Final = 1e-6

# A judgement, as for every hwmon power that is polled each second.
_ACCURACY: Final = Accuracy.of("polled:hwmon", 0.90, 1.10)


class Rail(Struct, frozen=True):
    """A supply whose voltage and current are monitored."""

    label: str
    voltage_path: Path
    current_path: Path


def open(host: Host) -> KernelFiles:
    """Find the rails.

    Raises:
        SourceUnavailable: there is no monitor, or none whose rails are known.
    """
    rails = [
        rail for driver in DRIVERS for rail in _rails(host.sys_path / "bus/i2c/drivers" / driver)
    ]
    if not rails:
        raise SourceUnavailable("jetson: no INA3221 power monitor")
    known = [rail for rail in rails if rail.label in _INPUT or rail.label in _KINDS]
    if not known:
        labels = ", ".join(rail.label for rail in rails)
        raise SourceUnavailable(f"jetson: no known rail among those of the INA3221 ({labels})")
    has_input = any(rail.label in _INPUT for rail in rails)
    unknown = () if has_input else [rail.label for rail in rails if rail not in known]
    reason = "a rail that is not added, for it may lie within another"
    not_counted = [NotCounted(f"rail {label}", reason) for label in unknown]
    return KernelFiles(host, [_channel(rail) for rail in known], not_counted=not_counted)


def power_w(mv_and_ma: Sequence[int]) -> float:
    """Watts of millivolts and milliamperes."""
    voltage_mv, current_ma = mv_and_ma
    return voltage_mv * current_ma * _W_PER_MV_MA


def _rails(folder: Path) -> Iterator[Rail]:
    for hwmon in (one for monitor in entries(folder) for one in hwmons(monitor)):
        for path in entries(hwmon):
            channel = _RAIL.fullmatch(path.name)
            label = read_text(path) if channel else ""
            if channel and label not in {"", "NC"}:  # NC: not connected
                number = channel.group(1)
                yield Rail(label, hwmon / f"in{number}_input", hwmon / f"curr{number}_input")


def _channel(rail: Rail) -> Channel:
    return Channel(
        _device(rail.label), (rail.voltage_path, rail.current_path), power_w, counts=False
    )


def _device(label: str) -> Device:
    if label in _INPUT:
        covers = ("cpu:*", "dram:*", "gpu:*")
        name = f"Jetson module ({label})"
        return Device("node:jetson", DeviceKind.NODE, name, _ACCURACY, covers=covers)
    kind = _KINDS[label]
    return Device(f"{kind}:{label}", kind, f"Jetson {kind.upper()} rail ({label})", _ACCURACY)
