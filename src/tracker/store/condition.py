"""How a store stands: its schema, how much is in it, and the room it takes."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import URL

from tracker.store import address, network, schema
from tracker.store.database import Database, connect_server
from tracker.store.failures import translated
from tracker.store.outbox import Waiting, waiting
from tracker.store.sqlite import engine_of_file, is_empty
from tracker.store.state import State, state_of, state_of_file

COUNTED: Final = (schema.runs, schema.segments, schema.intervals, schema.phases, schema.metrics)


class Condition(Struct, frozen=True):
    """How a store stands.

    Attributes:
        url: without password.
        state: of its schema.
        revision: the schema it has, and ``needed``, the one this program has.
        rows: by table; empty where the schema is another.
        size_bytes: of the file with its log, or of the server's database; ``None`` in memory.
        waiting: what servers are still to get of it.
    """

    url: str
    state: State
    revision: str | None
    needed: str
    rows: dict[str, int]
    size_bytes: int | None
    waiting: tuple[Waiting, ...] = ()


def examine(url: URL) -> Condition:
    """Look at a store without changing it.

    Raises:
        StoreError: it cannot be read.
    """
    name = address.for_people(url)
    if not address.is_sqlite(url):
        with connect_server(url) as database, database.reading() as connection:
            return _condition(database, connection, state_of(connection))
    path = network.placed(address.file_of(url))
    with translated(name):
        if is_empty(path):
            return Condition(name, State.EMPTY, None, schema.HEAD, {}, 0)
    state = state_of_file(path, name)
    with (
        Database(engine_of_file(path, read_only=True), name) as database,
        database.reading() as connection,
    ):
        return _condition(database, connection, state)


def _condition(database: Database, connection: Connection, state: State) -> Condition:
    known = state in {State.CURRENT, State.BEHIND, State.AHEAD}
    revision = connection.execute(select(schema.stamp.c.version_num)).scalar() if known else None
    is_current = state is State.CURRENT
    return Condition(
        database.url_for_people,
        state,
        revision,
        schema.HEAD,
        {table.name: _count(connection, table.name) for table in COUNTED} if is_current else {},
        size_bytes(connection),
        waiting(database) if is_current and connection.dialect.name == "sqlite" else (),
    )


def _count(connection: Connection, name: str) -> int:
    table = schema.metadata.tables[name]
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def size_bytes(connection: Connection) -> int:
    """What a database takes on its disk, its indexes included."""
    if connection.dialect.name == "postgresql":
        statement = "SELECT pg_database_size(current_database())"
    else:
        statement = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return int(connection.exec_driver_sql(statement).scalar_one())


def vacuum(database: Database) -> tuple[int, int]:
    """Give back what deleted rows took, and refresh the planner's statistics.

    Returns:
        Bytes before and after.

    Raises:
        StoreError: there is no room to do it, or somebody holds the store.
    """
    with database.reading() as connection:
        before = size_bytes(connection)
    if database.engine.dialect.name == "postgresql":
        with translated(database.url_for_people), database.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM ANALYZE")
    else:
        with translated(database.url_for_people):
            _vacuum_file(database)
    with database.reading() as connection:
        return before, size_bytes(connection)


def _vacuum_file(database: Database) -> None:
    raw = database.engine.raw_connection()  # SQLAlchemy's own begins a transaction
    try:
        cursor = raw.cursor()
        for statement in ("VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute(statement)
        cursor.close()
    finally:
        raw.close()
