"""Stores to test with: a file, memory, and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.store.database import Database, open_database, open_memory
from tracker.store.upgrade import upgrade_server


@pytest.fixture(params=["file", "memory", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store of each kind, open for writing."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        upgrade_server(url)
        opened = open_database(url, mode="write")
    elif request.param == "memory":
        opened = open_memory()
    else:
        opened = open_database(f"sqlite:///{tmp_path}/runs.db", mode="write")
    with opened:
        yield opened
