"""Adding up runs that have ended, once: what ``store/figures.py`` keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from tracker.history.figures import booked_form, figures_of
from tracker.history.status import Vantage, standing
from tracker.model.run import RunStatus
from tracker.store import figures
from tracker.store.database import Database
from tracker.store.found import RunRecords
from tracker.store.reader import Reader

LOST_AFTER: Final = timedelta(days=7)
"""An interrupted run that nobody has taken up for so long is added up too."""

AT_ONCE: Final = 20
"""So many of those are looked at in one go."""


def book(database: Database, run_id: UUID, vantage: Vantage | None = None) -> bool:
    """Book a run if it has ended and is not booked; whether it was.

    Raises:
        StoreError: nothing was booked.
    """
    vantage = vantage or Vantage.here()
    with database.writing() as connection:
        if not figures.claim(connection, run_id):
            return False
        reader = Reader(database, within=connection)
        if not _is_over(reader.signs(run_id), vantage):
            figures.unbook(connection, [run_id])
            return False
        found = figures_of(reader, reader.runs([run_id]), vantage)
        figures.book(connection, [booked_form(found)])
    return True


def book_ended(database: Database, vantage: Vantage | None = None) -> int:
    """Book every run that has ended; how many there were.

    Raises:
        StoreError: those before the failure are booked.
    """
    vantage = vantage or Vantage.here()
    return sum(book(database, run_id, vantage) for run_id in Reader(database).waiting())


def book_lost(database: Database, vantage: Vantage | None = None) -> int:
    """Book some of the runs that were interrupted long ago; how many there were.

    Raises:
        StoreError: those before the failure are booked.
    """
    vantage = vantage or Vantage.here()
    old = Reader(database).waiting(AT_ONCE, vantage.now - LOST_AFTER)
    return sum(book(database, run_id, vantage) for run_id in old)


def _is_over(records: RunRecords, vantage: Vantage) -> bool:
    stands = standing(records.runs[0].started_at, records.segments, records.heartbeats, vantage)
    if stands.status is RunStatus.INTERRUPTED:
        return vantage.now - stands.last_seen_at > LOST_AFTER
    return stands.status is not RunStatus.RUNNING
