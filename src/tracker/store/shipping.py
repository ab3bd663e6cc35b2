"""Taking what waits in a local store to a server: in order of dependence, as often as needed.

A batch is one transaction on the server, and only after it the local rows are ticked off: a
failure in between ships them again, which changes nothing there. A segment's end is shipped
after all that lies below it, so that a run which reads ``finished`` is there entirely.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from tracker.errors import StoreError
from tracker.model.run import Segment
from tracker.store import schema
from tracker.store.arriving import for_open_segments, replace_stretches, runs_there, upsert_rows
from tracker.store.database import Database
from tracker.store.deletion import bury, forget
from tracker.store.figures import unbook
from tracker.store.outbox import Outbox, Row, sealing
from tracker.store.overlaps import find_overlaps
from tracker.store.records import segment as segment_of
from tracker.store.writer import Writer, insert_of, save_tags

BATCH: Final = 2000
"""Rows of a transaction, at most."""

IsGone = Callable[[Segment], bool]
"""Whether the process that wrote a segment is known to be gone."""

AddUp = Callable[[Database, UUID], object]
"""Adds up a run of a store that has ended."""

_LOG = logging.getLogger("tracker")

_BELOW: Final = tuple(
    table
    for table in schema.REPLICATED
    if table not in {schema.runs, schema.pricings, schema.segments}
)
_UNTIL_ALL_IS_THERE: Final = {"ended_at": None, "outcome": None, "error": None}


class Shipped(Struct, frozen=True):
    """What a round came to.

    Attributes:
        runs: how many had something that waited.
        rows: how many were taken.
        refused: what the server would not take, one line a run.
    """

    runs: int
    rows: int
    refused: tuple[str, ...]


class Shipment:
    """Brings a server up to a local store.

    Args:
        local: opened for writing.
        server: opened for writing.
        target: the server, as ``address.identity`` names it.
        now: tells the time, UTC.
        is_gone: whether the process that wrote a segment is known to be gone.
        add_up: adds up a run that has ended, for lists and totals.
    """

    def __init__(
        self,
        local: Database,
        server: Database,
        target: str,
        *,
        now: Callable[[], datetime],
        is_gone: IsGone,
        add_up: AddUp,
    ) -> None:
        self._local = local
        self._server = server
        self._outbox = Outbox(local, target)
        self._now = now
        self._is_gone = is_gone
        self._add_up = add_up

    def ship(self, progress: Callable[[int], None] = lambda _: None) -> Shipped:
        """Take everything that waits now.

        What the server refuses of one run keeps no other run waiting.

        Args:
            progress: told after each batch how many rows it had.

        Raises:
            StoreError: one of the two cannot be reached; what was taken is ticked off.
        """
        self._bury()
        run_ids = self._outbox.runs()
        run_ids = self._without_deleted(run_ids)
        rows, refused = 0, []
        for run_id in run_ids:
            try:
                for count in self._ship_run(run_id):
                    rows += count
                    progress(count)
            except StoreError as error:
                if not isinstance(error.__cause__, DataError | IntegrityError):
                    raise
                refused.append(f"run {run_id.hex[-8:]}: {error}")
        return Shipped(len(run_ids), rows, tuple(refused))

    # --- one run ------------------------------------------------------------------------

    def _ship_run(self, run_id: UUID) -> Iterator[int]:
        yield self._take(self._heads(run_id))
        segments = self._outbox.all_of(schema.segments, "run_id", [run_id])
        while any((batch := self._below(segments)).values()):
            yield self._take(batch)
        ended = [row for row in segments if row["pending"] and row["outcome"] is not None]
        if ended:
            yield self._take({schema.segments: ended})
            self._note_overlaps(run_id)
            self._book(run_id)
        self._seal([row for row in segments if row["sealed_at"] is None and self._is_over(row)])

    def _note_overlaps(self, run_id: UUID) -> None:
        """Runs of one machine may come from several local stores, and meet only on the server."""
        with self._server.reading() as connection:
            found = find_overlaps(connection, run_id)
        if found:
            Writer(self._server).save(found)

    def _heads(self, run_id: UUID) -> dict[Table, list[Row]]:
        """The run, its hosts, pricings and segments; of those that have ended, the beginning."""
        outbox = self._outbox
        segments = outbox.rows(schema.segments, [run_id])
        runs = outbox.rows(schema.runs, [run_id])
        host_ids = {
            row["host_id"]
            for row in (outbox.all_of(schema.segments, "run_id", [run_id]) if runs else segments)
        }
        return {
            schema.hosts: outbox.all_of(schema.hosts, "host_id", sorted(host_ids)),
            schema.runs: runs,
            schema.pricings: outbox.rows(schema.pricings, [run_id]),
            schema.segments: segments,
        }

    def _below(self, segments: Sequence[Row]) -> dict[Table, list[Row]]:
        ids = [row["id"] for row in segments]
        over = [row["id"] for row in segments if self._is_over(row)]
        batch: dict[Table, list[Row]] = {}
        room = BATCH
        for table in _BELOW:
            if table is schema.intervals:
                rows = self._outbox.closed_intervals(ids, over, self._now(), room)
            else:
                rows = self._outbox.rows(table, ids, room)
            batch[table] = rows
            room -= len(rows)
            if room <= 0:
                break
        return batch

    def _take(self, batch: Mapping[Table, list[Row]]) -> int:
        """One transaction there, then one here; how many rows."""
        if not any(batch.values()):
            return 0
        with self._server.writing() as connection:
            for table, rows in batch.items():
                if rows:
                    self._write(connection, table, rows, batch)
            heads = (*batch.get(schema.segments, ()), *batch.get(schema.pricings, ()))
            changed = {row["run_id"] for row in heads}
            if changed := changed | {row["id"] for row in batch.get(schema.runs, ())}:
                unbook(connection, changed)
        final = dict(batch)
        if schema.runs in batch:  # the heads: a segment's end is still to come
            final[schema.segments] = [
                row for row in batch[schema.segments] if row["outcome"] is None
            ]
        self._outbox.tick_off(final)
        return sum(len(rows) for table, rows in final.items() if "pending" in table.c)

    def _write(
        self,
        connection: Connection,
        table: Table,
        rows: Sequence[Row],
        batch: Mapping[Table, Sequence[Row]],
    ) -> None:
        if table is schema.segments and schema.runs in batch:
            rows = [_beginning(row) for row in rows]
        if table is schema.intervals:
            rows = for_open_segments(connection, rows)
        upsert_rows(connection, table, rows)
        if table is schema.runs:
            keys = [row["id"] for row in rows]
            save_tags(connection, runs_there(connection, keys))
        if table is schema.pricings:
            keys = [row["id"] for row in rows]
            stretches = self._outbox.all_of(schema.intensities, "pricing_id", keys)
            replace_stretches(connection, keys, stretches)

    def _seal(self, segments: Sequence[Row]) -> None:
        if segments:
            ids, at = [row["id"] for row in segments], self._now()
            with self._server.writing() as connection:
                connection.execute(sealing(ids, at))
            self._outbox.seal(ids, at)

    def _book(self, run_id: UUID) -> None:
        """Have the server add the run up; if it does not, that is done when somebody looks."""
        try:
            self._add_up(self._server, run_id)
        except StoreError as error:
            _LOG.debug("run %s is not added up on the server: %s", run_id, error)

    def _is_over(self, row: Row) -> bool:
        """Whether nobody writes a segment any more."""
        return row["outcome"] is not None or self._is_gone(segment_of(SimpleNamespace(**row)))

    # --- what was deleted ---------------------------------------------------------------

    def _bury(self) -> None:
        """Tell the server which runs were deleted here."""
        buried = self._outbox.tombstones()
        if not buried:
            return
        table = schema.tombstones
        rows = [{"run_id": row["run_id"], "deleted_at": row["deleted_at"]} for row in buried]
        with self._server.writing() as connection:
            connection.execute(
                insert_of(connection.dialect.name)(table).on_conflict_do_nothing(), rows
            )
        ids = [row["run_id"] for row in rows]
        try:
            with self._server.writing() as connection:
                forget(connection, ids)
        except StoreError as error:
            # A role that may not delete leaves that to the owner's `tracker db prune`.
            if not isinstance(error.__cause__, ProgrammingError):
                raise
        self._outbox.tick_off_tombstones(ids)

    def _without_deleted(self, run_ids: Sequence[UUID]) -> list[UUID]:
        """Runs that were not deleted on the server; of the others the copy here goes too."""
        table = schema.tombstones
        deleted: dict[UUID, datetime] = {}
        with self._server.reading() as connection:
            for start in range(0, len(run_ids), BATCH):
                chunk = run_ids[start : start + BATCH]
                found = connection.execute(select(table).where(table.c.run_id.in_(chunk)))
                deleted |= {row.run_id: row.deleted_at for row in found}
        for run_id, deleted_at in deleted.items():
            segments = self._outbox.all_of(schema.segments, "run_id", [run_id])
            if all(self._is_over(row) for row in segments):
                with self._local.writing() as connection:
                    bury(connection, {run_id: None}, deleted_at)
        return [run_id for run_id in run_ids if run_id not in deleted]


def _beginning(row: Row) -> Row:
    """A segment as long as not all of it is there."""
    if row["outcome"] is None:
        return row
    return row | _UNTIL_ALL_IS_THERE | {"revision": row["revision"] - 1}
