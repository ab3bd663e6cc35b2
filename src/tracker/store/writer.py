"""Writing: one transaction for all that changed since the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, delete

from tracker.model.carbon import Pricing
from tracker.model.run import Record
from tracker.store import schema
from tracker.store.database import Database
from tracker.store.rows import TABLES, intensities_of


class Writer:
    """Writes records; a newer one replaces its predecessor.

    Args:
        database: opened for writing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, records: Sequence[Record]) -> None:
        """Write all records in one transaction; of two with one key the later one counts.

        Raises:
            StoreError: nothing was written; ``transient`` if another process holds the store.
        """
        sorted_by_kind: defaultdict[type, list[Any]] = defaultdict(list)
        for record in records:
            sorted_by_kind[type(record)].append(record)
        with self._database.writing() as connection:
            for kind, (table, row_of) in TABLES.items():
                if found := sorted_by_kind.get(kind):
                    rows = [row_of(record) for record in found]
                    connection.execute(upsert(connection.dialect.name, table), rows)
            if pricings := sorted_by_kind.get(Pricing):
                _save_intensities(connection, pricings)


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


@cache
def upsert(dialect: str, table: Table) -> Executable:
    """INSERT, or UPDATE of the row with the same key; each time one revision higher."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - not for SQLite's users
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415 - the same
    keys = [column.name for column in table.primary_key]
    written = [column.name for column in table.columns if column.name != "revision"]
    statement = insert(table)
    changes: dict[str, Any] = {
        name: statement.excluded[name] for name in written if name not in keys
    }
    changes["revision"] = table.c.revision + 1
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)
