"""Making room: old runs go, or only their details."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, and_, delete, or_, select

from tracker.store import schema
from tracker.store.compaction import SILENT, merge_between_prices
from tracker.store.database import Database
from tracker.store.deletion import bury, forget

_DETAILS: Final = (schema.phases, schema.metrics, schema.events)
_CHUNK: Final = 200


def prunable(
    database: Database, now: datetime, *, before: datetime | None, project: str | None
) -> tuple[UUID, ...]:
    """Runs that are over, the oldest first; of a local store, those its server has entirely.

    Args:
        database: the store.
        now: UTC.
        before: only those that began before that time.
        project: only those of that project.

    Raises:
        StoreError: the store cannot be read.
    """
    runs = schema.runs
    statement = (
        select(runs.c.id)
        .where(~_under_way(now).exists(), ~_not_on_its_server().exists())
        .order_by(runs.c.started_at)
    )
    if before is not None:
        statement = statement.where(runs.c.started_at < before)
    if project is not None:
        statement = statement.where(runs.c.project == project)
    with database.reading() as connection:
        return tuple(connection.execute(statement).scalars())


def _under_way(now: datetime) -> Select[Any]:
    segments, beats = schema.segments, schema.heartbeats
    heard = and_(beats.c.segment_id == segments.c.id, beats.c.at > now - SILENT)
    return select(segments.c.id).where(
        segments.c.run_id == schema.runs.c.id,
        segments.c.outcome.is_(None),
        segments.c.sealed_at.is_(None),
        or_(segments.c.started_at > now - SILENT, select(beats.c.at).where(heard).exists()),
    )


def _not_on_its_server() -> Select[Any]:
    segments, replicas = schema.segments, schema.replicas
    return (
        select(segments.c.id)
        .join(replicas, replicas.c.run_id == segments.c.run_id)
        .where(segments.c.run_id == schema.runs.c.id, segments.c.sealed_at.is_(None))
    )


def prune(database: Database, run_ids: Sequence[UUID], now: datetime, *, keep_totals: bool) -> None:
    """Delete runs here, or with ``keep_totals`` their phases, metrics, events and slots.

    A run's copy on a server, or elsewhere, stays as it is.

    Raises:
        StoreError: the store cannot be written; what was pruned stays so.
    """
    for start in range(0, len(run_ids), _CHUNK):
        chunk = run_ids[start : start + _CHUNK]
        with database.writing() as connection:
            if keep_totals:
                for run_id in chunk:
                    _keep_totals(connection, run_id)
            else:
                bury(connection, dict.fromkeys(chunk), now)


def _keep_totals(connection: Connection, run_id: UUID) -> None:
    merge_between_prices(connection, run_id)
    segments = schema.segments
    mine = select(segments.c.id).where(segments.c.run_id == run_id)
    for table in _DETAILS:
        connection.execute(delete(table).where(table.c.segment_id.in_(mine)))


def bury_again(database: Database) -> int:
    """Delete the runs that a role without that right could only mark as deleted; how many."""
    marked = select(schema.runs.c.id).where(
        schema.runs.c.id.in_(select(schema.tombstones.c.run_id))
    )
    with database.writing() as connection:
        return forget(connection, list(connection.execute(marked).scalars()))
