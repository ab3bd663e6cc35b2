"""Opening the store that runs are kept in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from tracker.errors import SchemaAhead, SchemaBehind, StoreError
from tracker.model.store_url import is_server

if TYPE_CHECKING:
    from tracker.store.database import Database
    from tracker.store.reader import Reader

_LOG = logging.getLogger("tracker")


class Opening:
    """A store, opened for as long as something is done with it."""

    def __init__(self, store: str | None = None) -> None:
        self._store = store
        self._known: tuple[str | None, Database] | None = None

    @contextmanager
    def _open(self, mode: Literal["read", "write"] = "read") -> Iterator[tuple[Database, Reader]]:
        from tracker.store.reader import Reader  # noqa: PLC0415 - imports SQLAlchemy

        with self._opened(mode) as database:
            yield database, Reader(database)

    def _opened(self, mode: Literal["read", "write"]) -> Database:
        from tracker.store.database import open_database  # noqa: PLC0415 - imports SQLAlchemy

        url = self._url()
        known = self._known
        before = known[1] if mode == "read" and known is not None and known[0] == url else None
        try:
            database = open_database(url, mode=mode, again=before)
        except StoreError as error:
            return _of_this_machine(url, mode, error)
        if mode == "read":
            self._known = url, database
        return database

    def _url(self) -> str | None:
        from tracker.assembly import Assembly  # noqa: PLC0415 - not for `import tracker`

        if self._store is not None:
            return self._store
        return Assembly.of_this_process().settings({}).store


def _of_this_machine(store: str | None, mode: str, error: StoreError) -> Database:
    """What is here of a server's runs, where it cannot be read; nothing can be changed so.

    Raises:
        StoreError: ``error``, if nothing is here or the server is of another version.
    """
    from tracker.store.database import exists, open_database  # noqa: PLC0415 - as above

    other = isinstance(error, SchemaBehind | SchemaAhead)
    if mode != "read" or other or not is_server(store) or not exists(None):
        raise error
    _LOG.warning("%s; what follows is what this machine has", error)
    return open_database(None, mode="read")
