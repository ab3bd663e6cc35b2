"""The kernel's powercap tree: which zones are whose, and what can be read of them.

Layout and permissions: ``Documentation/power/powercap``, ``drivers/powercap`` of Linux.
All zones, parents and children, stand side by side in ``/sys/class/powercap``; their
numbers are hexadecimal. A package already holds its ``core`` and ``uncore``, ``psys``
holds the packages and more of the platform, and ``intel-rapl-mmio`` shows the same packages
a second time: of these, only packages and ``dram`` are energy that may be added up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.model.device import DeviceKind

FOLDER: Final = Path("class/powercap")
_PACKAGE_ZONE: Final = re.compile(r"intel-rapl:[0-9a-f]+")
_CHILD_ZONE: Final = re.compile(r"intel-rapl:[0-9a-f]+:[0-9a-f]+")
_PACKAGE: Final = re.compile(r"package-\d+(-die-\d+)?")
_PLATFORM: Final = "psys"
_MIRROR_STEPS: Final = 3
_TRIES: Final = 4


class Zone(Struct, frozen=True):
    """A zone whose energy counts.

    Attributes:
        path: its folder.
        package: name of the package it is or belongs to: ``package-0``; or ``psys``.
        kind: CPU for a package, DRAM for its memory, PLATFORM for ``psys``.
    """

    path: Path
    package: str
    kind: DeviceKind

    @property
    def device_id(self) -> str:
        """``cpu:package-0``, ``dram:package-0`` or ``platform:psys``."""
        return f"{self.kind}:{self.package}"

    @property
    def energy_path(self) -> Path:
        """The counter, in microjoules."""
        return self.path / "energy_uj"

    def wraps_at_uj(self) -> int | None:
        """The value at which the counter starts from 0 again; ``None`` if it is not told.

        The kernel tells the largest value, so the step back is one more than that.
        """
        largest = read_text(self.path / "max_energy_range_uj")
        return int(largest) + 1 if largest.isdecimal() else None


def zones(sys_path: Path) -> tuple[Zone, ...]:
    """Packages, their memory and the platform, in the kernel's order; empty without powercap."""
    folder = sys_path / FOLDER
    return (*_packages(folder), *_memories(folder), *_platforms(folder))


def is_masked(sys_path: Path) -> bool:
    """Whether zones are listed whose folders cannot be entered, as in a container."""
    links = _sorted(sys_path / FOLDER, _PACKAGE_ZONE)
    return any(not (path / "name").exists() for path in links)


def mirrors(
    packages: Sequence[Zone], read_uj: Callable[[Zone], int], pause: Callable[[], None]
) -> dict[Zone, Zone]:
    """Packages that show another's counter, with that other one.

    Older kernels list one zone a die on some AMD processors, all of them the package's
    counter. Three differences in a row that agree to the microjoule tell; a sample in
    which a counter moves between the reads of two zones is taken again.

    Args:
        packages: in the kernel's order; of those that are one, the first is kept.
        read_uj: reads a zone's counter.
        pause: waits for a tick of the counters (about 1 ms).
    """
    if len(packages) < 2:  # noqa: PLR2004 - a mirror takes two
        return {}
    samples = [_at_once(packages, read_uj)]
    for _ in range(_MIRROR_STEPS):
        pause()
        samples.append(_at_once(packages, read_uj))
    found: dict[Zone, Zone] = {}
    first_with: dict[tuple[int, ...], Zone] = {}
    for zone, readings_uj in zip(packages, zip(*samples, strict=True), strict=True):
        steps_uj = tuple(later - earlier for earlier, later in pairwise(readings_uj))
        original = first_with.setdefault(steps_uj, zone)
        if original is not zone and all(steps_uj):
            found[zone] = original
    return found


def long_term_limits_w(sys_path: Path) -> tuple[float, ...]:
    """Each whole package's long-term power limit in watts, readable without privilege.

    Where a machine's maker left it alone, this is the processor's own design power.
    """
    limits = []
    for zone in zones(sys_path):
        name = read_text(zone.path / "constraint_0_name")
        limit_uw = read_text(zone.path / "constraint_0_power_limit_uw")
        is_whole = zone.kind is DeviceKind.CPU and "-die-" not in zone.package
        if is_whole and name == "long_term" and limit_uw.isdecimal():
            limits.append(int(limit_uw) / 1e6)
    return tuple(limits)


def read_text(path: Path) -> str:
    """A small file of the kernel, stripped; empty where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _packages(folder: Path) -> Iterator[Zone]:
    for path in _sorted(folder, _PACKAGE_ZONE):
        name = read_text(path / "name")
        if _PACKAGE.fullmatch(name):
            yield Zone(path, name, DeviceKind.CPU)


def _platforms(folder: Path) -> Iterator[Zone]:
    for path in _sorted(folder, _PACKAGE_ZONE):
        if read_text(path / "name") == _PLATFORM:
            yield Zone(path, _PLATFORM, DeviceKind.PLATFORM)


def _memories(folder: Path) -> Iterator[Zone]:
    for path in _sorted(folder, _CHILD_ZONE):
        package = read_text(folder / path.name.rpartition(":")[0] / "name")
        if read_text(path / "name") == "dram" and _PACKAGE.fullmatch(package):
            yield Zone(path, package, DeviceKind.DRAM)


def _sorted(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    """Entries that match, by their hexadecimal numbers."""
    try:
        found = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda path: [int(part, 16) for part in path.name.split(":")[1:]])


def _at_once(packages: Sequence[Zone], read_uj: Callable[[Zone], int]) -> list[int]:
    """All counters with no tick of any between the reads, or the last of a few tries."""
    readings_uj = [read_uj(zone) for zone in packages]
    for _ in range(_TRIES):
        again_uj = [read_uj(zone) for zone in packages]
        if again_uj == readings_uj:
            break
        readings_uj = again_uj
    return readings_uj
