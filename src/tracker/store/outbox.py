"""What a local store still has to tell a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
    union,
    update,
)

from tracker.store import schema
from tracker.store.database import Database
from tracker.store.types import microseconds
from tracker.store.writer import enlist

Row = dict[str, Any]

_US_PER_S: Final = 1_000_000
_TOP: Final = (schema.runs, schema.pricings, schema.segments)
"""Tables that know their run; all others know their segment."""


class Waiting(Struct, frozen=True):
    """What one server is still to get from a local store.

    Attributes:
        target: the server, as ``address.identity`` names it.
        runs: how many have something that waits.
        rows: how many, over all tables.
        since: start of the oldest of those runs, UTC.
    """

    target: str
    runs: int
    rows: int
    since: datetime | None


class Outbox:
    """The rows of a local store that wait for one server.

    Args:
        database: the local store, opened for writing.
        target: the server, as ``address.identity`` names it.
    """

    def __init__(self, database: Database, target: str) -> None:
        self._database = database
        self._target = target

    def runs(self) -> list[UUID]:
        """Runs with something that waits, the oldest first."""
        waiting = union(*(_run_ids(table) for table in schema.REPLICATED)).subquery()
        statement = (
            select(schema.runs.c.id)
            .join(schema.replicas, schema.replicas.c.run_id == schema.runs.c.id)
            .where(schema.runs.c.id.in_(select(waiting.c.run_id)))
            .where(schema.replicas.c.target == self._target)
            .order_by(schema.runs.c.started_at, schema.runs.c.id)
        )
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())

    def rows(self, table: Table, keys: Sequence[UUID], limit: int | None = None) -> list[Row]:
        """Rows that wait.

        Args:
            table: one of ``schema.REPLICATED``.
            keys: of the runs, for runs and pricings; else of the segments.
            limit: so many at most.
        """
        return self._rows(table, keys, limit)

    def closed_intervals(
        self, segment_ids: Sequence[UUID], over: Sequence[UUID], before: datetime, limit: int
    ) -> list[Row]:
        """Intervals that wait and will not grow any more.

        Args:
            segment_ids: whose.
            over: those of them that have ended: all their slots are closed.
            before: a slot that ends later may still grow.
            limit: so many at most.
        """
        table = schema.intervals
        start_us = type_coerce(table.c.slot_start, schema.MICROSECONDS)
        end_us = start_us + table.c.slot_s * _US_PER_S
        closed = or_(end_us <= microseconds(before), table.c.segment_id.in_(over))
        return self._rows(table, segment_ids, limit, closed)

    def _rows(
        self, table: Table, keys: Sequence[UUID], limit: int | None, *also: ColumnElement[bool]
    ) -> list[Row]:
        mine = _key(table).in_(keys)
        statement = select(table).where(table.c.pending.is_not(None), mine, *also)
        with self._database.reading() as connection:
            found = connection.execute(statement.order_by(*table.primary_key).limit(limit))
            return [dict(row) for row in found.mappings()]

    def all_of(self, table: Table, column: str, keys: Iterable[Any]) -> list[Row]:
        """Rows of a table by the values of one column."""
        statement = select(table).where(table.c[column].in_(list(keys)))
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def tick_off(self, shipped: Mapping[Table, Sequence[Row]]) -> None:
        """The server has these rows; one that was written again meanwhile still waits."""
        with self._database.writing() as connection:
            for table, rows in shipped.items():
                if rows and "pending" in table.c:
                    connection.execute(_ticked_off(table), [_bound(table, row) for row in rows])

    def seal(self, segment_ids: Sequence[UUID], at: datetime) -> None:
        """Note that segments are over and that the server has all of them."""
        with self._database.writing() as connection:
            connection.execute(sealing(segment_ids, at))

    def tombstones(self) -> list[Row]:
        """Deleted runs that the server is still to hear of."""
        table = schema.tombstones
        waits = and_(table.c.pending.is_not(None), table.c.target == self._target)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(select(table).where(waits)).mappings()]

    def tick_off_tombstones(self, run_ids: Sequence[UUID]) -> None:
        """The server has heard of them."""
        table = schema.tombstones
        with self._database.writing() as connection:
            connection.execute(
                update(table).where(table.c.run_id.in_(run_ids)).values(pending=None)
            )


def enlist_all(database: Database, target: str) -> int:
    """Have every run of a local store go to a server, whatever it was made for; how many."""
    with database.writing() as connection:
        known = select(schema.replicas.c.run_id).where(schema.replicas.c.target == target)
        ids = connection.execute(
            select(schema.runs.c.id).where(schema.runs.c.id.not_in(known))
        ).scalars()
        run_ids = list(ids)
        if run_ids:
            enlist(connection, run_ids, target)
        for table in schema.REPLICATED:
            for start in range(0, len(run_ids), 1000):
                chunk = run_ids[start : start + 1000]
                connection.execute(update(table).where(_of_runs(table, chunk)).values(pending=True))
    return len(run_ids)


def waiting(database: Database) -> tuple[Waiting, ...]:
    """What each server is still to get, by name.

    Raises:
        StoreError: the store cannot be read.
    """
    found: dict[str, tuple[set[UUID], int]] = {}
    with database.reading() as connection:
        for table in schema.REPLICATED:
            for row in connection.execute(_counts(table)):
                run_ids, rows = found.get(row.target, (set(), 0))
                found[row.target] = run_ids | {row.run_id}, rows + row.rows
        return tuple(
            Waiting(target, len(run_ids), rows, _oldest(connection, run_ids))
            for target, (run_ids, rows) in sorted(found.items())
        )


def sealing(segment_ids: Sequence[UUID], at: datetime) -> Executable:
    """The statement that seals segments which are not."""
    table = schema.segments
    still_open = and_(table.c.id.in_(segment_ids), table.c.sealed_at.is_(None))
    return update(table).where(still_open).values(sealed_at=at)


def _oldest(connection: Connection, run_ids: Iterable[UUID]) -> datetime | None:
    runs = schema.runs
    newest_known = list(run_ids)[:1000]
    statement = select(func.min(runs.c.started_at)).where(runs.c.id.in_(newest_known))
    found: datetime | None = connection.execute(statement).scalar()
    return found


def _counts(table: Table) -> Select[Any]:
    ids = _run_ids(table, func.count().label("rows"))
    counted = ids.group_by("run_id").subquery()
    return select(schema.replicas.c.target, counted.c.run_id, counted.c.rows).join(
        counted, counted.c.run_id == schema.replicas.c.run_id
    )


def _run_ids(table: Table, *more: ColumnElement[Any]) -> Select[Any]:
    if table in _TOP:
        return select(_key(table).label("run_id"), *more).where(table.c.pending.is_not(None))
    segments = schema.segments
    return (
        select(segments.c.run_id.label("run_id"), *more)
        .join(table, table.c.segment_id == segments.c.id)
        .where(table.c.pending.is_not(None))
    )


def _of_runs(table: Table, run_ids: Sequence[UUID]) -> ColumnElement[bool]:
    if table in _TOP:
        return _key(table).in_(run_ids)
    segments = schema.segments
    mine = select(segments.c.id).where(segments.c.run_id.in_(run_ids))
    return table.c.segment_id.in_(mine)


def _key(table: Table) -> ColumnElement[UUID]:
    if table is schema.runs:
        return table.c.id
    return table.c.run_id if table in _TOP else table.c.segment_id


@cache
def _ticked_off(table: Table) -> Executable:
    same = [column == bindparam(f"key_{column.name}") for column in table.primary_key]
    unchanged = table.c.revision == bindparam("key_revision")
    return update(table).where(*same, unchanged).values(pending=None)


def _bound(table: Table, row: Row) -> Row:
    keys = [column.name for column in table.primary_key]
    return {f"key_{name}": row[name] for name in (*keys, "revision")}
