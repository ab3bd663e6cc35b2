"""Any runs in full, as an export needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tracker.errors import RunNotFound
from tracker.history.listing import Query, lines
from tracker.history.report import report_and_figures
from tracker.history.statement import Found, stated
from tracker.history.status import Vantage
from tracker.model.statement import Statement
from tracker.store.portable import portable
from tracker.store.reader import Reader

if TYPE_CHECKING:
    from tracker.store.database import Database


def collected(
    database: Database, selectors: Sequence[str], query: Query, *, records: bool
) -> Statement:
    """Runs and what they come to together.

    Args:
        database: open for reading.
        selectors: which runs; where there are none, ``query`` says it.
        query: which runs.
        records: also what the store keeps of each.

    Raises:
        RunNotFound: one that is named is not there, or none passes.
        StoreError: the store cannot be read.
    """
    reader, vantage = Reader(database), Vantage.here()
    if selectors:
        ids = list(dict.fromkeys(reader.find(each) for each in selectors))
    else:
        ids = [line.run.id for line in lines(reader, query, vantage)]
    if not ids:
        raise RunNotFound(f"no run matches in store {database.url_for_people}")
    found = [
        Found(*report_and_figures(database, run_id, kept=True, vantage=vantage)) for run_id in ids
    ]
    title = found[0].report.name if len(found) == 1 else "runs"
    statement = stated(found, reader.shared_energy(ids), title, "")
    if not records:
        return statement
    return replace(statement, records={run_id: portable(reader.records(run_id)) for run_id in ids})
