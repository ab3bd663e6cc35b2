"""A local store and its server, open together for as long as something is shipped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import URL

from tracker.errors import StoreError
from tracker.store import address
from tracker.store.database import Database, import_driver, open_database, open_server
from tracker.store.lock import FileLock
from tracker.store.outbox import enlist_all
from tracker.store.shipping import AddUp, IsGone, Shipment, Shipped


class Session:
    """One process of a machine ships to a server at a time, and what all of them wrote.

    Args:
        local: URL of the local store; the user's own if ``None``.
        server: the server's URL.
        is_gone: whether the process that wrote a segment is known to be gone.
        add_up: adds up a run that has ended, for lists and totals.
    """

    def __init__(self, local: str | None, server: str, is_gone: IsGone, add_up: AddUp) -> None:
        self._server_url: URL = address.parse(server)
        if address.is_sqlite(self._server_url):
            raise StoreError(f"store {server}: is no server; write postgresql://user@host/database")
        self.target = address.identity(self._server_url)
        self._is_gone = is_gone
        self._add_up = add_up
        import_driver()  # while forks wait for our imports, and not when it connects
        self._local = open_database(local, mode="write")
        self._server: Database | None = None
        self._lock = FileLock(_lock_path(self._local.path or Path("memory"), self.target))

    def ship(self, progress: Callable[[int], None] = lambda _: None) -> Shipped | None:
        """Take what waits to the server; ``None`` where another process is at it.

        Raises:
            StoreError: one of the two cannot be reached; nothing is lost.
        """
        if not self._lock.acquire():
            return None
        try:
            if self._server is None:
                self._server = open_server(self._server_url)
            shipment = Shipment(
                self._local,
                self._server,
                self.target,
                now=lambda: datetime.now(UTC),
                is_gone=self._is_gone,
                add_up=self._add_up,
            )
            return shipment.ship(progress)
        except StoreError:
            self._close_server()
            raise

    def enlist_all(self) -> int:
        """Have every run of the local store go to this server, whatever it was made for.

        Returns:
            How many are new to it.
        """
        return enlist_all(self._local, self.target)

    def close(self) -> None:
        """Close both, and let another process go on."""
        self._close_server()
        self._local.close()

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.release()


def _lock_path(store: Path, target: str) -> Path:
    mark = hashlib.sha256(target.encode()).hexdigest()[:8]
    return store.with_name(f"{store.name}.{mark}.sync")
