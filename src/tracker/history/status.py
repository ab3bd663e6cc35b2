"""How a run stands: derived from what its writers left, whenever somebody looks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from msgspec import Struct

from tracker.model.run import Heartbeat, RunStatus, Segment

SILENCE: Final = timedelta(minutes=2)
"""A writer elsewhere that has been silent for so long is taken for dead."""

SAME_START_S: Final = 0.02
"""Start times of one process agree to a tick of the kernel's clock."""


class Vantage(Struct, frozen=True):
    """From where somebody looks at a run.

    Attributes:
        proc: where ``/proc`` is.
        now: UTC.
        boot_id: of this machine, now; empty where the system has none.
        pid_namespace: in which pids seen here are valid.
    """

    proc: Path
    now: datetime
    boot_id: str
    pid_namespace: str

    @classmethod
    def here(cls, proc: Path = Path("/proc"), now: datetime | None = None) -> Vantage:
        """This process, now."""
        return cls(proc, now or datetime.now(UTC), _boot_id(proc), _pid_namespace(proc))

    def is_alive(self, segment: Segment, heartbeat: Heartbeat | None) -> bool:
        """Whether the process that writes a segment still exists, as far as can be told.

        Seen from its own machine and pid namespace the kernel tells, and a stopped
        process is alive; from elsewhere its last sign of life does.
        """
        mine = (self.boot_id, self.pid_namespace)
        if all(mine) and mine == (segment.boot_id, segment.pid_namespace):
            return self._exists(segment.pid, segment.process_started_at)
        return self.now - last_sign(segment, heartbeat) <= SILENCE

    def is_gone(self, segment: Segment) -> bool:
        """Whether the process that wrote a segment is known to be gone: seen from its machine."""
        mine = (self.boot_id, self.pid_namespace)
        is_here = all(mine) and mine == (segment.boot_id, segment.pid_namespace)
        return is_here and not self._exists(segment.pid, segment.process_started_at)

    def _exists(self, pid: int, started_at: float) -> bool:
        try:
            fields = (self.proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
            state, ticks = fields[0], int(fields[19])  # proc(5): fields 3 and 22
        except (OSError, IndexError, ValueError):
            return False
        if state in "ZX":  # it has ended, and its parent has not noticed
            return False
        if not started_at:
            return True
        return abs(ticks / os.sysconf("SC_CLK_TCK") - started_at) <= SAME_START_S


def last_sign(segment: Segment, heartbeat: Heartbeat | None) -> datetime:
    """When the segment's writer was last known to live, UTC."""
    if segment.ended_at is not None:
        return segment.ended_at
    return segment.started_at if heartbeat is None else max(heartbeat.at, segment.started_at)


class Standing(Struct, frozen=True):
    """How a run stands, over all its segments.

    Attributes:
        ended_at: UTC; ``None`` while it runs, and where it was interrupted.
        last_seen_at: UTC; the last sign of life of any segment.
        duration_s: seconds in which at least one segment lived, without suspensions.
    """

    status: RunStatus
    ended_at: datetime | None
    last_seen_at: datetime
    duration_s: float


def standing(
    started_at: datetime,
    segments: Sequence[Segment],
    heartbeats: Mapping[UUID, Heartbeat],
    vantage: Vantage,
) -> Standing:
    """How a run stands that began at ``started_at``; one without segments is interrupted."""
    signs = [last_sign(segment, heartbeats.get(segment.id)) for segment in segments]
    last_seen_at = max(signs, default=started_at)
    lives = [
        (segment.started_at, sign - timedelta(seconds=segment.slept_s))
        for segment, sign in zip(segments, signs, strict=True)
    ]
    status = _status(segments, heartbeats, vantage)
    has_ended = status in {RunStatus.FINISHED, RunStatus.FAILED}
    return Standing(status, last_seen_at if has_ended else None, last_seen_at, _together_s(lives))


def _status(
    segments: Sequence[Segment], heartbeats: Mapping[UUID, Heartbeat], vantage: Vantage
) -> RunStatus:
    unfinished = [segment for segment in segments if segment.outcome is None]
    if any(vantage.is_alive(segment, heartbeats.get(segment.id)) for segment in unfinished):
        return RunStatus.RUNNING
    latest = max(segments, key=lambda segment: segment.started_at, default=None)
    return (latest.outcome if latest else None) or RunStatus.INTERRUPTED


def _together_s(lives: Iterable[tuple[datetime, datetime]]) -> float:
    """Seconds that at least one of the stretches covers."""
    total_s, covered_to = 0.0, None
    for start, end in sorted(lives):
        begin = start if covered_to is None else max(start, covered_to)
        total_s += max((end - begin).total_seconds(), 0.0)
        covered_to = end if covered_to is None else max(covered_to, end)
    return total_s


def _boot_id(proc: Path) -> str:
    try:
        return (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace(proc: Path) -> str:
    try:
        return str((proc / "self/ns/pid").readlink())
    except OSError:
        return ""
