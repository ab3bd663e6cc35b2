"""Rows that arrive on a server: newer ones replace older ones, and nothing is deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Executable, Table, and_, bindparam, select, update

from tracker.model.run import Run
from tracker.store import schema
from tracker.store.outbox import Row
from tracker.store.records import run as run_of
from tracker.store.writer import insert_of


def runs_there(connection: Connection, run_ids: Sequence[UUID]) -> list[Run]:
    """Runs as the server has them now: it may have newer ones than we."""
    table = schema.runs
    found = connection.execute(select(table).where(table.c.id.in_(run_ids)))
    return [run_of(row) for row in found]


def for_open_segments(connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Intervals, but for those of segments that are sealed there: it has all, perhaps compacted.

    Of a sealed segment nothing waits; but a batch may come again that was taken before and not
    ticked off, or a whole store again after a server was restored. One that was compacted here
    then replaces what the server has of it in shorter slots.
    """
    segments = schema.segments
    ids = {row["segment_id"] for row in rows}
    found = connection.execute(
        select(segments.c.id, segments.c.slot_s, segments.c.sealed_at).where(segments.c.id.in_(ids))
    ).all()
    slots_s = {row.id: row.slot_s for row in found if row.sealed_at is None}
    taken = [row for row in rows if row["segment_id"] in slots_s]
    for row in taken:
        key, slot_s = row["segment_id"], row["slot_s"]
        if slot_s > slots_s[key]:
            _empty_shorter_slots(connection, key, slot_s)
            slots_s[key] = slot_s
    return taken


def _empty_shorter_slots(connection: Connection, segment_id: UUID, slot_s: int) -> None:
    """Take the energy out of a segment's shorter slots: nothing is deleted."""
    intervals, segments = schema.intervals, schema.segments
    shorter = and_(intervals.c.segment_id == segment_id, intervals.c.slot_s < slot_s)
    nothing = {"energy_j": 0.0, "slack_j": 0.0, "coverage": 0.0}
    connection.execute(update(intervals).where(shorter).values(**nothing))
    connection.execute(update(segments).where(segments.c.id == segment_id).values(slot_s=slot_s))


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows; one that is there and not older stays as it is."""
    if rows:
        names = _shipped_columns(table)
        statement = _upsert_newer(connection.dialect.name, table)
        connection.execute(statement, [{name: row[name] for name in names} for row in rows])


def replace_stretches(
    connection: Connection, pricing_ids: Sequence[UUID], stretches: Sequence[Row]
) -> None:
    """A pricing's stretches, whole; those that are no more get no length: nothing is deleted."""
    table = schema.intensities
    starts: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in stretches:
        starts[row["pricing_id"]].append(row["start_at"])
    for key in pricing_ids:
        gone = update(table).where(table.c.pricing_id == key, table.c.start_at.not_in(starts[key]))
        connection.execute(gone.values(end_at=table.c.start_at))
    if stretches:
        connection.execute(_overwrite(connection.dialect.name, table), list(stretches))


@cache
def _shipped_columns(table: Table) -> tuple[str, ...]:
    own = {"pending", "sealed_at", "slot_s"} if table is schema.segments else {"pending"}
    return tuple(column.name for column in table.columns if column.name not in own)


@cache
def _upsert_newer(dialect: str, table: Table) -> Executable:
    """INSERT, or UPDATE of a row that is older."""
    insert = insert_of(dialect)(table)
    keys = [column.name for column in table.primary_key]
    changes = {name: insert.excluded[name] for name in _shipped_columns(table) if name not in keys}
    newer = table.c.revision < insert.excluded.revision
    statement: Executable = insert.values(
        {name: bindparam(name) for name in _shipped_columns(table)}
    ).on_conflict_do_update(index_elements=keys, set_=changes, where=newer)
    return statement


@cache
def _overwrite(dialect: str, table: Table) -> Executable:
    insert = insert_of(dialect)(table)
    keys = [column.name for column in table.primary_key]
    changes = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in keys}
    statement: Executable = insert.on_conflict_do_update(index_elements=keys, set_=changes)
    return statement
