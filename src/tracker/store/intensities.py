"""The feed's cache: what the providers of carbon intensity answered, kept in the store.

An answer is kept with the stretch of time that was asked for, for a provider also answers
by leaving out: a gap in its data is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, or_, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.cache import Answer, Known
from tracker.store import schema
from tracker.store.database import Database
from tracker.store.writer import upsert

_ANSWERS, _VALUES = schema.grid_answers, schema.grid_values


class StoredIntensities:
    """The cache in a store.

    Args:
        database: opened for writing, or for reading where nothing will be kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, series: str, zone: str, start: datetime, end: datetime, now: datetime) -> Known:
        """What is kept for ``start`` to ``end`` and still holds at ``now``.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_ANSWERS.c.start_at, _ANSWERS.c.end_at)
                .where(_of(_ANSWERS, series, zone))
                .where(_ANSWERS.c.start_at < end, _ANSWERS.c.end_at > start)
                .where(or_(_ANSWERS.c.expires_at.is_(None), _ANSWERS.c.expires_at > now))
                .order_by(_ANSWERS.c.start_at)
            )
            answered = [(row.start_at, row.end_at) for row in rows]
            rows = connection.execute(
                select(_VALUES)
                .where(_of(_VALUES, series, zone))
                .where(_VALUES.c.valid_from < end, _VALUES.c.valid_to > start)
                .order_by(_VALUES.c.valid_from)
            )
            values = tuple(_value(row) for row in rows)
        missing = tuple(_gaps(answered, start, end))
        return Known(tuple(one for one in values if _is_within(one, answered)), missing)

    def keep(self, answer: Answer) -> None:
        """Keep an answer; it replaces what was kept of that stretch.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._database.writing() as connection:
            _forget(connection, answer)
            dialect = connection.dialect.name
            connection.execute(upsert(dialect, _ANSWERS), [_answer_row(answer)])
            if answer.values:
                rows = [_value_row(answer, one) for one in answer.values]
                connection.execute(upsert(dialect, _VALUES), rows)


def _of(table: Table, series: str, zone: str) -> ColumnElement[bool]:
    return and_(table.c.series == series, table.c.zone == zone)


def _gaps(
    covered: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    reached = start
    for begin, until in covered:
        if begin > reached:
            yield reached, begin
        reached = max(reached, until)
    if reached < end:
        yield reached, end


def _is_within(value: CarbonIntensity, answered: Iterable[tuple[datetime, datetime]]) -> bool:
    """Whether some answer that still holds speaks of the value's time."""
    return any(begin < value.valid_to and value.valid_from < until for begin, until in answered)


def _forget(connection: Connection, answer: Answer) -> None:
    """What the new answer speaks of is no longer known from older ones."""
    inside = and_(_ANSWERS.c.start_at >= answer.start, _ANSWERS.c.end_at <= answer.end)
    connection.execute(
        delete(_ANSWERS).where(_of(_ANSWERS, answer.series, answer.zone)).where(inside)
    )
    spoken_of = and_(_VALUES.c.valid_from >= answer.start, _VALUES.c.valid_from < answer.end)
    connection.execute(
        delete(_VALUES).where(_of(_VALUES, answer.series, answer.zone)).where(spoken_of)
    )


def _answer_row(answer: Answer) -> dict[str, Any]:
    return {
        "series": answer.series,
        "zone": answer.zone,
        "start_at": answer.start,
        "end_at": answer.end,
        "fetched_at": answer.fetched_at,
        "expires_at": answer.expires_at,
    }


def _value_row(answer: Answer, value: CarbonIntensity) -> dict[str, Any]:
    return {
        "series": answer.series,
        "zone": answer.zone,
        "valid_from": value.valid_from,
        "valid_to": value.valid_to,
        "g_per_kwh": value.g_per_kwh,
        "low": value.low,
        "high": value.high,
        "grid_zone": value.zone,
        "signal": value.signal,
        "scope": value.scope,
        "provider": value.provider,
        "estimated": value.estimated,
        "fetched_at": value.fetched_at,
        "source": value.source,
    }


def _value(row: Any) -> CarbonIntensity:  # noqa: ANN401 - SQLAlchemy's row
    return CarbonIntensity(
        row.g_per_kwh,
        row.low,
        row.high,
        row.grid_zone,
        Signal(row.signal),
        Scope(row.scope),
        row.valid_from,
        row.valid_to,
        row.provider,
        row.estimated,
        row.fetched_at,
        row.source,
    )
