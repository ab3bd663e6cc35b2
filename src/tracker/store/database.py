"""Opening a store: whatever is wrong with it is said in one line, and nothing is harmed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL

from tracker.errors import SchemaBehind, StoreError
from tracker.store import address, network
from tracker.store.address import default_url
from tracker.store.failures import translated
from tracker.store.sqlite import READING, checkpoint, engine_of_file, engine_of_memory
from tracker.store.state import State, create, refuse_unknown, state_of, state_of_file
from tracker.store.types import to_json

__all__ = ["Database", "default_url", "open_database", "open_memory"]

Mode = Literal["write", "read"]

CONNECT_TIMEOUT_S: Final = 10
"""How long a server may take to answer."""

_DRIVER: Final[dict[str, int | None]] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    # Statements are not prepared: a pooler may hand each transaction to another session.
    "prepare_threshold": None,
    # A server that went away without a word is noticed after a minute, not after hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What psycopg and libpq are told, unless the URL says otherwise."""


class Database:
    """An open store; close it, or use it with ``with``.

    Attributes:
        engine: SQLAlchemy's.
        url_for_people: where it is, without a password.
        path: the file, where it is one.
    """

    def __init__(self, engine: Engine, url_for_people: str, path: Path | None = None) -> None:
        self.engine = engine
        self.url_for_people = url_for_people
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads: everything in it is of one instant.

        Raises:
            StoreError: the store cannot be read.
        """
        with translated(self.url_for_people), self.engine.connect() as connection:
            options: dict[str, Any] = {READING: True}
            if connection.dialect.name == "postgresql":  # SQLite's transactions are so anyway
                options["isolation_level"] = "REPEATABLE READ"
            reader = connection.execution_options(**options)
            with reader.begin():
                yield reader

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it at the end, or nothing.

        Raises:
            StoreError: the store cannot be written; nothing was.
        """
        with translated(self.url_for_people), self.engine.begin() as connection:
            yield connection

    def checkpoint(self) -> None:
        """Have the disk take what a file's log holds; whoever reads or writes is not waited for.

        Raises:
            StoreError: the disk did not.
        """
        with translated(self.url_for_people):
            checkpoint(self.engine)

    def close(self) -> None:
        """Close every connection; a second time does nothing."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_database(
    url: str | None,
    *,
    mode: Mode,
    mounts: Path = network.MOUNTS,
    again: Database | None = None,
) -> Database:
    """Open the store at ``url``, or the user's own where it is ``None``.

    To write, an empty SQLite store is made and one that is behind is upgraded, after a
    backup beside it. To read, nothing is written. In a folder that machines share, each
    writes a file of its own, and all of them are read.

    Args:
        url: as SQLAlchemy writes it.
        mode: what for.
        mounts: where it stands which folders machines share.
        again: what this gave for the same URL before, closed since; opened to read again, its
            statements are prepared already.

    Raises:
        SettingsError: no URL, or of a kind that this program does not open.
        PluginError: it needs a package that is not installed.
        SchemaBehind: older than this program, and not upgraded here.
        SchemaAhead: newer than this program.
        StoreError: it cannot be opened; nothing in it was changed.
    """
    parsed = address.parse(url)
    if not address.is_sqlite(parsed):
        return open_server(parsed, again if mode == "read" else None)
    if address.is_memory(parsed):
        return open_memory()
    path, store = address.file_of(parsed), address.for_people(parsed)
    shared = network.is_shared(path, mounts)
    if mode == "write":
        own = network.file_of_host(path) if shared else path
        return _write_file(own, store, shared=shared)
    if shared:
        return _read_all(network.files_of_all(path), store)
    return _read_file(path, store, again)


def exists(url: str | None, mounts: Path = network.MOUNTS) -> bool:
    """Whether anything was ever kept in a file, or in one of a shared folder's.

    Raises:
        SettingsError: no URL.
    """
    path = address.file_of(address.parse(url))
    return bool(network.files_of_all(path)) if network.is_shared(path, mounts) else path.exists()


def open_memory() -> Database:
    """A store in memory, gone when it is closed; threads may share it."""
    return _made(Database(engine_of_memory(), "sqlite:///:memory:"))


def _write_file(path: Path, store: str, *, shared: bool) -> Database:
    state = state_of_file(path, store)
    refuse_unknown(state, store)
    if state is State.BEHIND:
        from tracker.store.upgrade import upgrade_file  # noqa: PLC0415 - imports Alembic

        upgrade_file(path, store)
    address.make_private(path, store)
    database = Database(engine_of_file(path, read_only=False, shared=shared), store, path)
    return _made(database) if state is State.EMPTY else database


def _made(database: Database) -> Database:
    try:
        with database.writing() as connection:
            create(connection)
    except BaseException:
        database.close()
        raise
    return database


def _read_file(path: Path, store: str, again: Database | None = None) -> Database:
    _check_file(path, store)
    if again is not None and again.path == path:  # a relative URL may mean another file now
        return again
    return Database(engine_of_file(path, read_only=True), store, path)


def _check_file(path: Path, store: str) -> None:
    state = state_of_file(path, store)
    if state is State.EMPTY:
        raise _none_yet(store)
    _refuse(state, store)


def _none_yet(store: str) -> StoreError:
    return StoreError(
        f"store {store}: there is none yet. The first run makes it: tracker run -- python train.py"
    )


def _read_all(paths: Sequence[Path], store: str) -> Database:
    """The files of all machines, as one."""
    if len(paths) == 1:
        return _read_file(paths[0], store)
    if not paths:
        raise _none_yet(store)
    from tracker.store.gathered import gather  # noqa: PLC0415 - hardly ever needed

    for path in paths:
        _check_file(path, f"{store} ({path.name})")
    with translated(store):
        return Database(gather(paths), store)


def open_server(url: URL, again: Database | None = None) -> Database:
    """A server's database, of this program's schema.

    Raises:
        SchemaBehind: it is older, or not made yet.
        SchemaAhead: it is newer.
        StoreError: it does not answer, or is another program's.
    """
    database = again or connect_server(url)
    try:
        with database.reading() as connection:
            state = state_of(connection)
        _refuse(state, database.url_for_people)
    except BaseException:
        database.close()
        raise
    return database


def import_driver() -> None:
    """Import what speaks to servers, which takes long.

    What it logs of a connection that broke goes where the program's logging sends it, and
    where there is none, not to stderr: we say ourselves what is wrong.
    """
    for name in ("psycopg", "sqlalchemy"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    import psycopg  # noqa: F401, PLC0415 - optional
    import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401, PLC0415 - not for SQLite's users


def connect_server(url: URL) -> Database:
    """A server's database, whatever its schema is; nothing is asked of it yet.

    Raises:
        StoreError: the URL has options that the driver does not know.
    """
    store = address.for_people(url)
    options = {key: value for key, value in _DRIVER.items() if key not in url.query}
    with translated(store):
        engine = create_engine(
            url, json_serializer=to_json, pool_pre_ping=True, connect_args=options
        )
    return Database(engine, store)


def _refuse(state: State, store: str) -> None:
    refuse_unknown(state, store)
    if state is not State.CURRENT:
        raise SchemaBehind(
            f"store {store}: its schema is {_older(state)} this version of emissions-tracker. "
            f"Upgrade it with: tracker db upgrade --store {store}"
        )


def _older(state: State) -> str:
    return "not made yet for" if state is State.EMPTY else "older than"
