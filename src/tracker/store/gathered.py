"""The files of several machines as one store, to read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, Table

from tracker.store import schema
from tracker.store.sqlite import engine_of_temporary
from tracker.store.state import create


def gather(paths: Sequence[Path]) -> Engine:
    """An engine on a temporary copy of all: of two copies of a row the newer one counts.

    SQLite keeps the copy in memory as long as it is small, and deletes it at the end.
    """
    engine = engine_of_temporary()
    with engine.begin() as connection:
        create(connection)
    raw = engine.raw_connection()
    try:
        plain: sqlite3.Connection = raw.driver_connection  # type: ignore[assignment]
        plain.execute("PRAGMA foreign_keys=OFF")  # what a row points to may come later
        for path in paths:
            _take_in(plain, path)
        plain.execute("PRAGMA foreign_keys=ON")
    finally:
        raw.close()
    return engine


def _take_in(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("ATTACH ? AS other", [f"file:{quote(str(path))}?mode=ro"])
    try:
        connection.execute("BEGIN")
        for table in schema.metadata.sorted_tables:
            connection.execute(_statement(table))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("DETACH other")


def _statement(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    start = f'INSERT INTO main."{table.name}" ({names}) SELECT {names} FROM other."{table.name}"'  # noqa: S608 - names of our own tables
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    if "revision" not in table.c:
        return f"{start} WHERE true ON CONFLICT DO NOTHING"
    changes = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in table.columns)
    newer = f'excluded.revision > "{table.name}".revision'
    return f"{start} WHERE true ON CONFLICT ({keys}) DO UPDATE SET {changes} WHERE {newer}"
