"""The questions that a reader asks, each in a transaction of the caller's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Select, Table, func, or_, select, tuple_, type_coerce

from tracker.model.carbon import Pricing
from tracker.model.device import Method
from tracker.store import records, schema
from tracker.store.found import DeviceSum, RunDetails, RunRecords

_MICROSECONDS_PER_S: Final = 1e6
_T = TypeVar("_T")


def all_of(
    connection: Connection, statement: Select[Any], record_of: Callable[[Any], _T]
) -> tuple[_T, ...]:
    """Every row of a statement, as a record."""
    return tuple(record_of(row) for row in connection.execute(statement))


def of_segments(table: Table, ids: Sequence[UUID]) -> Select[Any]:
    """Rows of a table that belong to segments."""
    return select(table).where(table.c.segment_id.in_(ids))


def runs_of(
    connection: Connection, run_ids: Sequence[UUID], added_up: Container[UUID] = ()
) -> RunRecords:
    """Runs in the order asked for, without what is known of those that were ``added_up``."""
    runs, segments, hosts = schema.runs, schema.segments, schema.hosts
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    found = all_of(connection, select(runs).where(runs.c.id.in_(run_ids)), records.run)
    statement = select(segments).where(segments.c.run_id.in_(run_ids))
    parts = all_of(connection, statement.order_by(segments.c.started_at), records.segment)
    ids = [segment.id for segment in parts if segment.run_id not in added_up]
    host_ids = {segment.host_id for segment in parts}
    machines = all_of(connection, select(hosts).where(hosts.c.host_id.in_(host_ids)), records.host)
    lives = of_segments(schema.heartbeats, [segment.id for segment in parts])
    beats = all_of(connection, lives, records.heartbeat)
    return RunRecords(
        runs=tuple(sorted(found, key=lambda run: place[run.id])),
        segments=parts,
        hosts={host.host_id: host for host in machines},
        heartbeats={beat.segment_id: beat for beat in beats},
        devices=all_of(connection, of_segments(schema.devices, ids), records.device),
        sums=all_of(connection, _sums(ids), _device_sum),
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


def slots_of(run_id: UUID) -> Select[Any]:
    """Energy of the devices in a run's total by slot: its start, begin and end."""
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


def details_of(connection: Connection, ids: Sequence[UUID]) -> RunDetails:
    """What only the report of a single run needs, of all its segments."""
    phases, metrics, events = schema.phases, schema.metrics, schema.events
    by_start = (phases.c.started_at, phases.c.segment_id, phases.c.number)
    by_time = (metrics.c.at, metrics.c.segment_id, metrics.c.number)
    in_order = (events.c.at, events.c.segment_id, events.c.number)
    return RunDetails(
        all_of(connection, of_segments(phases, ids).order_by(*by_start), records.phase),
        all_of(connection, of_segments(metrics, ids).order_by(*by_time), records.metric),
        all_of(connection, of_segments(events, ids).order_by(*in_order), records.event),
    )


def scopes_of(connection: Connection, run_ids: Sequence[UUID] | None) -> tuple[str, ...]:
    """Scopes of the newest pricing by the grid of some runs, or of all runs."""
    table, newer = schema.pricings, schema.pricings.alias("newer")
    found: set[str] = set()
    chunks = [run_ids[n : n + 500] for n in range(0, len(run_ids), 500)] if run_ids else [None]
    if run_ids is not None and not run_ids:
        return ()
    for chunk in chunks:
        by_grid = (~table.c.what_if, table.c.basis == "location")
        some = () if chunk is None else (table.c.run_id.in_(chunk),)
        replaced = (
            select(newer.c.id)
            .where(newer.c.run_id == table.c.run_id, ~newer.c.what_if)
            .where(newer.c.basis == "location", newer.c.made_at > table.c.made_at)
        )
        scopes = select(table.c.scope).distinct().where(*by_grid, *some, ~replaced.exists())
        found.update(connection.execute(scopes).scalars())
    return tuple(sorted(found))
