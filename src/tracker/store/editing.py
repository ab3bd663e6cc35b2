"""Correcting what people got wrong about a run: name, project, tags, note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, case, null, select, true

from tracker.errors import RunNotFound
from tracker.model.run import Run
from tracker.store import figures, records, schema
from tracker.store.database import Database
from tracker.store.writer import save_tags

_EDITED: Final = ("name", "project", "tags", "note")


def edit_run(database: Database, run_id: UUID, change: Callable[[Run], Run]) -> Run:
    """Change a run's name, project, tags or note; a server that is to have it gets it anew.

    Args:
        database: opened for writing.
        run_id: which.
        change: makes the new record of the present one.

    Returns:
        The run as it is now.

    Raises:
        RunNotFound: it is not there.
        StoreError: nothing was changed.
    """
    runs = schema.runs
    with database.writing() as connection:
        row = connection.execute(
            select(runs).where(runs.c.id == run_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise RunNotFound(f"no run {run_id.hex[-8:]} in store {database.url_for_people}")
        before = records.run(row)
        after = change(before)
        values = {name: getattr(after, name) for name in _EDITED}
        is_shared = select(schema.replicas.c.run_id).where(schema.replicas.c.run_id == run_id)
        connection.execute(
            runs.update()
            .where(runs.c.id == run_id)
            .values(
                **values,
                revision=runs.c.revision + 1,
                pending=case((is_shared.exists(), true()), else_=null()),
            )
        )
        save_tags(connection, [after])
        if after.project != before.project:
            _move(connection, run_id, after.project)
    return after


def _move(connection: Connection, run_id: UUID, project: str) -> None:
    """Out of the totals of one project, into those of the other."""
    known = figures.booked(connection, [run_id])
    figures.forget(connection, [run_id])
    figures.book(connection, [replace(each, project=project) for each in known.values()])
