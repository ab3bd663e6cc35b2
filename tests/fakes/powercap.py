"""A powercap tree and a proc tree in a folder, laid out as the kernel lays them out.

tree = PowercapTree(tmp_path / "sys")
tree.add_package()
tree.advance(300.0)                       # every zone, in joules, wrapping as it must
proc = ProcTree(tmp_path / "proc")
proc.write_cpu("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", threads=40)
proc.work(busy_ticks=100, idle_ticks=100)
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

INTEL_RANGE_UJ: Final = 262_143_328_850
SMALL_RANGE_UJ: Final = 65_532_610_987  # AMD, and Intel's server memory


class PowercapTree:
    """``/sys/class/powercap`` and the devices that it links to, below ``sys_path``."""

    def __init__(self, sys_path: Path) -> None:
        """Make the folders; there is no zone yet."""
        self.sys_path = sys_path
        self.links = sys_path / "class/powercap"
        self.devices = sys_path / "devices/virtual/powercap"
        self.links.mkdir(parents=True)
        self.devices.mkdir(parents=True)
        self._packages = 0
        self._energy_uj: dict[str, int] = {}
        self._range_uj: dict[str, int] = {}

    def add_zone(
        self, zone: str, name: str, *, start_uj: int = 0, range_uj: int = INTEL_RANGE_UJ
    ) -> Path:
        """One zone, ``intel-rapl:0`` or the like; the path of its folder."""
        folder = self.devices / zone.partition(":")[0] / zone
        folder.mkdir(parents=True)
        (self.links / zone).symlink_to(folder)
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
        (folder / "energy_uj").touch()
        self._range_uj[zone] = range_uj
        self.set_energy_uj(zone, start_uj)
        return folder

    def add_package(
        self,
        *,
        name: str = "",
        dram: bool = True,
        limit_w: float | None = None,
        start_uj: int = 0,
        range_uj: int = INTEL_RANGE_UJ,
    ) -> str:
        """The next package with its core and, as on servers, its memory; the zone's name."""
        zone = f"intel-rapl:{self._packages:x}"
        folder = self.add_zone(
            zone, name or f"package-{self._packages}", start_uj=start_uj, range_uj=range_uj
        )
        self._packages += 1
        self.add_zone(f"{zone}:0", "core")
        if dram:
            self.add_zone(f"{zone}:1", "dram", range_uj=SMALL_RANGE_UJ)
        if limit_w is not None:
            (folder / "constraint_0_name").write_text("long_term\n")
            (folder / "constraint_0_power_limit_uw").write_text(f"{limit_w * 1e6:.0f}\n")
        return zone

    def add_psys(self) -> str:
        """The platform's zone, a top-level one among the packages."""
        zone = f"intel-rapl:{self._packages:x}"
        self._packages += 1
        self.add_zone(zone, "psys")
        return zone

    def add_mmio(self) -> str:
        """The second view of the first package."""
        self.add_zone("intel-rapl-mmio:0", "package-0")
        return "intel-rapl-mmio:0"

    def energy_path(self, zone: str) -> Path:
        """A zone's counter."""
        return self.links / zone / "energy_uj"

    def set_energy_uj(self, zone: str, energy_uj: int) -> None:
        """Put a counter to a value; in place and at once, for readers keep it open."""
        self._energy_uj[zone] = energy_uj
        descriptor = os.open(self.energy_path(zone), os.O_WRONLY)
        try:
            os.pwrite(descriptor, b"%20d\n" % energy_uj, 0)
        finally:
            os.close(descriptor)

    def advance(self, energy_j: float, zone: str = "") -> None:
        """Let a zone, or each, count on; one more than the largest value is 0."""
        for each in (zone,) if zone else tuple(self._energy_uj):
            energy_uj = self._energy_uj[each] + round(energy_j * 1e6)
            self.set_energy_uj(each, energy_uj % (self._range_uj[each] + 1))

    def mask(self) -> None:
        """Hide the devices behind the links, as containers do."""
        shutil.rmtree(self.devices)
        self.devices.mkdir()

    def forbid(self, *zones: str) -> None:
        """Let nobody read these counters; root still can, so be another for the test."""
        for zone in zones:
            self.energy_path(zone).chmod(0)


@contextmanager
def drawing(tree: PowercapTree, power_w: float, step_s: float = 0.02) -> Iterator[None]:
    """Let every zone count on by itself meanwhile, a step at a time, as hardware does."""
    done = threading.Event()

    def count() -> None:
        last_s = time.monotonic()
        while not done.wait(step_s):
            now_s = time.monotonic()
            tree.advance(power_w * (now_s - last_s))
            last_s = now_s

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class ProcTree:
    """``/proc`` as far as the sources read it, below ``proc_path``."""

    def __init__(self, proc_path: Path) -> None:
        """Make the folder, with 16 GB of memory and a processor that has done nothing."""
        self.proc_path = proc_path
        (proc_path / "self").mkdir(parents=True)
        self._busy_ticks, self._idle_ticks = 1000, 9000
        self.write_memory(16 * 2**30)
        self.work(busy_ticks=0, idle_ticks=0)

    def write_cpu(
        self,
        name: str,
        *,
        vendor: str = "GenuineIntel",
        threads: int = 8,
        packages: int = 1,
        virtual: bool = False,
    ) -> None:
        """The processors' listing; threads are spread over the packages."""
        flags = "fpu vme sse2" + (" hypervisor" if virtual else "")
        (self.proc_path / "cpuinfo").write_text(
            "\n".join(
                f"processor\t: {thread}\nvendor_id\t: {vendor}\nmodel name\t: {name}\n"
                f"physical id\t: {thread % packages}\nflags\t\t: {flags}\n"
                for thread in range(threads)
            )
        )

    def write_memory(self, memory_bytes: int) -> None:
        """The installed memory."""
        text = f"MemTotal:       {memory_bytes // 1024} kB\nMemFree:        1024 kB\n"
        (self.proc_path / "meminfo").write_text(text)

    def write_cgroup(self, text: str) -> None:
        """Our control groups."""
        (self.proc_path / "self/cgroup").write_text(text)

    def work(self, *, busy_ticks: int, idle_ticks: int) -> None:
        """Let time pass: busy ticks are user time, idle ones idle time."""
        self._busy_ticks += busy_ticks
        self._idle_ticks += idle_ticks
        ticks = f"{self._busy_ticks:12d} 0 0 {self._idle_ticks:12d} 0 0 0 0 0 0"
        path = self.proc_path / "stat"
        path.touch()
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, f"cpu  {ticks}\ncpu0 {ticks}\n".encode(), 0)
        finally:
            os.close(descriptor)
