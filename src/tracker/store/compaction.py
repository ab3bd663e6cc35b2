"""Fewer rows for the same sums: fresh intervals last 10 s, older ones 5 minutes.

Grid intensities change at whole multiples of 5 minutes at the most, so that no interval of
that length lies across a change: a compacted run is priced to the same grams.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, and_, delete, func, or_, select, type_coerce, update

from tracker.model.run import Segment
from tracker.store import records, schema
from tracker.store.database import Database
from tracker.store.types import instant

SLOT_S: Final = schema.COMPACT_SLOT_S
FRESH: Final = timedelta(days=1)
"""How long a segment is kept as it was written, after its beginning."""

SILENT: Final = timedelta(days=30)
"""A segment that never ended, and of which nothing was heard for so long, has ended."""

_US: Final = 1_000_000


class Compacted(Struct, frozen=True):
    """What compaction came to.

    Attributes:
        segments: how many were compacted.
        rows_before: their intervals before.
        rows_after: and after.
    """

    segments: int
    rows_before: int
    rows_after: int


def compact(
    database: Database,
    now: datetime,
    is_gone: Callable[[Segment], bool],
    limit: int | None = None,
) -> Compacted:
    """Compact segments that are over and not fresh; each in a transaction of its own.

    One that is to be on a server too is left until all of it is there.

    Args:
        database: opened for writing; on a server, as a role that may delete.
        now: UTC.
        is_gone: whether the process that wrote a segment is known to be gone.
        limit: look at so many segments at most, the oldest first.

    Raises:
        StoreError: the store cannot be written; what was compacted stays so.
    """
    done, before, after = 0, 0, 0
    for row in _candidates(database, now, limit):
        if row.sealed_at is None and not _is_over(row, now, is_gone):
            continue
        with database.writing() as connection:
            rows = _compact(connection, row.id)
        done, before, after = done + 1, before + rows[0], after + rows[1]
    return Compacted(done, before, after)


def _candidates(database: Database, now: datetime, limit: int | None) -> Sequence[Any]:
    segments, beats, replicas = schema.segments, schema.heartbeats, schema.replicas
    all_there = or_(segments.c.sealed_at.is_not(None), replicas.c.run_id.is_(None))
    statement = (
        select(segments, beats.c.at.label("heard_at"))
        .outerjoin(beats, beats.c.segment_id == segments.c.id)
        .outerjoin(replicas, replicas.c.run_id == segments.c.run_id)
        .where(segments.c.slot_s < SLOT_S, segments.c.started_at < now - FRESH, all_there)
        .order_by(segments.c.started_at)
        .limit(limit)
    )
    with database.reading() as connection:
        return connection.execute(statement).all()


def _is_over(row: Any, now: datetime, is_gone: Callable[[Segment], bool]) -> bool:  # noqa: ANN401 - SQLAlchemy's row
    if row.ended_at is not None:
        return bool(row.ended_at < now - FRESH)
    if (row.heard_at or row.started_at) < now - SILENT:
        return True
    return is_gone(records.segment(row))


def _compact(connection: Connection, segment_id: UUID) -> tuple[int, int]:
    table = schema.intervals
    mine = and_(table.c.segment_id == segment_id, table.c.slot_s < SLOT_S)
    before = connection.execute(select(func.count()).select_from(table).where(mine)).scalar_one()
    merged = [_row(segment_id, row) for row in connection.execute(_merging(segment_id))]
    _replace(connection, segment_id, merged)
    return before, len(merged)


def _merging(segment_id: UUID) -> Any:  # noqa: ANN401 - SQLAlchemy's select of ten columns
    table = schema.intervals
    start_us, end_us, slot_us = (
        type_coerce(column, schema.MICROSECONDS)
        for column in (table.c.start_at, table.c.end_at, table.c.slot_start)
    )
    slot = slot_us - slot_us % (SLOT_S * _US)
    return (
        select(
            table.c.device_id,
            table.c.method,
            slot.label("slot_us"),
            func.min(start_us).label("start_us"),
            func.max(end_us).label("end_us"),
            func.sum(table.c.energy_j).label("energy_j"),
            func.sum(table.c.slack_j * table.c.slack_j).label("slack_j2"),
            func.sum(table.c.coverage * (end_us - start_us)).label("covered_us"),
            func.max(table.c.revision).label("revision"),
        )
        .where(table.c.segment_id == segment_id)
        .group_by(table.c.device_id, table.c.method, slot)
    )


def _row(segment_id: UUID, row: Any) -> dict[str, Any]:  # noqa: ANN401 - SQLAlchemy's row
    lasted_us = row.end_us - row.start_us
    return {
        "segment_id": segment_id,
        "device_id": row.device_id,
        "slot_start": instant(row.slot_us),
        "method": row.method,
        "slot_s": SLOT_S,
        "start_at": instant(row.start_us),
        "end_at": instant(row.end_us),
        "energy_j": row.energy_j,
        "slack_j": row.slack_j2**0.5,
        "coverage": row.covered_us / lasted_us if lasted_us else 0.0,
        "revision": row.revision + 1,  # newer than each of those that it stands for
    }


def _replace(connection: Connection, segment_id: UUID, merged: Sequence[dict[str, Any]]) -> None:
    table = schema.intervals
    connection.execute(delete(table).where(table.c.segment_id == segment_id))
    if merged:
        connection.execute(table.insert(), merged)
    connection.execute(
        update(schema.segments).where(schema.segments.c.id == segment_id).values(slot_s=SLOT_S)
    )


def merge_between_prices(connection: Connection, run_id: UUID) -> None:
    """Of a compacted run, one interval a device, method and price: its totals stay as they are.

    Every pricing of the run is priced as before, since no interval lies across a change of any.
    """
    stretches, pricings, segments = schema.intensities, schema.pricings, schema.segments
    changes = connection.execute(
        select(stretches.c.start_at)
        .join(pricings, pricings.c.id == stretches.c.pricing_id)
        .where(pricings.c.run_id == run_id)
        .distinct()
        .order_by(stretches.c.start_at)
    )
    starts = list(changes.scalars())
    ids = connection.execute(select(segments.c.id).where(segments.c.run_id == run_id))
    for segment_id in ids.scalars().all():
        table = schema.intervals
        rows = connection.execute(
            select(table)
            .where(table.c.segment_id == segment_id)
            .order_by(table.c.device_id, table.c.method, table.c.slot_start)
        ).mappings()
        _replace(connection, segment_id, list(_merged([dict(row) for row in rows], starts)))


def _merged(rows: Iterable[dict[str, Any]], starts: Sequence[datetime]) -> Iterable[dict[str, Any]]:
    def group(row: dict[str, Any]) -> tuple[object, ...]:
        return row["device_id"], row["method"], bisect_right(starts, row["start_at"])

    for _, found in groupby(rows, key=group):
        parts = [SimpleNamespace(**row) for row in found]
        start, end = min(one.start_at for one in parts), max(one.end_at for one in parts)
        lasted_s = (end - start).total_seconds()
        covered_s = sum(one.coverage * (one.end_at - one.start_at).total_seconds() for one in parts)
        yield vars(parts[0]) | {
            "slot_s": int((parts[-1].slot_start - parts[0].slot_start).total_seconds())
            + parts[-1].slot_s,
            "start_at": start,
            "end_at": end,
            "energy_j": sum(one.energy_j for one in parts),
            "slack_j": sum(one.slack_j**2 for one in parts) ** 0.5,
            "coverage": covered_s / lasted_s if lasted_s else 0.0,
            "revision": max(one.revision for one in parts) + 1,
        }
