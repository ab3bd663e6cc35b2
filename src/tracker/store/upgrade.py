"""Bringing an older store to the present schema; the one module that imports Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, func, select

import tracker.migrations
from tracker.errors import StoreError
from tracker.store import address
from tracker.store.backup import back_up
from tracker.store.database import Database, connect_server
from tracker.store.failures import translated
from tracker.store.sqlite import engine_of_file
from tracker.store.state import refuse_unknown, state_of

_UPGRADE_LOCK: Final = 0x7472_6163_6B65_72
"""A number of our own among a server's advisory locks; it goes with the transaction."""

UPGRADE_WAIT_S: Final = 60.0
"""How long a process waits while another one upgrades the same file."""


def config_for() -> Config:
    """Alembic's configuration, without a file: the migrations lie in the package."""
    config = Config()
    folder = Path(next(iter(tracker.migrations.__path__)))
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def upgrade_server(url: str) -> None:
    """Bring a server's database to the present schema, or make it, in one transaction.

    Raises:
        SettingsError: no URL.
        PluginError: the driver is not installed.
        SchemaAhead: it is newer than this program; nothing was changed.
        StoreError: it failed; the store is as it was.
    """
    with connect_server(address.parse(url)) as database, database.writing() as connection:
        # Whoever comes while another one upgrades waits here, and finds nothing to do.
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        refuse_unknown(state_of(connection), database.url_for_people)
        migrate(connection, config_for(), "head", database.url_for_people)


def migrate(connection: Connection, config: Config, revision: str, store: str) -> None:
    """Run the migrations up to ``revision`` within the connection's transaction.

    Raises:
        StoreError: Alembic refuses.
    """
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(f"store {store}: cannot be upgraded: {error}") from error


def upgrade_file(path: Path, store: str, config: Config | None = None) -> Path:
    """Bring a SQLite file to the present schema, after a backup copy beside it.

    Where another process upgrades it at the same time, this one waits and does nothing.

    Returns:
        The backup.

    Raises:
        StoreError: it failed; the store is as it was.
    """
    with translated(store):
        backup = back_up(path)
    engine = engine_of_file(path, read_only=False, busy_timeout_s=UPGRADE_WAIT_S)
    with Database(engine, store) as database, database.writing() as connection:
        migrate(connection, config or config_for(), "head", store)
    return backup
