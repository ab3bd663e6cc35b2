"""A real PostgreSQL: the one that is named, or one that is started here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

from integration.postgres import Server

NAMED = os.environ.get("TRACKER_TEST_POSTGRES")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A server's URL."""
    if NAMED:
        yield NAMED
        return
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            yield server.url
        finally:
            server.stop()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty database of its own on that server."""
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    name = f"tracker_{uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()
