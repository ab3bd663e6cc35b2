"""Writing: one transaction for all that changed since the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Table,
    bindparam,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.dml import Insert

from tracker.model.carbon import Pricing
from tracker.model.run import Record, ResumedRun, Run, Segment
from tracker.store import schema
from tracker.store.database import Database
from tracker.store.figures import unbook
from tracker.store.rows import TABLES, Row, intensities_of
from tracker.store.types import Id, Line, Time


class Writer:
    """Writes records; a newer one replaces its predecessor.

    Args:
        database: opened for writing.
        target: the server that is to get them too, as ``address.identity`` names it; what is
            written is marked as waiting for it.
    """

    def __init__(self, database: Database, target: str | None = None) -> None:
        self._database = database
        self._prepared: dict[tuple[Table, int], _Prepared] = {}
        self._target = target

    def save(self, records: Sequence[Record]) -> None:
        """Write all records in one transaction; of two with one key the later one counts.

        Raises:
            StoreError: nothing was written; ``transient`` if another process holds the store.
        """
        sorted_by_kind: defaultdict[type, list[Any]] = defaultdict(list)
        for record in records:
            sorted_by_kind[type(record)].append(record)
        with self._database.writing() as connection:
            if resumed := sorted_by_kind.get(ResumedRun):
                _go_on(connection, resumed, sorted_by_kind)
            for kind, (table, row_of) in TABLES.items():
                if found := sorted_by_kind.get(kind):
                    rows = [row_of(record) for record in found]
                    if self._target is not None and "pending" in table.c:
                        for row in rows:
                            row["pending"] = True
                    self._upsert(connection.dialect, table, rows[0]).execute(connection, rows)
            if pricings := sorted_by_kind.get(Pricing):
                _save_intensities(connection, pricings)
            self._note(connection, sorted_by_kind)

    def _note(self, connection: Connection, by_kind: Mapping[type, Sequence[Any]]) -> None:
        """What is kept beside the records, of runs that have changed."""
        runs, resumed = by_kind.get(Run, ()), by_kind.get(ResumedRun, ())
        if runs:
            save_tags(connection, runs)
        ids = [run.id for run in (*runs, *resumed)]
        if self._target is not None and ids:
            enlist(connection, ids, self._target)
            _mark(connection, [run.id for run in resumed])
        below = (*by_kind.get(Pricing, ()), *by_kind.get(Segment, ()))
        if changed := {*ids, *(one.run_id for one in below)}:
            unbook(connection, changed)

    def _upsert(self, dialect: Dialect, table: Table, row: Row) -> _Prepared:
        key = table, len(row)
        if key not in self._prepared:
            self._prepared[key] = _Prepared(dialect, table, tuple(row))
        return self._prepared[key]


def _go_on(
    connection: Connection, resumed: Sequence[ResumedRun], by_kind: dict[type, list[Any]]
) -> None:
    """Write runs that are not there; those that are stay as they are, and so does their price."""
    table = schema.runs
    ids = {run.id for run in resumed}
    known = _pricings_known(connection, ids)
    by_kind[Pricing] = [one for one in by_kind[Pricing] if _same_price(one) not in known]
    there = set(connection.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())
    if new := {run.id: run for run in resumed if run.id not in there}:
        insert = insert_of(connection.dialect.name)(table).on_conflict_do_nothing()
        connection.execute(insert, [TABLES[Run][1](run) for run in new.values()])
        save_tags(connection, list(new.values()))


def _mark(connection: Connection, run_ids: Sequence[UUID]) -> None:
    """A server is to get these runs, unless it has them."""
    if run_ids:
        table = schema.runs
        connection.execute(update(table).where(table.c.id.in_(run_ids)).values(pending=True))


def save_tags(connection: Connection, runs: Sequence[Run]) -> None:
    """Write the tags of runs where they can be searched; those of before are gone."""
    latest = {run.id: run for run in runs}
    table = schema.tags
    forget = delete(table).where(table.c.run_id == bindparam("forgotten"))
    connection.execute(forget, [{"forgotten": key} for key in latest])
    rows = [
        {"run_id": run.id, "key": key, "value": value}
        for run in latest.values()
        for key, value in run.tags.items()
    ]
    if rows:
        connection.execute(table.insert(), rows)


class _Prepared:
    """An upsert as text, and what turns a row's values into the driver's.

    SQLAlchemy compiles a statement once, but goes through its values anew at every
    execution: for the dozen rows of a tick that is most of what writing them costs.
    """

    def __init__(self, dialect: Dialect, table: Table, names: Sequence[str]) -> None:
        insert = upsert(dialect.name, table, waits="pending" in names)
        compiled = insert.compile(dialect=dialect, column_keys=names)
        self._sql = str(compiled)
        self._positional = compiled.positional
        self._columns = [
            (name, _turn_of(table.c[name], dialect)) for name in (compiled.positiontup or names)
        ]

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write rows, all with the same columns."""
        values = [[turn(row[name]) for name, turn in self._columns] for row in rows]
        if self._positional:  # the driver's own cursor, in SQLAlchemy's transaction
            with closing(connection.connection.cursor()) as cursor:
                cursor.executemany(self._sql, values)
        else:
            names = [name for name, _ in self._columns]
            named = [dict(zip(names, row, strict=True)) for row in values]
            connection.exec_driver_sql(self._sql, named)


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - whatever lies in a row
    return value


def _turn_of(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """What makes a column's value the driver's: without the layers around it, where it is ours."""
    kind = column.type.dialect_impl(dialect)
    if dialect.name == "sqlite" and isinstance(kind, Time | Id | Line):
        return partial(kind.process_bind_param, dialect=dialect)
    return kind.bind_processor(dialect) or _as_it_is


def _pricings_known(connection: Connection, run_ids: Iterable[UUID]) -> set[tuple[object, ...]]:
    """What runs are priced with for good already, and at whatever time, as ``_same_price`` says."""
    table = schema.pricings
    settled = select(table).where(table.c.run_id.in_(run_ids), ~table.c.provisional)
    return {
        (row.run_id, row.provider, row.zone, row.location_g_per_kwh, row.basis, row.pue)
        for row in connection.execute(settled)
    }


def _same_price(one: Pricing) -> tuple[object, ...]:
    """What makes two pricings of a run one, where both hold for good."""
    place = one.location
    if one.provisional:
        return ()
    return one.run_id, one.provider, place.zone, place.g_per_kwh, one.basis, one.pue


def _save_intensities(connection: Connection, pricings: Sequence[Pricing]) -> None:
    """A pricing's stretches are replaced whole: there may be fewer than before."""
    latest = {pricing.id: pricing for pricing in pricings}
    forget = delete(schema.intensities).where(
        schema.intensities.c.pricing_id == bindparam("forgotten")
    )
    connection.execute(forget, [{"forgotten": key} for key in latest])
    rows = [row for pricing in latest.values() for row in intensities_of(pricing)]
    if rows:
        connection.execute(schema.intensities.insert(), rows)


def enlist(connection: Connection, run_ids: Iterable[UUID], target: str) -> None:
    """Note that runs are to be on a server too."""
    insert = insert_of(connection.dialect.name)(schema.replicas)
    change = {"target": insert.excluded.target}
    statement = insert.on_conflict_do_update(index_elements=["run_id"], set_=change)
    connection.execute(statement, [{"run_id": key, "target": target} for key in run_ids])


@cache
def upsert(dialect: str, table: Table, *, waits: bool = False) -> Insert:
    """INSERT, or UPDATE of the row with the same key; each time one revision higher.

    Args:
        dialect: the database's.
        table: where to.
        waits: whether rows say themselves that a server is to get them.
    """
    keys = [column.name for column in table.primary_key]
    own = _OWN if table is schema.segments else _OWN[:2]
    kept = {*keys, *own}
    statement = insert_of(dialect)(table)
    if waits:
        kept.discard("pending")
    changes: dict[str, Any] = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in kept
    }
    changes["revision"] = table.c.revision + literal_column("1")
    finished: Insert = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return finished


_OWN: Final = ("revision", "pending", "sealed_at", "slot_s")
"""Columns that are the store's own, and none of a record's."""


def insert_of(dialect: str) -> Callable[[Table], Any]:
    """The INSERT of a database that can turn into an UPDATE."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - not for SQLite's users

        return insert
    from sqlalchemy.dialects.sqlite import insert as of_sqlite  # noqa: PLC0415 - the same

    return of_sqlite
