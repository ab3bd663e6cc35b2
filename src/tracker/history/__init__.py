"""Everything people look at, computed from the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from tracker.errors import SettingsError
from tracker.model.run import RunStatus

if TYPE_CHECKING:
    from tracker.model.report import RunReport, RunSummary
    from tracker.model.statement import Statement
    from tracker.store.database import Database
    from tracker.store.reader import Reader

__all__ = ["History"]


class History:
    """The runs of a store. Reading writes nothing, and holds nothing open in between.

    >>> from tracker import History
    >>> for run in History().runs(project="vision", since="30d"):  # doctest: +SKIP
    ...     print(run.name, run.energy_j)

    Args:
        store: its URL, as SQLAlchemy writes it; by default the one that runs are kept in
            (``TRACKER_STORE``, a settings file, else the user's own).
    """

    def __init__(self, store: str | None = None) -> None:
        self._store = store

    def runs(
        self,
        *,
        project: str | None = None,
        name: str | None = None,
        status: RunStatus | str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        limit: int = 50,
        cursor: str | UUID | None = None,
    ) -> tuple[RunSummary, ...]:
        """Runs, newest first.

        Args:
            project: of this project.
            name: of this name; ``*`` and ``?`` stand for any text and any character.
            status: ``running``, ``finished``, ``failed`` or ``interrupted``.
            since: started then or later: ``7d``, ``2026-11``, ``2026-11-03``, ISO 8601.
            until: started before then.
            limit: so many at most.
            cursor: id of the last run of the page before; the list goes on after it.

        Raises:
            SettingsError: an argument cannot be meant.
            StoreError: the store cannot be read.
        """
        from tracker.history.listing import summaries  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.status import Vantage  # noqa: PLC0415 - with it
        from tracker.store.listing import Filter  # noqa: PLC0415 - with it

        if limit < 1:
            raise SettingsError(f"limit = {limit}: must be 1 or more")
        which = Filter(
            project=project,
            name=name,
            since=_instant(since, "since"),
            until=_instant(until, "until"),
            after=_run_id(cursor),
        )
        wanted = _status(status)
        with self._open() as (_, reader):
            return summaries(reader, which, wanted, limit, Vantage.here())

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
        from tracker.store.listing import Filter  # noqa: PLC0415 - with it

        which = Filter(
            project=project, since=_instant(since, "since"), until=_instant(until, "until")
        )
        prices = prices_of(usd_per_kwh, usd_per_gpu_h)
        with self._open() as (database, _):
            return of_project(database, which, project, final, prices)

    def power_curve(self, selector: str | UUID) -> tuple[tuple[datetime, float], ...]:
        """Mean power of the devices in a run's total, in watts, by slot of 10 s (UTC).

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: the store cannot be read.
        """
        with self._open() as (_, reader):
            return reader.power_curve(reader.find(str(selector)))

    @contextmanager
    def _open(self) -> Iterator[tuple[Database, Reader]]:
        from tracker.assembly import Assembly  # noqa: PLC0415 - not for `import tracker`
        from tracker.store.database import open_database  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.store.reader import Reader  # noqa: PLC0415 - the same

        store = self._store
        if store is None:
            store = Assembly.of_this_process().settings({}).store
        with open_database(store, mode="read") as database:
            yield database, Reader(database)


def _status(status: RunStatus | str | None) -> RunStatus | None:
    try:
        return None if status is None else RunStatus(status)
    except ValueError as error:
        raise SettingsError(
            f"status = {status!r}: must be one of {', '.join(RunStatus)}"
        ) from error


def _instant(text: str | datetime | None, option: str) -> datetime | None:
    from tracker.history.dates import instant  # noqa: PLC0415 - only where a date is given

    return None if text is None else instant(text, option, datetime.now().astimezone())


def _run_id(cursor: str | UUID | None) -> UUID | None:
    try:
        return None if cursor is None else UUID(str(cursor))
    except ValueError as error:
        raise SettingsError(f"cursor = {cursor!r}: must be the id of a run in the list") from error
