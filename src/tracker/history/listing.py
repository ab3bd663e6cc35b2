"""The list of runs: one line each, for as many as are asked for."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from tracker.history.figures import Figures, booked_form, figures_of
from tracker.history.status import Standing, Vantage, standing
from tracker.model.figures import RunFigures
from tracker.model.plain import plain
from tracker.model.report import RunSummary
from tracker.model.run import Run, RunStatus
from tracker.store.found import RunRecords
from tracker.store.listing import Filter, Order
from tracker.store.reader import Reader

_ENDED: Final = {
    RunStatus.FINISHED: True,
    RunStatus.FAILED: True,
    RunStatus.RUNNING: False,
    RunStatus.INTERRUPTED: False,
}
_CHUNK: Final = 50
_MOST: Final = 500
_VALUE: Final[Mapping[Order, Callable[[RunSummary], float | None]]] = {
    Order.ENERGY: lambda line: line.energy_j,
    Order.CARBON: lambda line: line.carbon_g,
    Order.DURATION: lambda line: line.duration_s,
}


class Query(Struct, frozen=True):
    """Which runs, and in which order.

    Attributes:
        which: what the store can tell.
        status: what is derived on reading.
        params: each of them, exactly; compared as JSON.
        after: the last run of the page before.
    """

    which: Filter = field(default_factory=Filter)
    status: RunStatus | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    order: Order = Order.STARTED
    after: UUID | None = None

    @property
    def asks_for_nothing(self) -> bool:
        """Whether every run passes."""
        return self.which.asks_for_nothing and self.status is None and not self.params

    def passes(self, line: Line) -> bool:
        """What the store did not look at."""
        summary, least_g = line.summary, self.which.min_carbon_g
        return (
            self.status in {None, summary.status}
            and (least_g is None or (summary.carbon_g or 0.0) >= least_g)
            and all(plain(line.run.params.get(k)) == plain(v) for k, v in self.params.items())
        )

    @property
    def is_sharp(self) -> bool:
        """Whether the store's filter alone tells."""
        return self.status is None and not self.params


class Line(Struct, frozen=True):
    """A run as a list has it, and what it is made of."""

    run: Run
    summary: RunSummary
    figures: RunFigures


def summaries(reader: Reader, query: Query, limit: int, vantage: Vantage) -> tuple[RunSummary, ...]:
    """The first runs that pass; ``limit`` at most.

    Raises:
        StoreError: the store cannot be read.
    """
    size = limit if query.is_sharp else max(limit, _CHUNK)
    found = lines(reader, query, vantage, min(size, _MOST))
    return tuple(line.summary for line in islice(found, limit))


def lines(reader: Reader, query: Query, vantage: Vantage, size: int = _MOST) -> Iterator[Line]:
    """Every run that passes, in order; ``size`` of them are in memory at once.

    Raises:
        StoreError: the store cannot be read.
    """
    if query.status is not None:
        query = replace(query, which=replace(query.which, ended=_ENDED[query.status]))
    if query.order is Order.STARTED:
        every = _newest(reader, replace(query.which, after=query.after), size, vantage)
    else:
        every = _largest(reader, query, size, vantage)
    return (line for line in every if query.passes(line))


def _newest(reader: Reader, which: Filter, size: int, vantage: Vantage) -> Iterator[Line]:
    while ids := reader.newest(which, size):
        yield from _lines_of(reader, ids, vantage)
        if len(ids) < size:
            return
        which = replace(which, after=ids[-1])


def _largest(reader: Reader, query: Query, size: int, vantage: Vantage) -> Iterator[Line]:
    """Booked runs as the store sorts them, and those that wait as they are now."""
    value_of = _VALUE[query.order]

    def place(line: Line) -> tuple[float, UUID]:
        return value_of(line.summary) or 0.0, line.run.id

    below = None
    for last in _lines_of(reader, [query.after] if query.after else [], vantage):
        below = place(last)
    waiting = [
        line
        for line in _newest(reader, replace(query.which, waits=True), size, vantage)
        if value_of(line.summary) is not None and (below is None or place(line) < below)
    ]
    waiting.sort(key=place, reverse=True)
    yield from heapq.merge(
        waiting, _largest_booked(reader, query, size, below, vantage), key=place, reverse=True
    )


def _largest_booked(
    reader: Reader, query: Query, size: int, below: tuple[float, UUID] | None, vantage: Vantage
) -> Iterator[Line]:
    while found := reader.largest(query.which, query.order, size, below):
        yield from _lines_of(reader, [run_id for _, run_id in found], vantage)
        if len(found) < size:
            return
        below = found[-1]


def lines_of(reader: Reader, ids: Sequence[UUID], vantage: Vantage) -> Iterator[Line]:
    """The lines of runs, in the order asked for; one that is not there is left out."""
    for start in range(0, len(ids), _MOST):
        yield from _lines_of(reader, ids[start : start + _MOST], vantage)


def _lines_of(reader: Reader, ids: Sequence[UUID], vantage: Vantage) -> Iterator[Line]:
    if not ids:
        return
    records, booked = reader.lines(ids)
    parts = by_run(records)
    for run in records.runs:
        yield _line(reader, parts[run.id], booked.get(run.id), vantage)


def by_run(records: RunRecords) -> dict[UUID, RunRecords]:
    """The same records, those of each run by themselves."""
    owner = {segment.id: segment.run_id for segment in records.segments}
    segments = _grouped((one.run_id, one) for one in records.segments)
    devices = _grouped((owner[one.segment_id], one) for one in records.devices)
    sums = _grouped((owner[one.segment_id], one) for one in records.sums)
    pricings = _grouped((one.run_id, one) for one in records.pricings)
    return {
        run.id: replace(
            records,
            runs=(run,),
            segments=segments.get(run.id, ()),
            devices=devices.get(run.id, ()),
            sums=sums.get(run.id, ()),
            pricings=pricings.get(run.id, ()),
        )
        for run in records.runs
    }


_T = TypeVar("_T")


def _grouped(pairs: Iterable[tuple[UUID, _T]]) -> dict[UUID, tuple[_T, ...]]:
    groups: dict[UUID, list[_T]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}


def _line(reader: Reader, records: RunRecords, known: RunFigures | None, vantage: Vantage) -> Line:
    if known is None:
        return line_of(figures_of(reader, records, vantage), records)
    started_at = records.runs[0].started_at
    return _made(
        records, known, standing(started_at, records.segments, records.heartbeats, vantage)
    )


def line_of(figures: Figures, records: RunRecords) -> Line:
    """The line of a run whose figures are known."""
    return _made(records, booked_form(figures), figures.stands)


def _made(records: RunRecords, found: RunFigures, stands: Standing) -> Line:
    run = records.runs[0]
    host = records.hosts.get(records.segments[0].host_id) if records.segments else None
    copied: dict[str, Any] = {name: getattr(found, name) for name in _COPIED}
    summary = RunSummary(
        run_id=run.id,
        short_id=run.short_id,
        name=run.name,
        project=run.project,
        tags=run.tags,
        status=stands.status,
        hostname=host.hostname if host else "",
        started_at=run.started_at,
        duration_s=stands.duration_s,
        **copied,
    )
    return Line(run, summary, found)


_COPIED: Final = (
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "carbon_g",
    "carbon_low_g",
    "carbon_high_g",
)
