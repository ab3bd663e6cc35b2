"""Processor time of a process and of all that it started, beside the whole machine's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.model.units import ns_from_s

RESCAN_NS: Final = ns_from_s(5)
"""New processes are looked for this often: it takes milliseconds on a busy machine."""

_BUSY: Final = (0, 1, 2, 5, 6)
"""Of ``/proc/stat``: user, nice, system, irq, softirq; what other guests stole is not ours."""

_HOST_NAMESPACE: Final = "pid:[4026531836]"
"""The first pid namespace (``PROC_PID_INIT_INO``, include/linux/proc_ns.h)."""

_MAX_BYTES: Final = 1024


class _Stat(Struct, frozen=True):
    """What one process's ``stat`` says (proc(5): fields 4 and 14 to 17)."""

    parent: int
    ticks: int


class ProcessTree:
    """One process, its children and theirs.

    Times are of what lives and, by the kernel's sums, of children that were waited for; what
    a process used before it was found counts from when it is found.

    Args:
        proc_path: where ``/proc`` is.
        pid: the process at the root.
        monotonic_ns: the clock that tells when to look for new processes.
    """

    def __init__(self, proc_path: Path, pid: int, monotonic_ns: Callable[[], int]) -> None:
        self._proc_path = proc_path
        self._pid = pid
        self._monotonic_ns = monotonic_ns
        self._pids = frozenset({pid})
        self._scanned_ns: int | None = None
        self._last: tuple[int, int] | None = None
        self._ratio: float | None = None

    @property
    def pids(self) -> frozenset[int]:
        """The processes, as last found."""
        return self._pids

    def is_known(self, pid: int) -> bool:
        """Whether that pid, as the host names it, is a process seen from here."""
        try:
            namespace = str((self._proc_path / "self/ns/pid").readlink())
        except OSError:
            return False
        return namespace == _HOST_NAMESPACE and (self._proc_path / str(pid)).exists()

    def ratio(self) -> float | None:
        """The tree's share of the machine's busy time since the last call, 0 to 1.

        The last one where nothing was busy meanwhile; ``None`` before there is one, and where
        the system does not tell.
        """
        machine = self._machine_ticks()
        if machine is None:
            return None
        now = self._tree_ticks(), machine
        if self._last is not None:
            tree, busy = (after - before for after, before in zip(now, self._last, strict=True))
            if busy > 0:
                self._ratio = min(max(tree / busy, 0.0), 1.0)
        self._last = now
        return self._ratio

    def _machine_ticks(self) -> int | None:
        fields = _read(self._proc_path / "stat").partition("\n")[0].split()[1:]
        if len(fields) <= max(_BUSY):
            return None
        return sum(int(fields[place]) for place in _BUSY)

    def _tree_ticks(self) -> int:
        now_ns = self._monotonic_ns()
        if self._scanned_ns is None or now_ns - self._scanned_ns >= RESCAN_NS:
            self._scanned_ns = now_ns
            self._pids = self._found()
        stats = (self._stat(pid) for pid in self._pids)
        return sum(stat.ticks for stat in stats if stat is not None)

    def _found(self) -> frozenset[int]:
        """The root and whatever descends from it."""
        children: dict[int, list[int]] = {}
        for pid in self._every_pid():
            stat = self._stat(pid)
            if stat is not None:
                children.setdefault(stat.parent, []).append(pid)
        found, waiting = {self._pid}, [self._pid]
        while waiting:
            below = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
            found.update(below)
            waiting += below
        return frozenset(found)

    def _every_pid(self) -> Iterator[int]:
        try:
            names = os.listdir(self._proc_path)  # noqa: PTH208 - no path object for each process
        except OSError:
            return
        yield from (int(name) for name in names if name.isdecimal())

    def _stat(self, pid: int) -> _Stat | None:
        """``None`` where the process has ended."""
        fields = _read(self._proc_path / str(pid) / "stat").rpartition(")")[2].split()
        try:
            return _Stat(int(fields[1]), sum(map(int, fields[11:15])))
        except (IndexError, ValueError):
            return None


def _read(path: Path) -> str:
    """The file's text; empty where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
