"""The memory's power from its size, where no counter can be read.

    P = 0.375 · min(GB, 32) + 0.08 · max(GB - 32, 0) watts

The first term is the figure that trackers have used for a gigabyte; beyond 32 GB it is far
too high, so the second is fitted to the one measured point at hand (256 GB in 16 modules:
32 W, Dodge et al. 2022, arXiv 2206.05229, table 1). Installed memory counts, not used
memory, for refresh and standby dominate. Good to ±70 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tracker.errors import SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.reading import PowerReading
from tracker.model.units import s_from_ns
from tracker.ports.source import Inventory
from tracker.sources._cgroup import legacy, unified
from tracker.sources._powercap import read_text

FALLBACK_FOR: Final = DeviceKind.DRAM
DEVICE_ID: Final = "dram:node"

_ACCURACY: Final = Accuracy.of("model:ram", 0.3, 1.7, common_share=1.0)
_BYTES_PER_GB: Final = 2**30  # a memory module's gigabyte
_DENSE_FROM_GB: Final = 32.0
_SMALL_W_PER_GB: Final = 0.375
_DENSE_W_PER_GB: Final = 0.08
_MEM_TOTAL: Final = re.compile(r"^MemTotal:\s+(\d+) kB$", re.MULTILINE)


def power_w(memory_bytes: float) -> float:
    """Power of that much installed memory, in watts."""
    size_gb = memory_bytes / _BYTES_PER_GB
    beyond_gb = max(size_gb - _DENSE_FROM_GB, 0.0)
    return _SMALL_W_PER_GB * (size_gb - beyond_gb) + _DENSE_W_PER_GB * beyond_gb


def open(host: Host) -> RamModel:
    """Find out how much memory this machine, or the container's limit, has.

    Raises:
        SourceUnavailable: the kernel does not tell.
    """
    total = _MEM_TOTAL.search(read_text(host.proc_path / "meminfo"))
    if not total:
        raise SourceUnavailable(f"ram_model: no MemTotal in {host.proc_path / 'meminfo'}")
    installed_bytes = int(total.group(1)) * 1024
    return RamModel(host, min([installed_bytes, *_limits_bytes(host)]))


class RamModel:
    """The modelled power of this system's memory, as one device."""

    def __init__(self, host: Host, memory_bytes: int) -> None:
        """Start the first window."""
        self._clock = host.monotonic_ns
        self._memory_bytes = memory_bytes
        self._window_start_ns = self._clock()

    def devices(self) -> Inventory:
        """The memory, named with its size."""
        name = f"{self._memory_bytes / _BYTES_PER_GB:.0f} GB memory (estimated from its size)"
        return Inventory((Device(DEVICE_ID, DeviceKind.DRAM, name, _ACCURACY),))

    def read(self) -> Sequence[PowerReading]:
        """The same power at all times, over the time since the last reading."""
        now_ns = self._clock()
        window_s = s_from_ns(now_ns - self._window_start_ns)
        self._window_start_ns = now_ns
        return (PowerReading(DEVICE_ID, now_ns, power_w(self._memory_bytes), window_s),)

    def close(self) -> None:
        """Nothing is held."""


def _limits_bytes(host: Host) -> Iterator[int]:
    """Memory limits of our control groups and of those above them."""
    files = [folder / "memory.max" for folder in unified(host)]
    files += [folder / "memory.limit_in_bytes" for folder in legacy(host, "memory")]
    for path in files:
        value = read_text(path)
        if value.isdecimal():  # "max" is none
            yield int(value)
