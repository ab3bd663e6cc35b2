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

    @contextmanager
    def _open(self, mode: Literal["read", "write"] = "read") -> Iterator[tuple[Database, Reader]]:
        from tracker.assembly import Assembly  # noqa: PLC0415 - not for `import tracker`
        from tracker.store.database import open_database  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.store.reader import Reader  # noqa: PLC0415 - the same

        store = self._store
        if store is None:
            store = Assembly.of_this_process().settings({}).store
        try:
            found = open_database(store, mode=mode)
        except StoreError as error:
            found = _of_this_machine(store, mode, error)
        with found as database:
            yield database, Reader(database)


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
