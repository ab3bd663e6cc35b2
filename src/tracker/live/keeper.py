"""The thread that writes: at most one commit a second, and nothing lost where one fails."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from tracker.errors import TrackerError
from tracker.live.pending import Pending
from tracker.model.run import Record

if TYPE_CHECKING:
    from tracker.live.kept import KeptStore
    from tracker.model.report import RunReport

_LOG = logging.getLogger("tracker")

RETRY_S: Final = 5.0
"""A store that refused to be written is tried again after this time."""

PATIENCE_S: Final = 30.0
"""A store that somebody else holds for so long is worth a warning."""

CHECKPOINT_S: Final = 9.0
"""What was committed is safe from a power cut so soon: with a tick, within ten seconds."""

TIDY_AFTER_S: Final = 60.0
"""A process that writes for so long compacts some old runs, once."""


class Flushed(Enum):
    """What became of everything that was put."""

    SAVED = "saved"
    REFUSED = "refused"
    LATE = "late"


class Keeper:
    """Writes one store on a thread of its own, and opens it there: SQLAlchemy takes long.

    Args:
        open_store: opens the store; may take as long as it likes.
        open_memory: opens one that cannot fail, for a run that cannot be kept.
        trouble: told what went wrong, as kind and message; once each.
        checkpoint_s: how often what was committed is made safe from a power cut.
        no_fork: holds forks up while we write: a child would inherit SQLite's locks, as held.
    """

    def __init__(
        self,
        open_store: Callable[[], KeptStore],
        open_memory: Callable[[], KeptStore],
        trouble: Callable[[str, str], None],
        checkpoint_s: float = CHECKPOINT_S,
        no_fork: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._open_store = open_store
        self._open_memory = open_memory
        self._trouble = trouble
        self._pending = Pending()
        self._store: KeptStore | None = None
        self._opening = threading.Lock()
        self._due = threading.Event()
        self._saved = threading.Condition()
        self._asked = 0
        self._answered = 0
        self._failing_since_s: float | None = None
        self._jobs: list[Callable[[], None]] = []
        self._afterwards: list[Callable[[], None]] = []
        self._ended: list[UUID] = []
        self._warned = False
        self._rehearsed = False
        self._tidy_at_s = math.inf
        self._checkpoint_s = checkpoint_s
        self._no_fork = no_fork
        self._checkpoint_at_s = 0.0
        self._ending = False
        self.kept = True
        self._thread = threading.Thread(target=self._run, name="tracker-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._tidy_at_s = time.monotonic() + TIDY_AFTER_S
        self._thread.start()

    def put(self, records: Iterable[Record]) -> None:
        """Keep records with the next commit; never waits."""
        self._pending.put(records)

    def commit_soon(self) -> None:
        """Ask for a commit; never waits."""
        self._due.set()

    def do_first(self, job: Callable[[], None]) -> None:
        """Do something slow on the writer's thread, before the next commit."""
        self._jobs.append(job)

    def after_each_commit(self, job: Callable[[], None]) -> None:
        """Do something on the writer's thread whenever it has written."""
        self._afterwards.append(job)

    def no_more(self, job: Callable[[], None]) -> None:
        """Take back what ``after_each_commit`` was told."""
        if job in self._afterwards:
            self._afterwards.remove(job)

    def rehearse(self, run_id: UUID) -> None:
        """Have a run's report made once while it runs, on the writer's thread.

        SQLAlchemy compiles its questions then, and the end of the run does not wait for that.
        """
        if self._rehearsed:
            return
        self._rehearsed = True

        def second_commit() -> None:
            self.no_more(second_commit)
            self.report(run_id)

        def first_commit() -> None:
            self.no_more(first_commit)
            self.after_each_commit(second_commit)

        self.after_each_commit(first_commit)

    def flush(self, timeout_s: float) -> Flushed:
        """Wait until everything put so far is committed, or cannot be."""
        with self._saved:
            self._asked += 1
            ticket = self._asked
            self._due.set()
            if not self._saved.wait_for(lambda: self._answered >= ticket, timeout_s):
                return Flushed.LATE
        return Flushed.SAVED if self._failing_since_s is None else Flushed.REFUSED

    def close(self, timeout_s: float) -> bool:
        """Write what is left and end the thread; whether it ended in that time."""
        self._ending = True
        self._due.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def note_overlaps(self, run_id: UUID) -> None:
        """Once the last records of a run are written, store what it shares with others."""
        self._ended.append(run_id)

    def book(self, run_id: UUID) -> None:
        """Add an ended run up for lists and totals, on the writer's thread; never waits."""
        self.do_first(lambda: self._opened().book(run_id))
        self.commit_soon()

    def report(self, run_id: UUID) -> RunReport:
        """The run as its store has it now.

        Raises:
            StoreError: the store cannot be read.
        """
        return self._opened().report(run_id, kept=self.kept)

    def report_with_pending(self, run_id: UUID) -> RunReport:
        """The run as its store would have it, had it taken everything: put together in memory."""
        records: Sequence[Record] = ()
        try:
            records = self._opened().records(run_id)
        except TrackerError as error:
            _LOG.debug("what was stored of run %s cannot be read: %s", run_id, error)
        memory = self._open_memory()
        try:
            memory.save([*records, *self._pending.copy()])
            return memory.report(run_id, kept=False)
        finally:
            memory.close()

    def _run(self) -> None:
        while not self._ending:
            self._due.wait(RETRY_S if self._failing_since_s else None)
            self._due.clear()
            with self._no_fork():
                self._commit()
        with self._no_fork():
            self._commit()
        with self._no_fork(), self._opening:
            if self._store is not None:
                _do_all([self._store.checkpoint, self._store.close])

    def _opened(self) -> KeptStore:
        with self._opening:
            if self._store is None:
                try:
                    self._store = self._open_store()
                except TrackerError as error:
                    self.kept = False
                    self._store = self._open_memory()
                    self._warn("store-unavailable", f"this run is not kept: {error}")
        return self._store

    def _commit(self) -> None:
        with self._saved:
            asked = self._asked
        jobs, self._jobs = self._jobs, []
        _do_all(jobs)
        ended, self._ended = self._ended, []  # first: their last records are in what is taken
        records = self._pending.take()
        try:
            self._opened().save(records)
            self._failing_since_s = None
            self._note_overlaps(ended)
        except TrackerError as error:
            self._pending.put_back(records)
            self._ended = ended + self._ended
            self._note_failure(error)
        with self._saved:
            self._answered = asked
            self._saved.notify_all()
        _do_all(self._afterwards)
        now_s = time.monotonic()
        if now_s >= self._checkpoint_at_s:
            self._checkpoint_at_s = now_s + self._checkpoint_s
            _do_all([self._opened().checkpoint])
        if now_s > self._tidy_at_s:
            self._tidy_at_s = math.inf
            _do_all([self._opened().tidy])

    def _note_overlaps(self, ended: Iterable[UUID]) -> None:
        for run_id in ended:
            try:
                self._opened().note_overlaps(run_id)
            except TrackerError as error:  # the others note it too when they end
                _LOG.debug("overlaps of run %s are not stored: %s", run_id, error)

    def _note_failure(self, error: TrackerError) -> None:
        now_s = time.monotonic()
        if self._failing_since_s is None:
            self._failing_since_s = now_s
        if not getattr(error, "transient", False) or now_s - self._failing_since_s > PATIENCE_S:
            self._warn("store-failed", f"not stored for now, the run goes on: {error}")

    def _warn(self, kind: str, message: str) -> None:
        if not self._warned:
            self._warned = True
            self._trouble(kind, message)


def _do_all(jobs: Iterable[Callable[[], None]]) -> None:
    for job in tuple(jobs):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - nothing may end the writer's thread
            _LOG.debug("a job of the writer failed: %r", error)
