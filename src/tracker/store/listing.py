"""Which runs, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from tracker.store import schema

_FEW: Final = 2000
"""Runs of a tag that are looked up one by one; of a commoner one, the list is gone through."""


class Order(StrEnum):
    """What comes first: the newest, or the largest."""

    STARTED = "started"
    ENERGY = "energy"
    CARBON = "carbon"
    DURATION = "duration"


_FIGURES: Final = {
    Order.ENERGY: schema.figures.c.energy_j,
    Order.CARBON: schema.figures.c.carbon_g,
    Order.DURATION: schema.figures.c.duration_s,
}


class Filter(Struct, frozen=True):
    """What a run must be; ``None`` asks for nothing.

    Attributes:
        name: a shell pattern, in capitals or not: ``resnet*``.
        tags: each of them, exactly.
        host: a machine's name or id, as a shell pattern.
        ended: whether every segment has ended by itself.
        waits: only runs that are not booked.
        since: started then or later, UTC.
        until: started before then, UTC.
        min_carbon_g: at least so many grams; runs that are not booked pass.
        after: only runs that come later in the list of the newest than this one.
    """

    project: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    host: str | None = None
    ended: bool | None = None
    waits: bool = False
    since: datetime | None = None
    until: datetime | None = None
    min_carbon_g: float | None = None
    after: UUID | None = None

    @property
    def asks_for_nothing(self) -> bool:
        """Whether every run passes."""
        return self == Filter()


def newest(connection: Connection, which: Filter, limit: int) -> tuple[UUID, ...]:
    """Ids of the runs that pass, newest first; ``limit`` at most."""
    runs = schema.runs
    statement = (
        select(runs.c.id)
        .where(*_conditions(connection, which))
        .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        .limit(limit)
    )
    return tuple(connection.execute(statement).scalars())


def largest(
    connection: Connection,
    which: Filter,
    order: Order,
    limit: int,
    below: tuple[float, UUID] | None = None,
) -> tuple[tuple[float, UUID], ...]:
    """Figure and id of the booked runs that pass, the largest first; those without are left out.

    Args:
        connection: of the store.
        which: what a run must be.
        order: by which figure; not ``STARTED``.
        limit: so many at most.
        below: the last one of the page before.
    """
    column, run_id = _FIGURES[order], schema.figures.c.run_id
    conditions = [column.is_not(None), *_conditions(connection, which)]
    if below is not None:
        value, last = below
        conditions.append(or_(column < value, and_(column == value, run_id < last)))
    statement: Select[Any] = (
        select(column, run_id)
        .join(schema.runs, schema.runs.c.id == run_id)
        .where(*conditions)
        .order_by(column.desc(), run_id.desc())
        .limit(limit)
    )
    return tuple((value, key) for value, key in connection.execute(statement))


def _conditions(connection: Connection, which: Filter) -> list[ColumnElement[bool]]:
    runs = schema.runs
    conditions: list[ColumnElement[bool]] = []
    if which.project is not None:
        conditions.append(runs.c.project == which.project)
    if which.name is not None:
        conditions.append(_is_like(runs.c.name, which.name))
    conditions += [_has_tag(connection, key, value) for key, value in which.tags.items()]
    if which.host is not None:
        conditions.append(_was_on(which.host))
    if which.since is not None:
        conditions.append(runs.c.started_at >= which.since)
    if which.until is not None:
        conditions.append(runs.c.started_at < which.until)
    if which.ended is not None:
        conditions.append(_ended() if which.ended else ~_ended())
    if which.min_carbon_g is not None:
        conditions.append(or_(_emitted(which.min_carbon_g), _waits()))
    if which.waits:
        conditions.append(_waits())
    if which.after is not None:
        conditions.append(_later_in_the_list(connection, which.after))
    return conditions


def _has_tag(connection: Connection, key: str, value: str) -> ColumnElement[bool]:
    tags = schema.tags
    mine = (tags.c.key == key, tags.c.value == value)
    some = select(tags.c.run_id).where(*mine).limit(_FEW + 1).subquery()
    count = connection.execute(select(func.count()).select_from(some)).scalar_one()
    if count <= _FEW:
        return schema.runs.c.id.in_(select(tags.c.run_id).where(*mine))
    return select(tags.c.run_id).where(tags.c.run_id == schema.runs.c.id, *mine).exists()


def _was_on(host: str) -> ColumnElement[bool]:
    segments, hosts = schema.segments, schema.hosts
    named = select(hosts.c.host_id).where(
        or_(hosts.c.host_id == host, _is_like(hosts.c.hostname, host))
    )
    mine = segments.c.run_id == schema.runs.c.id
    return select(segments.c.id).where(mine, segments.c.host_id.in_(named)).exists()


def _emitted(least_g: float) -> ColumnElement[bool]:
    figures = schema.figures
    return schema.runs.c.id.in_(select(figures.c.run_id).where(figures.c.carbon_g >= least_g))


def _waits() -> ColumnElement[bool]:
    return schema.runs.c.id.in_(select(schema.unbooked.c.run_id))


def _ended() -> ColumnElement[bool]:
    segments = schema.segments
    mine = segments.c.run_id == schema.runs.c.id
    return ~select(segments.c.id).where(mine, segments.c.outcome.is_(None)).exists()


def _later_in_the_list(connection: Connection, run_id: UUID) -> ColumnElement[bool]:
    runs = schema.runs
    started_at = connection.execute(
        select(runs.c.started_at).where(runs.c.id == run_id)
    ).scalar_one_or_none()
    if started_at is None:  # it was deleted meanwhile: its id tells about when it began
        return runs.c.id < run_id
    same_time = and_(runs.c.started_at == started_at, runs.c.id < run_id)
    # The first condition alone lets the index begin in the middle of the list.
    return and_(runs.c.started_at <= started_at, or_(runs.c.started_at < started_at, same_time))


def _is_like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    return column.ilike(_like(pattern), escape="\\")


def _like(pattern: str) -> str:
    """A shell pattern as LIKE understands it: ``*`` any text, ``?`` one character."""
    escaped = pattern.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return escaped.replace("*", "%").replace("?", "_")
