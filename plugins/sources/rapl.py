"""Processor packages and their memory through the kernel's powercap counters (RAPL).

Needs a kernel with ``intel_rapl`` (Intel, and AMD's Zen under the same names) and the right
to read ``energy_uj``, which since Linux 5.10 belongs to root alone.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.model.reading import EnergyReading, ReadFailure, Reading
from tracker.model.units import j_from_uj
from tracker.ports.source import Inventory
from tracker.sources._cpuinfo import Cpu, read_cpu
from tracker.sources._powercap import FOLDER, Zone, is_masked, mirrors, zones

# Several times what any such part is rated at: a counter that is faster was reset.
MOST_W: Final = {DeviceKind.CPU: 2e3, DeviceKind.DRAM: 2e3, DeviceKind.PLATFORM: 1e4}
REFRESH_S: Final = 0.001  # the hardware updates its counter every millisecond
_PAUSE_S: Final = 0.002
_MAX_DIGITS: Final = 32
MSR: Final = "class/msr/msr0"  # /dev/cpu/0/msr, as the device model has it
_GONE: Final = frozenset({errno.ENODEV, errno.ENOENT, errno.ENXIO})

PERMISSION_FIX: Final = """\
sudo groupadd --force energy
sudo usermod --append --groups energy "$USER"
sudo tee /etc/udev/rules.d/70-rapl.rules <<'END'
SUBSYSTEM=="powercap", KERNEL=="intel-rapl*", \
RUN+="/usr/bin/chgrp energy /sys/%p/energy_uj", RUN+="/usr/bin/chmod g+r /sys/%p/energy_uj"
END
sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=powercap
# Where udev does not run, put this into /etc/tmpfiles.d/rapl.conf, a line for each zone:
#   z /sys/class/powercap/intel-rapl:0/energy_uj 0440 root energy -
# then log in again, so that you are in the group, and see:
tracker doctor"""
MASKED_FIX: Final = (
    "start the container with --volume /sys:/host/sys:ro --env TRACKER_SYSFS=/host/sys"
    " (and see that energy_uj may be read there)"
)

DRIVER_FIX: Final = """\
sudo modprobe intel_rapl_msr  # of Intel and AMD alike
echo intel_rapl_msr | sudo tee /etc/modules-load.d/rapl.conf"""


def _pause() -> None:
    """Wait until each counter has moved."""
    time.sleep(_PAUSE_S)


def open(host: Host) -> RaplSource:
    """Find the zones that count and open their counters.

    Raises:
        SourceUnavailable: no powercap here; or it is masked or not permitted, with the fix.
    """
    folder = host.sys_path / FOLDER
    found = zones(host.sys_path)
    if found:
        return RaplSource(host, found)
    if is_masked(host.sys_path):
        raise SourceUnavailable(
            f"rapl: {folder} lists zones that cannot be entered (masked, as containers do)",
            fix=MASKED_FIX,
        )
    if (host.sys_path / MSR).exists() and _has_counters(read_cpu(host.proc_path)):
        raise SourceUnavailable(
            f"rapl: this processor has counters (msr is loaded), but none is in {folder}",
            fix=DRIVER_FIX,
        )
    raise SourceUnavailable(f"rapl: no package zone in {folder} (usual in a virtual machine)")


class RaplSource:
    """Open counters, one file descriptor each, kept: a reading is one ``pread``."""

    def __init__(
        self, host: Host, found: Sequence[Zone], pause: Callable[[], None] = _pause
    ) -> None:
        """Open what can be opened.

        Args:
            host: whose processor it is, and the clock.
            found: the zones that count.
            pause: waits for a tick of the counters.

        Raises:
            SourceUnavailable: nothing could; with the fix if it was permission that lacked.
        """
        self._clock = host.monotonic_ns
        self._cpu = read_cpu(host.proc_path)
        self._not_counted: list[NotCounted] = []
        self._is_refused = False
        self._descriptors: dict[Zone, int] = {}
        self._wraps_at_j: dict[Zone, float | None] = {}
        for zone in found:
            self._open(zone)
        self._drop_mirrors(pause)
        if not self._descriptors:
            raise self._refusal()

    def devices(self) -> Inventory:
        """A CPU device a package, a DRAM device where memory has a counter, and the platform."""
        devices = tuple(self._device(zone) for zone in self._descriptors)
        return Inventory(devices, tuple(self._not_counted))

    def read(self) -> Sequence[Reading | ReadFailure]:
        """Every counter once.

        Raises:
            SourceGone: every zone has vanished.
        """
        if not self._descriptors:
            raise SourceGone("rapl: no zone is left to read")
        return [self._read(zone) for zone in tuple(self._descriptors)]

    def close(self) -> None:
        """Close the counters."""
        for zone in tuple(self._descriptors):
            self._close(zone)

    def _open(self, zone: Zone) -> None:
        try:
            self._descriptors[zone] = os.open(zone.energy_path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self._is_refused |= isinstance(error, PermissionError)
            reason = f"{zone.energy_path}: {error.strerror}"
            self._not_counted.append(NotCounted(zone.device_id, reason))
            return
        wraps_at_uj = zone.wraps_at_uj()
        self._wraps_at_j[zone] = None if wraps_at_uj is None else j_from_uj(wraps_at_uj)

    def _drop_mirrors(self, pause: Callable[[], None]) -> None:
        """Leave out packages that repeat another's counter; a few milliseconds, once."""
        packages = [zone for zone in self._descriptors if zone.kind is DeviceKind.CPU]
        try:
            found = mirrors(packages, self._energy_uj, pause)
        except (OSError, ValueError):
            return  # whoever does not answer says so at the first reading
        for zone, original in found.items():
            reason = f"repeats the counter of {original.device_id}"
            self._not_counted.append(NotCounted(zone.device_id, reason))
            self._close(zone)

    def _read(self, zone: Zone) -> EnergyReading | ReadFailure:
        try:
            energy_uj = self._energy_uj(zone)
        except OSError as error:
            return self._failure(zone, error)
        except ValueError:
            message = f"{zone.energy_path} holds no number"
            return ReadFailure(zone.device_id, SourceReadError(message))
        now_ns = self._clock()
        energy_j = j_from_uj(energy_uj)
        wraps_at_j, most_w = self._wraps_at_j[zone], MOST_W[zone.kind]
        return EnergyReading(zone.device_id, now_ns, energy_j, wraps_at_j, most_w)

    def _energy_uj(self, zone: Zone) -> int:
        return int(os.pread(self._descriptors[zone], _MAX_DIGITS, 0))

    def _failure(self, zone: Zone, error: OSError) -> ReadFailure:
        message = f"{zone.energy_path}: {error.strerror}"
        if error.errno in _GONE:
            self._close(zone)
            return ReadFailure(zone.device_id, SourceGone(message))
        return ReadFailure(zone.device_id, SourceReadError(message))

    def _close(self, zone: Zone) -> None:
        os.close(self._descriptors.pop(zone))

    def _device(self, zone: Zone) -> Device:
        cpu = self._cpu.name if self._cpu and self._cpu.name else "CPU"
        names = {
            DeviceKind.CPU: f"{cpu} ({zone.package})",
            DeviceKind.DRAM: f"memory of {zone.package}",
            DeviceKind.PLATFORM: "platform (psys): packages and what its maker put beside them",
        }
        return Device(
            id=zone.device_id,
            kind=zone.kind,
            name=names[zone.kind],
            accuracy=_accuracy(zone.kind, self._cpu),
            refresh_s=REFRESH_S,
            added=zone.kind is not DeviceKind.PLATFORM,
        )

    def _refusal(self) -> SourceUnavailable:
        first = self._not_counted[0].reason
        count = len(self._not_counted)
        return SourceUnavailable(
            f"rapl: {count} energy counters are there, but none can be read ({first})",
            fix=PERMISSION_FIX if self._is_refused else "",
        )


def _has_counters(cpu: Cpu | None) -> bool:
    """Whether the processor is real and of a maker whose processors count."""
    return (
        cpu is not None
        and not cpu.is_virtual
        and cpu.vendor in {"GenuineIntel", "AuthenticAMD", "HygonGenuine"}
    )


def _accuracy(kind: DeviceKind, cpu: Cpu | None) -> Accuracy:
    """How far the counter may be off, as true over read.

    Intel packages ±5 % (Hackenberg et al. 2015, doi 10.1109/IPDPSW.2015.70); AMD's are
    modelled, ±15 % (Schöne et al. 2021, arXiv 2108.00808); memory ±20 % (Desrochers,
    Paradis, Weaver 2016). An unknown vendor gets AMD's range, and so does the platform's,
    of which no study is known.
    """
    if kind is DeviceKind.PLATFORM:
        return Accuracy.of("counter:platform", 0.85, 1.15)
    if kind is DeviceKind.DRAM:
        return Accuracy.of("counter:dram", 0.80, 1.20)
    if cpu and cpu.vendor == "GenuineIntel":
        return Accuracy.of("counter:cpu", 0.95, 1.05)
    return Accuracy.of("counter:cpu", 0.85, 1.15)
