"""Reading: a run and what lies below it, as records and as sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from tracker.errors import RunNotFound
from tracker.model.figures import Dimension, RunFigures
from tracker.model.run import (
    Overlap,
    Record,
    SegmentInterval,
)
from tracker.store import figures, queries, records, schema
from tracker.store.database import Database
from tracker.store.found import BookedTotals, RunDetails, RunRecords
from tracker.store.idle import idle_powers
from tracker.store.listing import Filter, Order, largest, newest
from tracker.store.overlaps import SharedEnergy, find_overlaps, overlaps_of, shared_energy
from tracker.store.selector import find
from tracker.store.spans import Counted, energies_j


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

    def waiting(self) -> tuple[UUID, ...]:
        """Ids of the runs that are not booked, oldest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return figures.waiting(connection)

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

    def scopes(self, run_ids: Sequence[UUID] | None) -> tuple[str, ...]:
        """What the current pricings of some runs, or of all, count; each scope once.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return queries.scopes_of(connection, run_ids)

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
            return queries.runs_of(connection, run_ids, known), known

    def runs(self, run_ids: Sequence[UUID]) -> RunRecords:
        """Runs in the order asked for; an id that is not there is left out.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return queries.runs_of(connection, run_ids)

    def signs(self, run_ids: Sequence[UUID]) -> RunRecords:
        """Runs with their segments and heartbeats alone.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            return queries.runs_of(connection, run_ids, set(run_ids))

    def run(self, run_id: UUID) -> tuple[RunRecords, RunDetails]:
        """One run with its phases, metrics and events.

        Raises:
            RunNotFound: it is not there.
            StoreError: the store cannot be read.
        """
        with self._reading() as connection:
            found = queries.runs_of(connection, [run_id])
            if not found.runs:
                raise RunNotFound(
                    f"no run {run_id.hex[-8:]} in store {self._database.url_for_people}"
                )
            details = queries.details_of(connection, [segment.id for segment in found.segments])
            return found, replace(
                details,
                overlaps=overlaps_of(connection, run_id),
                idle=idle_powers(connection, run_id),
            )

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
            rows = connection.execute(queries.slots_of(run_id)).all()
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
            found = queries.runs_of(connection, [run_id])
            ids = [segment.id for segment in found.segments]
            details = queries.details_of(connection, ids)
            noted = queries.all_of(
                connection, queries.of_segments(schema.overlaps, ids), records.overlap
            )
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
