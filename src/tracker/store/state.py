"""Which schema a store has, and the first one made from the models."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from tracker.errors import SchemaAhead, StoreError
from tracker.store import schema
from tracker.store.failures import translated
from tracker.store.sqlite import connect_read_only, is_empty, is_sqlite_file


class State(Enum):
    """How a store's schema stands to this program's."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"
    FOREIGN = "foreign"


def state_of_file(path: Path, store: str) -> State:
    """How a SQLite file stands; it is not changed.

    Raises:
        StoreError: it cannot be read.
    """
    with translated(store):
        if is_empty(path):
            return State.EMPTY
        if not is_sqlite_file(path):
            raise StoreError(
                f"store {store}: the file is not a SQLite database. "
                "It is left as it is; name another file."
            )
        with connect_read_only(path) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if schema.stamp.name not in tables:
                return State.FOREIGN if tables else State.EMPTY
            stamps = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            ours = schema.runs.name in tables
    return _state(str(stamps[0][0]) if stamps else "", ours=ours)


def state_of(connection: Connection) -> State:
    """How an open database stands."""
    tables = set(inspect(connection).get_table_names())
    if schema.stamp.name not in tables:
        return State.FOREIGN if schema.runs.name in tables else State.EMPTY
    stamp = connection.execute(select(schema.stamp.c.version_num)).scalar()
    return _state(stamp or "", ours=schema.runs.name in tables)


def _state(stamp: str, *, ours: bool) -> State:
    if stamp == schema.HEAD:
        return State.CURRENT
    if stamp in schema.REVISIONS:
        return State.BEHIND
    if not stamp:  # migrated back to before the first schema: only the empty stamp is left
        return State.FOREIGN if ours else State.EMPTY
    return State.AHEAD if ours else State.FOREIGN


def refuse_unknown(state: State, store: str) -> None:
    """A store that this program does not understand is left alone.

    Raises:
        SchemaAhead: a newer program wrote it.
        StoreError: another program did.
    """
    if state is State.AHEAD:
        raise SchemaAhead(
            f"store {store}: written by a newer version of emissions-tracker. Nothing in it was "
            "changed. Upgrade with: pip install --upgrade emissions-tracker"
        )
    if state is State.FOREIGN:
        raise StoreError(
            f"store {store}: a database of another program. Nothing in it was changed; "
            "name another one with --store or TRACKER_STORE."
        )


def create(connection: Connection) -> None:
    """Make every table and stamp it, unless another process just did.

    The connection holds the write lock, so that only one process makes them.
    """
    if state_of(connection) is not State.EMPTY:
        return
    schema.metadata.create_all(connection)
    schema.stamp_metadata.create_all(connection)
    connection.execute(schema.stamp.insert().values(version_num=schema.HEAD))
