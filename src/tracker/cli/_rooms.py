"""The rooms behind the command, each imported when a verb first needs it.

A test hands in rooms of its own; nothing is patched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from msgspec import Struct

if TYPE_CHECKING:
    from uuid import UUID

    from tracker.history.choice import Choice
    from tracker.history.grid import Advice, Outlook
    from tracker.history.importing import Imported
    from tracker.history.pricing import Priced
    from tracker.model.carbon import CarbonIntensity
    from tracker.model.comparison import Comparison
    from tracker.model.examination import Examination
    from tracker.model.report import RunReport, RunSummary
    from tracker.model.statement import Statement
    from tracker.model.totals import Totals


class RunReader(Protocol):
    """What the views ask of ``tracker.History``."""

    def runs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        order_by: str = "started",
        **choice: Unpack[Choice],
    ) -> Sequence[RunSummary]:
        """Runs, newest first; those after ``cursor``, the id of a run already seen."""

    def run(self, selector: str) -> RunReport:
        """The run that ``last``, a unique name or an id names."""

    def statement(self, selector: str) -> Statement:
        """That run, for a report in a format of its own."""

    def project_statement(
        self,
        project: str,
        *,
        since: str | None = None,
        until: str | None = None,
        final: Sequence[str] = (),
        usd_per_kwh: float | None = None,
        usd_per_gpu_h: tuple[float, float] | None = None,
    ) -> Statement:
        """A project's runs, and with ``final`` what its development took."""

    def totals(self, by: str, **choice: Unpack[Choice]) -> Totals:
        """What runs come to, by group and together."""

    def compare(self, base: str, *others: str, metrics: Sequence[str]) -> Comparison:
        """A run against others."""

    def tag(self, selector: str, tags: Mapping[str, str], *, remove: Iterable[str]) -> None:
        """Give a run tags and take some away."""

    def rename(self, selector: str, name: str, *, project: str | None) -> None:
        """Give a run another name, and project."""

    def note(self, selector: str, text: str) -> None:
        """Write something about a run."""

    def delete(self, selector: str) -> None:
        """Delete a run."""

    def collection(
        self,
        *selectors: str,
        records: bool = False,
        **choice: Unpack[Choice],
    ) -> Statement:
        """Runs in full, for an export."""

    def take_in(
        self,
        *paths: str,
        tool: str | None,
        project: str | None,
        tags: Mapping[str, str],
        dry: bool,
    ) -> Imported:
        """Keep the runs of files."""


class LiveRun(Protocol):
    """What ``tracker run`` asks of a run that ``tracker.track`` made."""

    @property
    def id(self) -> UUID:
        """Its id, which the command's own runs learn as their parent's."""

    def start(self) -> object:
        """Begin to measure."""

    def stop(self, *, error: str | None = None) -> RunReport:
        """End the run and report it."""


class GridQuestions(Protocol):
    """What the views ask of one zone's grid."""

    def between(self, start: str | None, end: str | None) -> Sequence[CarbonIntensity]:
        """The intensities of a time, in order."""

    def outlook(self) -> Outlook:
        """Now, and what is expected."""

    def advice(self, duration: timedelta, within: timedelta) -> Advice:
        """When to start a job."""


def _history(store: str | None) -> RunReader:
    """Of the store that a run here would be kept in, unless another one is named."""
    from tracker.history import History  # noqa: PLC0415 - SQLAlchemy behind it
    from tracker.settings import resolve  # noqa: PLC0415 - with the rest

    return History(resolve({"store": store}, os.environ, Path.cwd()).store)


def _price(
    store: str | None, runs: Sequence[str], choice: Mapping[str, Any], *, dry_run: bool
) -> Sequence[Priced]:
    from tracker.history import History  # noqa: PLC0415 - SQLAlchemy behind it

    history = History(store)
    if not runs:
        return history.complete_pricings(online=choice["online"])
    return history.price(*runs, dry_run=dry_run, **choice)


def _grid(zone: str | None, asked: Mapping[str, Any], *, by_itself: bool = False) -> GridQuestions:
    from tracker.cli._grid_room import GridRoom  # noqa: PLC0415 - every room behind it

    return GridRoom(zone, asked, by_itself=by_itself)


def _track(name: str, options: Mapping[str, Any]) -> LiveRun:
    from tracker.live import track  # noqa: PLC0415 - only for the verb that runs something

    return track(name, **options)


def _examine(options: Mapping[str, Any]) -> Examination:
    from tracker.assembly import Assembly  # noqa: PLC0415 - every room behind it
    from tracker.cli._examine import examine  # noqa: PLC0415 - the same

    assembly = Assembly.of_this_process()
    return examine(assembly, assembly.settings(options))


def _measure_baseline(options: Mapping[str, Any], duration_s: float) -> None:
    from tracker.assembly import Assembly  # noqa: PLC0415 - every room behind it
    from tracker.live import baseline, provenance  # noqa: PLC0415 - the same
    from tracker.store.writer import Writer  # noqa: PLC0415 - imports SQLAlchemy

    assembly = Assembly.of_this_process()
    settings = assembly.settings(options)
    with assembly.open_store(settings.store, write=True) as database:
        measured = baseline.measure(assembly, settings, duration_s, time.sleep)
        facts = provenance.host_facts(assembly.host.proc_path)
        Writer(database).save([facts, *measured])


def _now() -> datetime:
    return datetime.now().astimezone()


class Rooms(Struct, frozen=True):
    """How a verb reaches the rooms below.

    Attributes:
        history: opens the history of a store; ``None`` is the one of the settings.
        grid: questions about a zone, with what the line asks for.
        price: prices runs of a store by a choice; without a run, completes what waits.
        track: makes a run with a name and options.
        examine: looks at machine, settings and store.
        measure_baseline: measures idle power for so many seconds, and keeps it.
        now: the time, in the zone of whoever looks.
        sleep: waits for so many seconds.
    """

    history: Callable[[str | None], RunReader] = _history
    grid: Callable[..., GridQuestions] = _grid
    price: Callable[..., Sequence[Priced]] = _price
    track: Callable[[str, Mapping[str, Any]], LiveRun] = _track
    examine: Callable[[Mapping[str, Any]], Examination] = _examine
    measure_baseline: Callable[[Mapping[str, Any], float], None] = _measure_baseline
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep
