"""Reading: a run and what lies below it, as records and as sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Select, Table, func, or_, select, tuple_, type_coerce

from tracker.errors import RunNotFound
from tracker.model.carbon import Pricing
from tracker.model.device import Method
from tracker.model.figures import Dimension, RunFigures
from tracker.model.host import HostFacts
from tracker.model.run import (
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Record,
    Run,
    Segment,
    SegmentDevice,
    SegmentInterval,
)
from tracker.store import figures, records, schema
from tracker.store.database import Database
from tracker.store.listing import Filter, Order, largest, newest
from tracker.store.overlaps import SharedEnergy, find_overlaps, overlaps_of, shared_energy
from tracker.store.selector import find
from tracker.store.spans import Counted, energies_j

_MICROSECONDS_PER_S = 1e6
_T = TypeVar("_T")


class DeviceSum(Struct, frozen=True):
    """All that one device gave to one segment by one method.

    Attributes:
        slack_j: of the intervals in quadrature.
        covered_s: seconds that were read.
    """

    segment_id: UUID
    device_id: str
    method: Method
    energy_j: float
    slack_j: float
    covered_s: float


class RunRecords(Struct, frozen=True):
    """Runs and what a report needs of them, without intervals; ordered as they came.

    Attributes:
        hosts: by host id.
        heartbeats: by segment id.
    """

    runs: tuple[Run, ...]
    segments: tuple[Segment, ...]
    hosts: dict[str, HostFacts]
    heartbeats: dict[UUID, Heartbeat]
    devices: tuple[SegmentDevice, ...]
    sums: tuple[DeviceSum, ...]
    pricings: tuple[Pricing, ...]


class RunDetails(Struct, frozen=True):
    """What only the report of a single run needs, ordered as it came.

    Attributes:
        overlaps: with other runs, as seen from this one.
    """

    phases: tuple[Phase, ...]
    metrics: tuple[Metric, ...]
    events: tuple[Event, ...]
    overlaps: tuple[Overlap, ...] = ()


class BookedTotals(Struct, frozen=True):
    """Rows of what was added up: see ``store/figures.py`` for their columns."""

    totals: Sequence[Any]
    classes: Sequence[Any]
    boards: Sequence[Any]


class Reader:
    """Reads from a store; every method is a transaction of its own.

    Args:
        database: opened for reading or writing.
        within: a transaction to read in, instead of one for each call.
    """

    def __init__(self, database: Database, within: Connection | None = None) -> None:
        self._database = database
        self._within = within

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._database.reading() if self._within is None else nullcontext(self._within)

    def count(self) -> int:
        """How many runs there are.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return connection.execute(select(func.count()).select_from(schema.runs)).scalar_one()

    def find(self, selector: str) -> UUID:
        """The run that ``last``, a unique name, an id or the beginning of a short id names.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return find(connection, selector)

    def newest(self, which: Filter, limit: int) -> tuple[UUID, ...]:
        """Ids of the runs that pass a filter, newest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return newest(connection, which, limit)

    def provisional(self, limit: int) -> tuple[UUID, ...]:
        """Ids of the newest runs that wait for figures of a pricing.

        Raises:
            StoreError: the store cannot be read.
        """
        runs, pricings = schema.runs, schema.pricings
        waiting = select(pricings.c.run_id).where(pricings.c.provisional)
        newest_first = (
            select(runs.c.id).where(runs.c.id.in_(waiting)).order_by(runs.c.started_at.desc())
        )
        with self._reading() as connection:
            return tuple(connection.execute(newest_first.limit(limit)).scalars())

    def waiting(self, limit: int | None = None) -> tuple[UUID, ...]:
        """Ids of the runs that are not booked.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return figures.waiting(connection, limit)

    def last_metrics(self, run_ids: Sequence[UUID], name: str) -> dict[UUID, float]:
        """The last value of a metric in each run that has it.

        Raises:
            StoreError: the store cannot be read.
        """
        metrics, segments = schema.metrics, schema.segments
        statement = (
            select(segments.c.run_id, metrics.c.value)
            .join(segments, segments.c.id == metrics.c.segment_id)
            .where(segments.c.run_id.in_(run_ids), metrics.c.name == name)
            .order_by(metrics.c.at, metrics.c.segment_id, metrics.c.number)
        )
        with self._reading() as connection:
            return {row.run_id: row.value for row in connection.execute(statement)}

    def hostnames(self) -> dict[str, str]:
        """Names of the machines, by host id.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            rows = connection.execute(select(schema.hosts.c.host_id, schema.hosts.c.hostname))
            return {row.host_id: row.hostname for row in rows}

    def booked_totals(self, dimension: Dimension, boards: Iterable[str]) -> BookedTotals:
        """What was added up of a dimension's groups; of some boards also one by one.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return BookedTotals(
                figures.totals_by(connection, dimension),
                figures.classes_by(connection, dimension),
                figures.boards_by(connection, dimension, boards),
            )

    def largest(
        self, which: Filter, order: Order, limit: int, below: tuple[float, UUID] | None = None
    ) -> tuple[tuple[float, UUID], ...]:
        """Figure and id of the booked runs that pass a filter, the largest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return largest(connection, which, order, limit, below)

    def lines(self, run_ids: Sequence[UUID]) -> tuple[RunRecords, dict[UUID, RunFigures]]:
        """Runs in the order asked for, and the figures of those that are booked.

        Of those the records hold no devices, sums and pricings: they have been added up.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            known = figures.booked(connection, run_ids)
            return _runs(connection, run_ids, known), known

    def runs(self, run_ids: Sequence[UUID]) -> RunRecords:
        """Runs in the order asked for; an id that is not there is left out.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return _runs(connection, run_ids)

    def run(self, run_id: UUID) -> tuple[RunRecords, RunDetails]:
        """One run with its phases, metrics and events.

        Raises:
            RunNotFound: it is not there.
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            found = _runs(connection, [run_id])
            if not found.runs:
                raise RunNotFound(
                    f"no run {run_id.hex[-8:]} in store {self._database.url_for_people}"
                )
            details = _details(connection, [segment.id for segment in found.segments])
            return found, replace(details, overlaps=overlaps_of(connection, run_id))

    def find_overlaps(self, run_id: UUID) -> tuple[Overlap, ...]:
        """What a run and others of this store both counted, found anew from their intervals.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return find_overlaps(connection, run_id)

    def shared_energy(self, run_ids: Sequence[UUID] | None = None) -> tuple[SharedEnergy, ...]:
        """What each two of these runs both counted; ``history/shared.py`` makes sums of it.

        Args:
            run_ids: which runs; all of the store, if not given.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return shared_energy(connection, run_ids)

    def intervals(self, run_id: UUID) -> Iterator[SegmentInterval]:
        """Every interval of a run by device, in order of time; few are in memory at once.

        Raises:
            StoreError: the store cannot be read.
        """
        table = schema.intervals
        statement = (
            select(table)
            .join(schema.segments, schema.segments.c.id == table.c.segment_id)
            .where(schema.segments.c.run_id == run_id)
            .order_by(table.c.segment_id, table.c.device_id, table.c.slot_start)
            .execution_options(yield_per=1000)
        )
        with self._reading() as connection:
            yield from map(records.interval, connection.execute(statement))

    def energies_j(self, counted: Iterable[Counted], bounds: Sequence[datetime]) -> list[float]:
        """Joules of segments' devices before, between and after instants (UTC) in order.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return energies_j(connection, counted, bounds)

    def power_curve(self, run_id: UUID) -> tuple[tuple[datetime, float], ...]:
        """Mean power of the devices in the total, in watts, by the slots' starts (UTC).

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            rows = connection.execute(_slots(run_id)).all()
        return tuple(
            (row.slot_start, row.energy_j / max((row.end_at - row.start_at).total_seconds(), 1e-6))
            for row in rows
        )

    def records(self, run_id: UUID) -> tuple[Record, ...]:
        """Everything that is stored of a run, as it was written; nothing if it is not there.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            found = _runs(connection, [run_id])
            ids = [segment.id for segment in found.segments]
            details = _details(connection, ids)
            noted = _all(connection, _of_segments(schema.overlaps, ids), records.overlap)
        return (
            *found.hosts.values(),
            *found.runs,
            *found.pricings,
            *found.segments,
            *found.devices,
            *self.intervals(run_id),
            *found.heartbeats.values(),
            *details.phases,
            *details.metrics,
            *details.events,
            *noted,
        )


def _all(
    connection: Connection, statement: Select[Any], record_of: Callable[[Any], _T]
) -> tuple[_T, ...]:
    return tuple(record_of(row) for row in connection.execute(statement))


def _of_segments(table: Table, ids: Sequence[UUID]) -> Select[Any]:
    return select(table).where(table.c.segment_id.in_(ids))


def _runs(
    connection: Connection, run_ids: Sequence[UUID], added_up: Container[UUID] = ()
) -> RunRecords:
    runs, segments, hosts = schema.runs, schema.segments, schema.hosts
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    found = _all(connection, select(runs).where(runs.c.id.in_(run_ids)), records.run)
    statement = select(segments).where(segments.c.run_id.in_(run_ids))
    parts = _all(connection, statement.order_by(segments.c.started_at), records.segment)
    ids = [segment.id for segment in parts if segment.run_id not in added_up]
    host_ids = {segment.host_id for segment in parts}
    machines = _all(connection, select(hosts).where(hosts.c.host_id.in_(host_ids)), records.host)
    lives = _of_segments(schema.heartbeats, [segment.id for segment in parts])
    beats = _all(connection, lives, records.heartbeat)
    return RunRecords(
        runs=tuple(sorted(found, key=lambda run: place[run.id])),
        segments=parts,
        hosts={host.host_id: host for host in machines},
        heartbeats={beat.segment_id: beat for beat in beats},
        devices=_all(connection, _of_segments(schema.devices, ids), records.device),
        sums=_all(connection, _sums(ids), _device_sum),
        pricings=_pricings(connection, [key for key in run_ids if key not in added_up]),
    )


def _sums(ids: Sequence[UUID]) -> Select[Any]:
    table = schema.intervals
    key = (table.c.segment_id, table.c.device_id, table.c.method)
    start_us, end_us = (
        type_coerce(column, schema.MICROSECONDS) for column in (table.c.start_at, table.c.end_at)
    )
    return (
        select(
            *key,
            func.sum(table.c.energy_j).label("energy_j"),
            func.sum(table.c.slack_j * table.c.slack_j).label("slack_j2"),
            func.sum(table.c.coverage * (end_us - start_us)).label("covered_us"),
        )
        .where(table.c.segment_id.in_(ids))
        .group_by(*key)
    )


def _slots(run_id: UUID) -> Select[Any]:
    intervals, devices, segments = schema.intervals, schema.devices, schema.segments
    key = (intervals.c.segment_id, intervals.c.device_id)
    return (
        select(
            intervals.c.slot_start,
            func.sum(intervals.c.energy_j).label("energy_j"),
            func.min(intervals.c.start_at).label("start_at"),
            func.max(intervals.c.end_at).label("end_at"),
        )
        .join(segments, segments.c.id == intervals.c.segment_id)
        .join(devices, tuple_(devices.c.segment_id, devices.c.device_id) == tuple_(*key))
        .where(segments.c.run_id == run_id, *schema.IN_TOTAL)
        .group_by(intervals.c.slot_start)
        .order_by(intervals.c.slot_start)
    )


def _device_sum(row: Any) -> DeviceSum:  # noqa: ANN401 - SQLAlchemy's row
    return DeviceSum(
        row.segment_id,
        row.device_id,
        Method(row.method),
        row.energy_j,
        row.slack_j2**0.5,
        row.covered_us / _MICROSECONDS_PER_S,
    )


def _pricings(connection: Connection, run_ids: Iterable[UUID]) -> tuple[Pricing, ...]:
    pricings, intensities = schema.pricings, schema.intensities
    statement = select(pricings).where(pricings.c.run_id.in_(run_ids))
    rows = connection.execute(statement.order_by(pricings.c.made_at, pricings.c.id)).all()
    stretches: defaultdict[UUID, list[Any]] = defaultdict(list)
    # One without length was there before its pricing was made anew (store/shipping.py).
    lasts = or_(intensities.c.end_at.is_(None), intensities.c.end_at > intensities.c.start_at)
    used = select(intensities).where(intensities.c.pricing_id.in_([row.id for row in rows]), lasts)
    for row in connection.execute(used.order_by(intensities.c.start_at)):
        stretches[row.pricing_id].append(row)
    return tuple(records.pricing(row, stretches[row.id]) for row in rows)


def _details(connection: Connection, ids: Sequence[UUID]) -> RunDetails:
    phases, metrics, events = schema.phases, schema.metrics, schema.events
    by_start = (phases.c.started_at, phases.c.segment_id, phases.c.number)
    by_time = (metrics.c.at, metrics.c.segment_id, metrics.c.number)
    in_order = (events.c.at, events.c.segment_id, events.c.number)
    return RunDetails(
        _all(connection, _of_segments(phases, ids).order_by(*by_start), records.phase),
        _all(connection, _of_segments(metrics, ids).order_by(*by_time), records.metric),
        _all(connection, _of_segments(events, ids).order_by(*in_order), records.event),
    )
