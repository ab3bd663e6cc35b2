"""Opening the store that runs are kept in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tracker.store.database import Database
    from tracker.store.reader import Reader


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
        with open_database(store, mode=mode) as database:
            yield database, Reader(database)
