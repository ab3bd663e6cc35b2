"""How busy the processors are: of the whole machine, or of a container with a quota."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from tracker.errors import SourceReadError
from tracker.model.host import Host
from tracker.model.units import s_from_ns
from tracker.sources._cgroup import unified
from tracker.sources._powercap import read_text

_MAX_BYTES: Final = 256
_S_PER_US: Final = 1e-6


class Load(Protocol):
    """The busy share of some processors."""

    def ratio(self) -> float:
        """The busy share since the last call, 0 to 1; the last one's if no time is measured.

        Raises:
            SourceReadError: the kernel does not tell.
        """

    def close(self) -> None:
        """Close what is kept open."""


class Quota(Struct, frozen=True):
    """The processor time that a container or a job may have.

    Attributes:
        folder: the control group with the limit.
        cpus: processors' worth of time.
    """

    folder: Path
    cpus: float


def quota(host: Host, threads: int) -> Quota | None:
    """The tightest limit of our control groups, if it is below the machine's threads.

    ``cpu.max`` is ``<µs of processor time> <µs of period>``, or ``max <period>``, and
    ``cpuset.cpus.effective`` lists the processors that may be used at all, as batch systems
    give them to a job (``Documentation/admin-guide/cgroup-v2``).
    """
    found = [*_cpuset(host)]
    for folder in unified(host):
        allowed_us, _, period_us = read_text(folder / "cpu.max").partition(" ")
        if allowed_us.isdecimal() and period_us.isdecimal() and int(period_us):
            found.append(Quota(folder, int(allowed_us) / int(period_us)))
    tightest = min(found, key=lambda one: one.cpus, default=None)
    return tightest if tightest and 0 < tightest.cpus < threads else None


def _cpuset(host: Host) -> Iterator[Quota]:
    """The processors that our own group is confined to; its use is told by the same group."""
    for folder in unified(host):
        listed = read_text(folder / "cpuset.cpus.effective")
        if listed and (folder / "cpu.stat").exists():
            yield Quota(folder, float(count_of(listed)))
            return


def count_of(listed: str) -> int:
    """How many numbers a list such as ``0-3,8,10-11`` holds; 0 where it is none."""
    count = 0
    for part in listed.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            return 0
        count += int(last or first) - int(first) + 1
    return count


class MachineLoad:
    """The busy share of all processors, by ``/proc/stat``."""

    def __init__(self, proc_path: Path) -> None:
        """Begin to watch.

        Raises:
            SourceReadError: there is no such file, or it holds no processor times.
        """
        self._path = proc_path / "stat"
        self._ratio = 0.0
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SourceReadError(f"{self._path}: {error.strerror}") from error
        try:
            self._ticks = self._read()
        except SourceReadError:
            self.close()
            raise

    def ratio(self) -> float:
        """The busy share since the last call; within a tick the last one's."""
        busy, total = self._read()
        if total > self._ticks[1]:
            self._ratio = (busy - self._ticks[0]) / (total - self._ticks[1])
            self._ticks = busy, total
        return self._ratio

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _read(self) -> tuple[int, int]:
        try:
            return busy_and_total(os.pread(self._descriptor, _MAX_BYTES, 0))
        except OSError as error:
            raise SourceReadError(f"{self._path}: {error.strerror}") from error


class GroupLoad:
    """The share of its quota that a control group uses, by its ``cpu.stat``."""

    def __init__(self, limit: Quota, clock: Callable[[], int]) -> None:
        """Begin to watch.

        Raises:
            SourceReadError: the group does not tell its use.
        """
        self._limit = limit
        self._clock = clock
        self._ratio = 0.0
        self._before = self._usage_us(), clock()

    def ratio(self) -> float:
        """Processor time used over processor time allowed, since the last call."""
        usage_us, now_ns = self._usage_us(), self._clock()
        elapsed_s = s_from_ns(now_ns - self._before[1])
        if elapsed_s > 0:
            used_s = (usage_us - self._before[0]) * _S_PER_US
            self._ratio = used_s / (elapsed_s * self._limit.cpus)
            self._before = usage_us, now_ns
        return self._ratio

    def close(self) -> None:
        """Nothing is held."""

    def _usage_us(self) -> int:
        first = read_text(self._limit.folder / "cpu.stat").partition("\n")[0].split()
        if len(first) != 2 or first[0] != "usage_usec" or not first[1].isdecimal():  # noqa: PLR2004 - key and value
            raise SourceReadError(f"{self._limit.folder / 'cpu.stat'} tells no processor time")
        return int(first[1])


def busy_and_total(stat: bytes) -> tuple[int, int]:
    """Ticks of work, and of all time, since the machine was started, over all processors.

    The first line of ``/proc/stat`` (proc_stat(5)) is ``cpu user nice system idle iowait
    irq softirq steal guest guest_nice``. Waiting and stolen time is no work, and the time
    of guests is already in ``user`` and ``nice``.

    Raises:
        SourceReadError: it is not that file.
    """
    line = stat.partition(b"\n")[0]
    ticks = line.split()[1:9]
    if not line.startswith(b"cpu ") or len(ticks) < 4 or not all(map(bytes.isdigit, ticks)):  # noqa: PLR2004 - user to idle, which every kernel has
        raise SourceReadError(f"no processor times in {stat[:40]!r}")
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, [*ticks, *[b"0"] * 8][:8])
    busy = user + nice + system + irq + softirq
    return busy, busy + idle + iowait + steal
