"""Which runs, newest first."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from tracker.store import schema


class Filter(Struct, frozen=True):
    """What a run must be; ``None`` asks for nothing.

    Attributes:
        name: a shell pattern, in capitals or not: ``resnet*``.
        ended: whether every segment has ended by itself.
        since: started then or later, UTC.
        until: started before then, UTC.
        after: only runs that come later in the list than this one.
    """

    project: str | None = None
    name: str | None = None
    ended: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: UUID | None = None


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


def _conditions(connection: Connection, which: Filter) -> list[ColumnElement[bool]]:
    runs = schema.runs
    conditions: list[ColumnElement[bool]] = []
    if which.project is not None:
        conditions.append(runs.c.project == which.project)
    if which.name is not None:
        conditions.append(runs.c.name.ilike(_like(which.name), escape="\\"))
    if which.since is not None:
        conditions.append(runs.c.started_at >= which.since)
    if which.until is not None:
        conditions.append(runs.c.started_at < which.until)
    if which.ended is not None:
        conditions.append(_ended() if which.ended else ~_ended())
    if which.after is not None:
        conditions.append(_later_in_the_list(connection, which.after))
    return conditions


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
    return or_(runs.c.started_at < started_at, same_time)


def _like(pattern: str) -> str:
    """A shell pattern as LIKE understands it: ``*`` any text, ``?`` one character."""
    escaped = pattern.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return escaped.replace("*", "%").replace("?", "_")
