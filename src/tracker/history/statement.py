"""Runs and what they come to together, as a report in a format of its own needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tracker import __version__
from tracker.errors import RunNotFound
from tracker.history.development import Prices, development
from tracker.history.figures import Figures
from tracker.history.listing import by_run
from tracker.history.report import made_of, report_and_figures
from tracker.history.status import Vantage
from tracker.history.together import carbon_of, embodied_of, energy_of, portions, shared_j
from tracker.model.report import RunReport
from tracker.model.statement import Statement
from tracker.research.equivalents import equivalents
from tracker.store.found import RunDetails
from tracker.store.listing import Filter
from tracker.store.overlaps import SharedEnergy
from tracker.store.reader import Reader

if TYPE_CHECKING:
    from tracker.store.database import Database

_PAGE: Final = 200
_NO_DETAILS: Final = RunDetails((), (), ())
"""Of each run of a project; no format shows them, and reading them takes most of the time."""


class Found(Struct, frozen=True):
    """A run, as people see it and as ranges are made of it."""

    report: RunReport
    figures: Figures


def of_run(database: Database, run_id: UUID) -> Statement:
    """A statement of one run, with its power over time.

    Raises:
        RunNotFound: the store has no such run.
        StoreError: the store cannot be read.
    """
    one = Found(*report_and_figures(database, run_id, kept=True))
    power_w = Reader(database).power_curve(run_id)
    return replace(stated([one], (), one.report.name, ""), power_w=power_w)


def of_project(
    database: Database,
    which: Filter,
    project: str,
    final: Sequence[str],
    prices: Prices,
) -> Statement:
    """A statement of the runs that pass a filter.

    Args:
        database: open for reading.
        which: the project's runs, or some of them.
        project: its name.
        final: which runs are final; without any there is no part about the development.
        prices: for that part.

    Raises:
        RunNotFound: no run passes.
        StoreError: the store cannot be read.
    """
    found = list(_found(database, which))
    if not found:
        raise RunNotFound(
            f"no run of project {project!r} in store {database.url_for_people};"
            " `tracker runs` lists what there is"
        )
    shared = Reader(database).shared_energy([one.report.run_id for one in found])
    statement = stated(found, shared, project, project)
    if not final:
        return statement
    return replace(statement, development=development(outermost(found), shared, final, prices))


def stated(
    found: Sequence[Found], shared: Sequence[SharedEnergy], title: str, project: str
) -> Statement:
    """What runs come to together: every joule once, and none of a run within another."""
    counted = outermost(found)
    ids = {one.report.run_id for one in counted}
    parts = portions([one.figures for one in counted], shared)
    carbon_g = carbon_of(parts)
    return Statement(
        title=title,
        project=project,
        made_at=datetime.now(UTC),
        version=__version__,
        runs=tuple(one.report for one in found),
        within=tuple(one.report.short_id for one in found if one.report.run_id not in ids),
        shared_j=shared_j(parts),
        energy_j=energy_of(parts),
        carbon_g=carbon_g,
        unpriced=tuple(
            one.report.short_id
            for one in counted
            if one.report.energy_j is not None and one.report.carbon_g is None
        ),
        embodied=embodied_of(parts),
        equivalents=tuple(each.text for each in equivalents(carbon_g.value if carbon_g else None)),
    )


def outermost(found: Sequence[Found]) -> list[Found]:
    """The runs that lie in no other of them: a parent's energy holds its children's."""
    ids = {one.report.run_id for one in found}
    return [one for one in found if one.report.parent_id not in ids]


def _found(database: Database, which: Filter) -> Iterator[Found]:
    """The runs that pass a filter, newest first; without phases, metrics and events."""
    reader, here = Reader(database), Vantage.here()
    while ids := reader.newest(which, _PAGE):
        records = reader.runs(ids)
        parts = by_run(records)
        for run in records.runs:
            made = made_of(database, parts[run.id], _NO_DETAILS, kept=True, vantage=here)
            yield Found(*made)
        if len(ids) < _PAGE:
            return
        which = replace(which, after=ids[-1])
