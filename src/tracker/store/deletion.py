"""Deleting runs: what is gone leaves a tombstone, so that no copy brings it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select

from tracker.store import figures, schema
from tracker.store.database import Database


def delete_runs(database: Database, run_ids: Iterable[UUID], deleted_at: datetime) -> int:
    """Delete runs and all that lies below them; those that are not there are no trouble.

    Where a run is on a server too, the tombstone goes there with the next replication.

    Args:
        database: opened for writing.
        run_ids: which.
        deleted_at: now, UTC.

    Returns:
        How many there were.

    Raises:
        StoreError: nothing was deleted.
    """
    with database.writing() as connection:
        found = connection.execute(
            select(schema.runs.c.id, schema.replicas.c.target)
            .outerjoin(schema.replicas, schema.replicas.c.run_id == schema.runs.c.id)
            .where(schema.runs.c.id.in_(list(run_ids)))
        ).all()
        targets = {row.id: row.target for row in found}
        bury(connection, targets, deleted_at)
    return len(targets)


def bury(connection: Connection, targets: dict[UUID, str | None], deleted_at: datetime) -> None:
    """Delete runs, each with the server that is to hear of it, within a transaction."""
    if not targets:
        return
    forget(connection, list(targets))
    known = schema.tombstones.c.run_id.in_(list(targets))
    connection.execute(delete(schema.tombstones).where(known))
    rows = [
        {"run_id": key, "deleted_at": deleted_at, "target": to, "pending": to and True}
        for key, to in targets.items()
    ]
    connection.execute(schema.tombstones.insert(), rows)


def forget(connection: Connection, run_ids: Sequence[UUID]) -> int:
    """Delete runs without leaving a mark; how many there were."""
    figures.forget(connection, run_ids)
    return connection.execute(delete(schema.runs).where(schema.runs.c.id.in_(run_ids))).rowcount
