"""Everything people look at, computed from the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

from tracker.errors import SettingsError
from tracker.history.editing import Editing

if TYPE_CHECKING:
    from tracker.history.choice import Choice
    from tracker.history.listing import Query
    from tracker.model.comparison import Comparison
    from tracker.model.ranking import Ranked, TrendPoint
    from tracker.model.report import RunReport, RunSummary
    from tracker.model.statement import Statement
    from tracker.model.totals import Totals

__all__ = ["History"]


class History(Editing):
    """The runs of a store. Reading writes nothing, and holds nothing open in between.

    >>> from tracker import History
    >>> for run in History().runs(project="vision", since="30d"):  # doctest: +SKIP
    ...     print(run.name, run.energy_j)

    Args:
        store: its URL, as SQLAlchemy writes it; by default the one that runs are kept in
            (``TRACKER_STORE``, a settings file, else the user's own).
    """

    def runs(
        self,
        *,
        limit: int = 50,
        cursor: str | UUID | None = None,
        order_by: str = "started",
        **choice: Unpack[Choice],
    ) -> tuple[RunSummary, ...]:
        """Runs, newest first; ``choice`` says which (see ``Choice``).

        Args:
            limit: so many at most.
            cursor: id of the last run of the page before; the list goes on after it.
            order_by: ``started``, or the largest first by ``energy``, ``carbon`` or
                ``duration``; runs without such a figure are left out then.
            choice: ``project``, ``name``, ``tags``, ``params``, ``host``, ``since``,
                ``until``, ``status``, ``min_carbon_g``.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.listing import summaries  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.status import Vantage  # noqa: PLC0415 - with it

        if limit < 1:
            raise SettingsError(f"limit = {limit}: must be 1 or more")
        query = _query(choice, order_by, cursor)
        with self._open() as (_, reader):
            return summaries(reader, query, limit, Vantage.here())

    def each(self, **choice: Unpack[Choice]) -> Iterator[RunSummary]:
        """Every run that passes, newest first; few are in memory at once.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.listing import lines  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.status import Vantage  # noqa: PLC0415 - with it

        query = _query(choice)
        with self._open() as (_, reader):
            yield from (line.summary for line in lines(reader, query, Vantage.here()))

    def totals(self, by: str = "project", **choice: Unpack[Choice]) -> Totals:
        """What runs come to, by group and together, each joule once.

        Args:
            by: ``project``, ``month`` (of the start, UTC), ``host``, ``user``, ``device`` or
                ``tag:KEY``.
            choice: which runs, as ``runs`` takes it.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.status import Vantage  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.totals import totals_of  # noqa: PLC0415 - the same
        from tracker.store.reader import Reader  # noqa: PLC0415 - the same

        query = _query(choice)
        with self._open() as (database, _), database.reading() as connection:
            # One transaction: else a run that is added up meanwhile might count twice.
            reader = Reader(database, within=connection)
            return totals_of(reader, by, query, Vantage.here())

    def compare(
        self, base: str | UUID, *others: str | UUID, metrics: Sequence[str] = ()
    ) -> Comparison:
        """A run against others: energy and CO2e, by device and phase, with ranges.

        Args:
            base: what the others are compared with, as ``run`` takes it.
            others: one or more.
            metrics: also joules for each unit of these metrics' last values.

        Raises:
            SettingsError: there is nothing to compare it with.
            RunNotFound: one of them is not there.
            StoreError: the store cannot be read.
        """
        from tracker.history.compare import comparison_of  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.profile import profile_of  # noqa: PLC0415 - the same
        from tracker.history.status import Vantage  # noqa: PLC0415 - the same

        if not others:
            raise SettingsError(f"compare({str(base)!r}): name two runs or more")
        vantage = Vantage.here()
        with self._open() as (_, reader):
            ids = [reader.find(str(selector)) for selector in (base, *others)]
            return comparison_of([profile_of(reader, each, vantage) for each in ids], metrics)

    def trend(
        self,
        project: str,
        *,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
    ) -> tuple[TrendPoint, ...]:
        """A project month by month: what its runs came to, and the mean run's change.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.ranking import trend_of  # noqa: PLC0415 - imports SQLAlchemy

        return trend_of(self.totals("month", project=project, since=since, until=until))

    def best(
        self,
        metric: str,
        per: str = "energy_j",
        *,
        limit: int = 10,
        lower_is_better: bool = False,
        **choice: Unpack[Choice],
    ) -> tuple[Ranked, ...]:
        """Runs that reached most for what they used, best first.

        Args:
            metric: its name; the last value that a run logged counts.
            per: ``energy_j``, ``carbon_g`` or ``duration_s``.
            limit: so many at most.
            lower_is_better: the metric is a loss: value times cost ranks, the least first.
            choice: which runs, as ``runs`` takes it.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.ranking import ranking_of  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.status import Vantage  # noqa: PLC0415 - the same

        query, vantage = _query(choice), Vantage.here()
        with self._open() as (_, reader):
            return ranking_of(
                reader,
                query,
                vantage,
                metric=metric,
                per=per,
                limit=limit,
                lower_is_better=lower_is_better,
            )

    def frame(self, library: str | None = None, **choice: Unpack[Choice]) -> Any:  # noqa: ANN401 - either library's own
        """Runs as a table of pandas or polars: a row a run, newest first.

        Args:
            library: ``pandas`` or ``polars``; by default the one that is installed.
            choice: which runs, as ``runs`` takes it.

        Raises:
            SettingsError: an argument cannot be meant.
            PluginError: neither is installed.
            StoreError: the store cannot be read.
        """
        from tracker.history.frame import frame_of  # noqa: PLC0415 - only here

        return frame_of(self.each(**choice), library)

    def _repr_html_(self) -> str:
        """What a notebook shows of it: the newest runs."""
        from tracker.model.html import runs_html  # noqa: PLC0415 - only in a notebook

        return runs_html(self.runs(limit=20))

    def run(self, selector: str | UUID) -> RunReport:
        """One run with all that is known of it.

        Args:
            selector: ``last``, a unique name, an id, or the first characters of a short id.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: the store cannot be read.
        """
        from tracker.history.report import report_of  # noqa: PLC0415 - imports SQLAlchemy

        with self._open() as (database, reader):
            return report_of(database, reader.find(str(selector)), kept=True)

    def statement(self, selector: str | UUID) -> Statement:
        """One run, with all that a report in a format of its own states.

        Args:
            selector: as ``run`` takes it.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: the store cannot be read.
        """
        from tracker.history.statement import of_run  # noqa: PLC0415 - imports SQLAlchemy

        with self._open() as (database, reader):
            return of_run(database, reader.find(str(selector)))

    def project_statement(
        self,
        project: str,
        *,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        final: Sequence[str] = (),
        usd_per_kwh: float | None = None,
        usd_per_gpu_h: tuple[float, float] | None = None,
    ) -> Statement:
        """A project's runs and what they come to together.

        Args:
            project: whose runs.
            since: started then or later, as ``runs`` takes it.
            until: started before then.
            final: which runs are final, by name (``bert-final*``) or tag (``stage=final``):
                the statement then sets the rest of the development beside them.
            usd_per_kwh: price of electricity; that of Strubell et al. 2019 by default.
            usd_per_gpu_h: lowest and highest price of a GPU-hour.

        Raises:
            RunNotFound: the project has no run.
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.development import prices_of  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.statement import of_project  # noqa: PLC0415 - the same

        which = _query({"project": project, "since": since, "until": until}).which
        prices = prices_of(usd_per_kwh, usd_per_gpu_h)
        with self._open() as (database, _):
            return of_project(database, which, project, final, prices)

    def collection(
        self, *selectors: str | UUID, records: bool = False, **choice: Unpack[Choice]
    ) -> Statement:
        """Runs in full, for an export: those that are named, or else those that pass.

        Args:
            selectors: runs, as ``run`` takes them.
            records: also what the store keeps of each, for a format that is read back.
            choice: which runs, as ``runs`` takes it.

        Raises:
            RunNotFound: one that is named is not there, or none passes.
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.collection import collected  # noqa: PLC0415 - imports SQLAlchemy

        query = _query(choice)
        with self._open() as (database, _):
            return collected(database, [str(each) for each in selectors], query, records=records)

    def power_curve(self, selector: str | UUID) -> tuple[tuple[datetime, float], ...]:
        """Mean power of the devices in a run's total, in watts, by slot of 10 s (UTC).

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: the store cannot be read.
        """
        with self._open() as (_, reader):
            return reader.power_curve(reader.find(str(selector)))


def _query(choice: Choice, order_by: str = "started", cursor: str | UUID | None = None) -> Query:
    from tracker.history.choice import query  # noqa: PLC0415 - imports SQLAlchemy

    return query(choice, order_by, cursor, datetime.now().astimezone())
