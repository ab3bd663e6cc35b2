"""Adding up runs that have ended, once: what ``store/figures.py`` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from tracker.history.figures import booked_form, figures_of
from tracker.history.listing import by_run
from tracker.history.status import Vantage, standing
from tracker.model.run import RunStatus
from tracker.store import figures
from tracker.store.database import Database
from tracker.store.found import RunRecords
from tracker.store.reader import Reader

LOST_AFTER: Final = timedelta(days=7)
"""An interrupted run that nobody has taken up for so long is added up too."""


def book(database: Database, run_id: UUID, vantage: Vantage | None = None) -> bool:
    """Book a run if it has ended and is not booked; whether it was.

    Raises:
        StoreError: nothing was booked.
    """
    return book_some(database, [run_id], vantage) > 0


def book_some(database: Database, run_ids: Sequence[UUID], vantage: Vantage | None = None) -> int:
    """Book those of some runs that have ended and are not booked; how many that were.

    Raises:
        StoreError: nothing was booked.
    """
    vantage = vantage or Vantage.here()
    with database.writing() as connection:
        claimed = [run_id for run_id in run_ids if figures.claim(connection, run_id)]
        reader = Reader(database, within=connection)
        signs = by_run(reader.signs(claimed))
        over = [run_id for run_id in claimed if _is_over(signs[run_id], vantage)]
        figures.unbook(connection, set(claimed) - set(over))
        found = by_run(reader.runs(over)).values()
        figures.book(connection, [booked_form(figures_of(reader, each, vantage)) for each in found])
    return len(over)


def book_ended(database: Database, vantage: Vantage | None = None, most: int | None = None) -> int:
    """Book the runs that have ended, the oldest first, or ``most`` of them; how many there were.

    Raises:
        StoreError: those before the failure are booked.
    """
    vantage = vantage or Vantage.here()
    waiting = Reader(database).waiting()
    booked = (run_id for run_id in waiting if book(database, run_id, vantage))
    return sum(1 for _ in islice(booked, most))


def _is_over(records: RunRecords, vantage: Vantage) -> bool:
    stands = standing(records.runs[0].started_at, records.segments, records.heartbeats, vantage)
    if stands.status is RunStatus.INTERRUPTED:
        return vantage.now - stands.last_seen_at > LOST_AFTER
    return stands.status is not RunStatus.RUNNING
