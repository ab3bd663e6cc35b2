"""Adding up runs that have ended, once: what ``store/figures.py`` keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from tracker.history.figures import Figures, booked_form, figures_of
from tracker.history.status import Vantage
from tracker.model.run import RunStatus
from tracker.store import figures
from tracker.store.database import Database
from tracker.store.reader import Reader

LOST_AFTER: Final = timedelta(days=7)
"""An interrupted run that nobody has taken up for so long is added up too."""


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
        records = reader.runs([run_id])
        if records.runs:
            found = figures_of(reader, records, vantage)
            if _is_over(found, vantage):
                figures.book(connection, [booked_form(found)])
                return True
            figures.unbook(connection, [run_id])
    return False


def book_ended(database: Database, vantage: Vantage | None = None) -> int:
    """Book every run that has ended; how many there were.

    Raises:
        StoreError: those before the failure are booked.
    """
    vantage = vantage or Vantage.here()
    return sum(book(database, run_id, vantage) for run_id in Reader(database).waiting())


def _is_over(found: Figures, vantage: Vantage) -> bool:
    stands = found.stands
    if stands.status is RunStatus.INTERRUPTED:
        return vantage.now - stands.last_seen_at > LOST_AFTER
    return stands.status is not RunStatus.RUNNING
