"""Energy of a run's devices by stretches of time, summed in the database.

A day of eleven devices is 95,000 intervals: adding them up where they lie takes a fiftieth of
the time that making objects of them takes. Only those that cross a boundary come over, to be
divided in proportion to time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    func,
    select,
    text,
    true,
    type_coerce,
)

from tracker.store.schema import devices, intervals
from tracker.store.types import Id, Line, microseconds

Counted = tuple[UUID, str]
"""A segment and one of its devices."""

_SEGMENT = bindparam("segment", type_=Id)
_DEVICES = bindparam("devices", type_=Line, expanding=True)
_START = type_coerce(intervals.c.slot_start, BigInteger)
_CROSSING: Select[Any] = select(
    intervals.c.start_at, intervals.c.end_at, intervals.c.energy_j
).where(
    intervals.c.segment_id == _SEGMENT,
    intervals.c.device_id == bindparam("device", type_=Line),
    bindparam("begin", type_=BigInteger) <= _START,
    bindparam("until", type_=BigInteger) > _START,
    type_coerce(intervals.c.end_at, BigInteger) > bindparam("until", type_=BigInteger),
)
_FIRST = 0
_LAST = 2**62
_AT_ONCE: Final = 1000
"""Stretches in one statement."""


def energies_j(
    connection: Connection, counted: Iterable[Counted], bounds: Sequence[datetime]
) -> list[float]:
    """Joules before the first bound, between each two, and after the last.

    Args:
        connection: in a transaction that reads.
        counted: the devices that count.
        bounds: UTC, in order of time; may be empty.

    Raises:
        StoreError: the store cannot be read.
    """
    edges = [_FIRST, *map(microseconds, bounds), _LAST]
    spans = list(zip(range(len(edges)), edges, edges[1:], strict=False))
    sums_j = [0.0] * len(spans)
    chosen = [
        {"segment": segment_id, "devices": device_ids}
        for segment_id, device_ids in _by_segment(counted).items()
    ]
    for begin in range(0, len(spans), _AT_ONCE):
        sums, crossing = _statements(spans[begin : begin + _AT_ONCE])
        for each in chosen:
            for number, energy_j in connection.execute(sums, each):
                sums_j[number] += energy_j or 0.0
            for number, device_id in connection.execute(crossing, each):
                found = {"segment": each["segment"], "device": device_id}
                found |= {"begin": edges[number], "until": edges[number + 1]}
                for row in connection.execute(_CROSSING, found):
                    sums_j[number] -= row.energy_j
                    _divide(row, bounds, sums_j)
    return sums_j


def _statements(spans: Iterable[tuple[int, int, int]]) -> tuple[Select[Any], Select[Any]]:
    """The sums of what begins in each stretch, and the devices that go on beyond its end.

    Slots of a device lie one after the other: only the last of a stretch can go beyond it.
    """
    listed = ", ".join(f"({number}, {begin}, {until})" for number, begin, until in spans)
    span = (
        text(f"VALUES {listed}")  # numbers of ours; so SQLite and PostgreSQL name the columns
        .columns(column1=Integer, column2=BigInteger, column3=BigInteger)
        .cte("spans")
    )
    begin, until = span.c.column2, span.c.column3
    inside = and_(
        intervals.c.segment_id == _SEGMENT,
        begin <= _START,
        until > _START,
    )
    sums = select(
        span.c.column1,
        select(func.sum(intervals.c.energy_j))
        .where(inside, intervals.c.device_id.in_(_DEVICES))
        .scalar_subquery(),
    )
    ends = (
        select(intervals.c.end_at)
        .where(inside, intervals.c.device_id == devices.c.device_id)
        .order_by(intervals.c.slot_start.desc(), intervals.c.end_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    pairs = devices.join(span, true())
    crossing = (
        select(span.c.column1, devices.c.device_id)
        .select_from(pairs)
        .where(
            devices.c.segment_id == _SEGMENT,
            devices.c.device_id.in_(_DEVICES),
            type_coerce(ends, BigInteger) > until,
        )
    )
    return sums, crossing


def _by_segment(counted: Iterable[Counted]) -> dict[UUID, list[str]]:
    segments: defaultdict[UUID, list[str]] = defaultdict(list)
    for segment_id, device_id in counted:
        segments[segment_id].append(device_id)
    return segments


def _divide(row: Row[Any], bounds: Sequence[datetime], sums_j: list[float]) -> None:
    """Energy of an interval to the stretches that it lies in; the parts are the whole."""
    begin, left_j = row.start_at, row.energy_j
    number = bisect_right(bounds, begin)
    while number < len(bounds) and bounds[number] < row.end_at:
        part_j = row.energy_j * ((bounds[number] - begin) / (row.end_at - row.start_at))
        sums_j[number] += part_j
        begin, left_j, number = bounds[number], left_j - part_j, number + 1
    sums_j[number] += left_j
