"""Power of devices while nothing was asked of them: measured on request, or a run's quietest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, and_, cast, func, select, type_coerce
from sqlalchemy.types import BigInteger

from tracker.model.run import Baseline
from tracker.store import records, schema

_LOOKED_AT: Final = timedelta(hours=6)
"""Of a run's quietest minutes the first hours' are enough: idle is at most any of them."""

_MINUTE_US: Final = 60_000_000
_WHOLE_US: Final = 59_900_000
"""A minute of which so much was lived counts as one."""


class IdlePower(Struct, frozen=True):
    """A device's idle power.

    Attributes:
        measured_at: UTC; ``None`` where it is the mean of the run's quietest minute, which
            the device's idle power is at most.
    """

    power_w: float
    measured_at: datetime | None


def baselines(connection: Connection, host_ids: Iterable[str]) -> tuple[Baseline, ...]:
    """The newest of each device of these machines, by device."""
    table = schema.baselines
    found: dict[tuple[str, str], Baseline] = {}
    statement = select(table).where(table.c.host_id.in_(list(host_ids))).order_by(table.c.at)
    for row in connection.execute(statement):
        found[row.host_id, row.device_id] = records.baseline(row)
    return tuple(found[key] for key in sorted(found))


def idle_powers(connection: Connection, run_id: UUID) -> dict[tuple[str, str], IdlePower]:
    """Idle power by host and device, of those that a run has read."""
    segments = schema.segments
    mine = select(segments.c.host_id, segments.c.started_at).where(segments.c.run_id == run_id)
    parts = connection.execute(mine).all()
    if not parts:
        return {}
    known = baselines(connection, {row.host_id for row in parts})
    found = {(one.host_id, one.device_id): IdlePower(one.power_w, one.at) for one in known}
    until = min(row.started_at for row in parts) + _LOOKED_AT
    for row in _minutes(connection, run_id, until):
        found.setdefault((row.host_id, row.device_id), IdlePower(row.power_w, None))
    return found


def _minutes(connection: Connection, run_id: UUID, until: datetime) -> Iterable[Any]:
    """The least mean power over a whole minute, by host and device."""
    table, segments, devices = schema.intervals, schema.segments, schema.devices
    of_device = (  # by device first: so the key finds the rows of the first hours alone
        table.c.segment_id == devices.c.segment_id,
        table.c.device_id == devices.c.device_id,
        table.c.slot_start < until,
    )
    start_us, end_us = (
        type_coerce(column, schema.MICROSECONDS) for column in (table.c.start_at, table.c.end_at)
    )
    slot_us = type_coerce(table.c.slot_start, schema.MICROSECONDS)
    minute = slot_us - slot_us % _MINUTE_US
    lived_us = cast(func.max(end_us) - func.min(start_us), BigInteger)
    by_minute = (
        select(
            segments.c.host_id,
            table.c.device_id,
            (func.sum(table.c.energy_j) * 1e6 / lived_us).label("power_w"),
        )
        .select_from(segments)
        .join(devices, devices.c.segment_id == segments.c.id)
        .join(table, and_(*of_device))
        .where(segments.c.run_id == run_id)
        .group_by(segments.c.host_id, table.c.segment_id, table.c.device_id, minute)
        .having(lived_us >= _WHOLE_US)
        .subquery()
    )
    key = (by_minute.c.host_id, by_minute.c.device_id)
    least = select(*key, func.min(by_minute.c.power_w).label("power_w")).group_by(*key)
    return connection.execute(least)
