"""What two runs both counted: found from their intervals, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, Double, and_, case, cast, func, or_, select, type_coerce

from tracker.model.device import is_share, whole_of
from tracker.model.run import Overlap
from tracker.store import records, schema
from tracker.store.types import microseconds

_BEATS: Final = 5
"""A writer that has been silent for fewer of its intervals is taken to live."""

_UNSEEN: Final = timedelta(seconds=150)
"""So long may a living writer be silent that reads every 30 s: five of its intervals."""

_PARENTS: Final = 16
"""So many runs may stand around one; more are a loop that somebody made by hand."""


_PART: Final = tuple(
    schema.segments.c[name]
    for name in (
        *("id", "run_id", "host_id", "boot_id", "pid_namespace", "pid", "process_started_at"),
        *("started_at", "ended_at", "interval_s"),
    )
)


class _Part(Struct, frozen=True):
    """One device of one segment, and when it was measured.

    Attributes:
        process: what tells one process from another, over reboots.
        ended_at: of one that has not ended, its last sign of life.
        silence: how long such a one may be silent and live; ``None`` of one that has ended.
    """

    segment_id: UUID
    run_id: UUID
    device_id: str
    process: tuple[str, str, int, float]
    started_at: datetime
    ended_at: datetime
    silence: timedelta | None


class SharedEnergy(Struct, frozen=True):
    """Joules that two segments of different runs both counted.

    Attributes:
        board: the later one's device, as ``history.energy.board_of`` names it.
        later: run and segment of the one that began later, or that counts a share.
        earlier: run and segment of the other.
    """

    board: str
    later: tuple[UUID, UUID]
    earlier: tuple[UUID, UUID]
    energy_j: float


def find_overlaps(connection: Connection, run_id: UUID) -> tuple[Overlap, ...]:
    """What a run's segments counted together with those of other runs in this store.

    A device is the same on the same machine. Two runs that count whole devices share all
    that was used while both lived; one that counts a process's share has only that in
    common with a run that counts the whole; and two shares have nothing in common, unless
    one process is the other, or one run stands around the other.
    """
    found = []
    for mine, other in _pairs(connection, run_id):
        start, end = max(mine.started_at, other.started_at), _end_of(mine, other)
        counted = _counted(connection, mine, other)
        if start < end and counted is not None:
            energy_j = _energy_j(connection, counted, start, end)
            if energy_j is not None:
                found.append(
                    Overlap(
                        mine.segment_id,
                        mine.device_id,
                        other.segment_id,
                        other.run_id,
                        start,
                        end,
                        energy_j,
                    )
                )
    return tuple(found)


def _end_of(mine: _Part, other: _Part) -> datetime:
    """When the earlier of the two ended; one that beat a moment ago lives on."""
    alive = other.silence is not None and mine.ended_at - other.ended_at < other.silence
    return mine.ended_at if alive else min(mine.ended_at, other.ended_at)


def _pairs(connection: Connection, run_id: UUID) -> Iterator[tuple[_Part, _Part]]:
    own = _parts(connection, schema.segments.c.run_id == run_id)
    for host_id, start in {(host, part.started_at) for host, part in own}:
        segments = schema.segments
        seen = schema.heartbeats.c.at > start - _UNSEEN
        lived_on = or_(segments.c.ended_at > start, and_(segments.c.ended_at.is_(None), seen))
        others = _parts(
            connection, segments.c.host_id == host_id, lived_on, segments.c.run_id != run_id
        )
        for host, mine in own:
            if (host, mine.started_at) == (host_id, start):
                for _, other in others:
                    if whole_of(other.device_id) == whole_of(mine.device_id):
                        yield mine, other


def _parts(connection: Connection, *conditions: Any) -> list[tuple[str, _Part]]:  # noqa: ANN401 - SQLAlchemy's
    """Devices in the total of the segments that are meant, each with its host."""
    segments, devices, beats = schema.segments, schema.devices, schema.heartbeats
    statement = (
        select(*_PART, devices.c.device_id, beats.c.at)
        .join(devices, devices.c.segment_id == segments.c.id)
        .outerjoin(beats, beats.c.segment_id == segments.c.id)
        .where(*conditions, *schema.IN_TOTAL)
    )
    return [(row.host_id, _part(row)) for row in connection.execute(statement)]


def _part(row: Any) -> _Part:  # noqa: ANN401 - SQLAlchemy's row
    process = (row.boot_id, row.pid_namespace, row.pid, row.process_started_at)
    seen_at = row.ended_at or max(row.at or row.started_at, row.started_at)
    silence = None if row.ended_at else _BEATS * timedelta(seconds=max(row.interval_s, 1.0))
    return _Part(row.id, row.run_id, row.device_id, process, row.started_at, seen_at, silence)


def _counted(connection: Connection, mine: _Part, other: _Part) -> _Part | None:
    """Of two parts the one whose energy is in both; ``None`` where they share nothing."""
    mine_is_share, other_is_share = is_share(mine.device_id), is_share(other.device_id)
    if mine_is_share != other_is_share:
        return mine if mine_is_share else other
    if not mine_is_share or mine.process == other.process:
        return mine
    around = lineage(connection, [mine.run_id, other.run_id])
    if other.run_id in around[mine.run_id]:
        return mine
    return other if mine.run_id in around[other.run_id] else None


def _energy_j(connection: Connection, part: _Part, start: datetime, end: datetime) -> float | None:
    """Joules of a part between two instants; a slot that is cut counts by its time."""
    table, low_us, high_us = schema.intervals, microseconds(start), microseconds(end)
    start_us, end_us = (
        type_coerce(column, schema.MICROSECONDS) for column in (table.c.start_at, table.c.end_at)
    )
    from_us = case((start_us < low_us, low_us), else_=start_us)
    to_us = case((end_us > high_us, high_us), else_=end_us)
    share = cast(to_us - from_us, Double) / cast(end_us - start_us, Double)
    statement = select(func.sum(table.c.energy_j * share)).where(
        table.c.segment_id == part.segment_id,
        table.c.device_id == part.device_id,
        table.c.start_at < end,
        table.c.end_at > start,
        table.c.end_at > table.c.start_at,
    )
    energy_j: float | None = connection.execute(statement).scalar()
    return energy_j


def lineage(connection: Connection, run_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """The runs around each run, nearest first, as far as they are in this store."""
    runs = schema.runs
    parents: dict[UUID, UUID | None] = {}
    asked: set[UUID] = set(run_ids)
    wanted = tuple(asked)
    for _ in range(_PARENTS):
        if not asked:
            break
        rows = connection.execute(select(runs.c.id, runs.c.parent_id).where(runs.c.id.in_(asked)))
        parents |= {row.id: row.parent_id for row in rows}
        asked = {one for one in parents.values() if one is not None} - parents.keys()
    return {run_id: tuple(_upwards(run_id, parents)) for run_id in wanted}


def _upwards(run_id: UUID, parents: dict[UUID, UUID | None]) -> Iterator[UUID]:
    above = parents.get(run_id)
    for _ in range(_PARENTS):
        if above is None:
            return
        yield above
        above = parents.get(above)


def overlaps_of(connection: Connection, run_id: UUID) -> tuple[Overlap, ...]:
    """What is stored of a run's overlaps, by it or by the others, as seen from it.

    A run that was killed has stored none; those that ended after it have. Runs around it
    and within it are left out: their energy holds its, or the other way round.
    """
    table, segments = schema.overlaps, schema.segments
    own = select(table).join(segments, segments.c.id == table.c.segment_id)
    found = {
        (one.segment_id, one.other_segment_id, whole_of(one.device_id)): one
        for one in map(records.overlap, connection.execute(own.where(segments.c.run_id == run_id)))
    }
    told = (
        select(table, segments.c.run_id)
        .join(segments, segments.c.id == table.c.segment_id)
        .where(table.c.other_run_id == run_id)
    )
    for row in connection.execute(told):
        key = row.other_segment_id, row.segment_id, whole_of(row.device_id)
        found.setdefault(key, _turned(row))
    related = _related(connection, run_id, [one.other_run_id for one in found.values()])
    kept = (one for one in found.values() if one.other_run_id not in related)
    return tuple(sorted(kept, key=lambda one: (one.start, one.other_run_id, one.device_id)))


def _turned(row: Any) -> Overlap:  # noqa: ANN401 - SQLAlchemy's row
    """An overlap that the other run found, as seen from this one."""
    return Overlap(
        row.other_segment_id,
        row.device_id,
        row.segment_id,
        row.run_id,
        row.start_at,
        row.end_at,
        row.energy_j,
    )


def _related(connection: Connection, run_id: UUID, others: Sequence[UUID]) -> set[UUID]:
    """Of other runs those that stand around this one or within it."""
    if not others:
        return set()
    around = lineage(connection, [run_id, *others])
    return {one for one in others if one in around[run_id] or run_id in around[one]}


def shared_energy(
    connection: Connection, run_ids: Sequence[UUID] | None = None
) -> tuple[SharedEnergy, ...]:
    """What each two of these runs, or of all, both counted; each pair and device once."""
    table, mine = schema.overlaps, schema.segments.alias("mine")
    other = schema.segments.alias("other")
    statement = (
        select(
            table,
            mine.c.run_id,
            mine.c.host_id,
            mine.c.started_at.label("my_start"),
            other.c.started_at.label("other_start"),
        )
        .join(mine, mine.c.id == table.c.segment_id)
        .join(other, other.c.id == table.c.other_segment_id)
    )
    members = None if run_ids is None else set(run_ids)
    found: dict[tuple[frozenset[UUID], str], SharedEnergy] = {}
    for row in connection.execute(statement):
        if members is None or {row.run_id, row.other_run_id} <= members:
            pair = frozenset((row.segment_id, row.other_segment_id)), whole_of(row.device_id)
            one = _shared(row)
            if pair not in found or one.later[1] == row.segment_id:  # as it counted itself
                found[pair] = one
    return tuple(found.values())


def _shared(row: Any) -> SharedEnergy:  # noqa: ANN401 - SQLAlchemy's row
    me, it = (row.run_id, row.segment_id), (row.other_run_id, row.other_segment_id)
    mine_is_later = (row.my_start, row.segment_id) > (row.other_start, row.other_segment_id)
    if is_share(row.device_id) or mine_is_later:
        later, earlier = me, it
    else:
        later, earlier = it, me
    return SharedEnergy(f"{row.host_id}/{row.device_id}", later, earlier, row.energy_j)
