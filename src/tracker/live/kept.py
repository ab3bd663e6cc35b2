"""A store as the writer's thread uses it: records in, the run's report out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from tracker.assembly import Assembly
from tracker.model.run import Record

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.store.database import Database

TIDIED: Final = 20
"""So many segments a run compacts at most."""


class KeptStore:
    """An open store.

    Args:
        database: opened for writing; closed with this object.
        target: the server that is to get what is written too; ``None`` for none.
    """

    def __init__(self, database: Database, target: str | None = None) -> None:
        # Imported on the writer's thread, so that the end of a run has nothing to import.
        from tracker.history.booking import book  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.report import report_of  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.store.reader import Reader  # noqa: PLC0415 - the same
        from tracker.store.writer import Writer  # noqa: PLC0415 - the same

        self._report_of = report_of
        self._book = book
        self._database = database
        self._writer = Writer(database, target)
        self._reader = Reader(database)

    @classmethod
    def at(cls, assembly: Assembly, url: str | None) -> Self:
        """The store at a URL, or the user's own; for a server what is written here first.

        Raises:
            StoreError: it cannot be opened.
        """
        first = assembly.open_store(assembly.first_store(url), write=True)
        return cls(first, assembly.target(url))

    @classmethod
    def in_memory(cls, assembly: Assembly) -> Self:
        """A store that lasts as long as this object."""
        return cls(assembly.open_memory())

    def save(self, records: Sequence[Record]) -> None:
        """Write records in one transaction.

        Raises:
            StoreError: none of them was written.
        """
        if records:
            self._writer.save(records)

    def records(self, run_id: UUID) -> Sequence[Record]:
        """Everything that is stored of a run.

        Raises:
            StoreError: it cannot be read.
        """
        return self._reader.records(run_id)

    def report(self, run_id: UUID, *, kept: bool) -> RunReport:
        """The run as it is stored.

        Raises:
            StoreError: it cannot be read.
        """
        return self._report_of(self._database, run_id, kept=kept)

    def note_overlaps(self, run_id: UUID) -> None:
        """A run has ended: store what it and others counted of the same devices.

        Raises:
            StoreError: it was not stored; the others find it when they end.
        """
        self.save(self._reader.find_overlaps(run_id))

    def book(self, run_id: UUID) -> None:
        """A run has ended: add it up for lists and totals.

        Raises:
            StoreError: it was not; it is added up when the next one tries.
        """
        self._book(self._database, run_id)

    def checkpoint(self) -> None:
        """Make what was committed safe from a power cut.

        Raises:
            StoreError: the disk did not take it.
        """
        self._database.checkpoint()

    def tidy(self) -> None:
        """Compact some segments that ended long ago, and add up some runs that have ended.

        Raises:
            StoreError: the store cannot be written.
        """
        from tracker.history.booking import book_ended  # noqa: PLC0415 - hardly ever needed
        from tracker.history.status import Vantage  # noqa: PLC0415 - the same
        from tracker.store.compaction import compact  # noqa: PLC0415 - the same

        compact(self._database, datetime.now(UTC), Vantage.here().is_gone, limit=TIDIED)
        book_ended(self._database, most=TIDIED)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()
