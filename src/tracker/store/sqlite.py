"""A SQLite file: how it is connected to, and what lies in it before anything touches it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from tracker.store.types import to_json

BUSY_TIMEOUT_S: Final = 20.0
"""How long a connection waits for other processes' commits: a node's 64 may begin at once."""

READING: Final = "tracker_reading"
"""Execution option of a connection that only reads."""

_HEADER: Final = b"SQLite format 3\0"
"""The first bytes of every such file (sqlite.org/fileformat2.html, section 1.3)."""

_PRAGMAS: Final = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=NORMAL")

_SHARED_PRAGMAS: Final = ("PRAGMA journal_mode=DELETE", "PRAGMA synchronous=FULL")


def is_empty(path: Path) -> bool:
    """Whether there is nothing in it yet."""
    return not path.exists() or path.stat().st_size == 0


def is_sqlite_file(path: Path) -> bool:
    """Whether a file that is not empty begins as a SQLite database does."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def engine_of_file(
    path: Path, *, read_only: bool, busy_timeout_s: float = BUSY_TIMEOUT_S, shared: bool = False
) -> Engine:
    """An engine on a file that exists.

    Args:
        path: the file.
        read_only: write nothing.
        busy_timeout_s: how long to wait for another process's commit.
        shared: it lies where machines share files: without a write-ahead log.
    """

    def connect() -> sqlite3.Connection:
        connection = _connect(_uri(path, read_only=read_only), busy_timeout_s)
        if shared and not read_only:
            for pragma in _SHARED_PRAGMAS:
                connection.execute(pragma)
        elif not read_only:
            _set_wal(connection)
        return connection

    return _engine(connect, read_only=read_only)


def engine_of_memory() -> Engine:
    """An engine on memory: one connection, which threads take in turn."""
    return _engine(lambda: _connect("file::memory:"), read_only=False, pool_size=1, max_overflow=0)


def engine_of_temporary() -> Engine:
    """An engine on a database that SQLite deletes at the end; a large one lies on disk."""
    return _engine(lambda: _connect("file:"), read_only=False, pool_size=1, max_overflow=0)


def checkpoint(engine: Engine) -> None:
    """Sync the log and take it to the file, as far as no reader needs the file as it is.

    Without ``synchronous=FULL`` a commit is not synced, a checkpoint is (sqlite.org/wal.html,
    "Checkpointing"). Where there is no log it does nothing.
    """
    raw = engine.raw_connection()  # SQLAlchemy's own begins a transaction
    try:
        with closing(raw.cursor()) as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        raw.close()


def connect_read_only(path: Path) -> closing[sqlite3.Connection]:
    """A plain connection that cannot change the file, for a look before opening."""
    return closing(_connect(_uri(path, read_only=True)))


def _uri(path: Path, *, read_only: bool) -> str:
    mode = "ro" if read_only else "rw"
    # A log can be read only beside a file for its index; where none can be made and no
    # log is there, the file is all there is (sqlite.org/wal.html, "Read-Only Databases").
    lonely = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    frozen = "&immutable=1" if read_only and lonely else ""
    return f"file:{quote(str(path))}?mode={mode}{frozen}"


def _connect(uri: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    return connection


def _set_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; SQLite does not wait for others here, so we do."""
    until_s = time.monotonic() + BUSY_TIMEOUT_S
    while not _is_wal(connection):
        if time.monotonic() > until_s:
            connection.close()
            raise sqlite3.OperationalError("database is locked by another process that opens it")
        time.sleep(0.02)


def _is_wal(connection: sqlite3.Connection) -> bool:
    """Whether the log is on, or cannot be had on this file system, after asking for it."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return True
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return False
        connection.close()
        raise
    return True


def _engine(
    connect: Callable[[], sqlite3.Connection],
    *,
    read_only: bool,
    **pool: int,
) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        json_serializer=to_json,
        **pool,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> Any:  # noqa: ANN401 - SQLAlchemy ignores it
        """A writer takes the lock at once: taking it later can fail without waiting."""
        reading = read_only or connection.get_execution_options().get(READING)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
