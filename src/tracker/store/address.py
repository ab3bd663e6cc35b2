"""Where a store is: its URL, checked, and its folder."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tracker.errors import PluginError, SettingsError, StoreError

_APP: Final = "emissions-tracker"
_FILE: Final = "runs.db"
_SQLITE: Final = ("sqlite", "sqlite+pysqlite")
_POSTGRESQL: Final = ("postgresql", "postgresql+psycopg")
_PORT: Final = 5432
_EXAMPLES: Final = "sqlite:///runs.db or postgresql+psycopg://user@host/database"


def default_url() -> str:
    """The user's own store: ``runs.db`` in the user's data directory."""
    import platformdirs  # noqa: PLC0415 - only where no store is named

    folder = Path(platformdirs.user_data_dir(_APP, appauthor=False))
    return f"sqlite:///{folder / _FILE}"


def parse(url: str | None) -> URL:
    """A store's URL, of a kind that this program can open.

    Raises:
        SettingsError: not a URL, or of another kind.
        PluginError: it needs a package that is not installed.
    """
    parsed = read(url or default_url())
    if parsed.drivername in _POSTGRESQL:
        return _with_driver(parsed)
    if parsed.drivername not in _SQLITE:
        raise SettingsError(
            f"store {for_people(parsed)}: cannot be opened by this program; write {_EXAMPLES}"
        )
    if parsed.host:
        path = f"{parsed.host}/{parsed.database or ''}".rstrip("/")
        raise SettingsError(f"store {for_people(parsed)}: write three slashes: sqlite:///{path}")
    return parsed


def read(url: str) -> URL:
    """A URL taken apart, whatever it leads to.

    Raises:
        SettingsError: not a URL.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text is not repeated: it may hold a password.
        raise SettingsError(f"the store is not a URL; write {_EXAMPLES}") from error


def _with_driver(url: URL) -> URL:
    if importlib.util.find_spec("psycopg") is None:
        raise PluginError(
            f"store {for_people(url)}: PostgreSQL needs the package psycopg; "
            "install it with: pip install 'emissions-tracker[postgres]'"
        )
    return url.set(drivername="postgresql+psycopg")


def for_people(url: URL) -> str:
    """The URL without password and without options, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def identity(url: URL) -> str:
    """What tells one server's database from another: no user, no password, no options.

    >>> identity(make_url("postgresql+psycopg://ada:secret@db.example.org/runs?sslmode=require"))
    'postgresql://db.example.org:5432/runs'
    """
    # A socket's folder, or several hosts, stand among the options.
    host = url.host or ",".join(_texts(url.query.get("host", ()))) or "localhost"
    port = url.port or ",".join(_texts(url.query.get("port", ()))) or _PORT
    return f"postgresql://{host}:{port}/{url.database or url.username or ''}"


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def is_sqlite(url: URL) -> bool:
    """Whether it is a file, or memory, and not a server."""
    return url.drivername in _SQLITE


def is_memory(url: URL) -> bool:
    """Whether it is gone when it is closed."""
    return url.database in {None, "", ":memory:"}


def file_of(url: URL) -> Path:
    """The file of a SQLite store; a relative one is seen from the current folder."""
    return Path(os.path.abspath(url.database or ""))  # noqa: PTH100 - resolve() follows links


def make_private(path: Path, store: str) -> None:
    """Make a store's file, and folders that are missing, for their user alone.

    An existing file is left as it is.

    Raises:
        StoreError: the folder cannot be made or written.
    """
    try:
        _make_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(
            f"store {store}: {error.strerror or error}: {error.filename}. "
            "Name a folder that you may write with --store or TRACKER_STORE."
        ) from error


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
