"""What one process keeps for its runs: the pipeline, the writers, and a way out at exit."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from msgspec import Struct, field

from tracker.live.fetcher import Fetcher
from tracker.live.keeper import Keeper
from tracker.live.pipeline import Pipeline

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.live.shipper import Shipper

EXIT_WAIT_S: Final = 2.0
"""How long the end of a process waits for its last records to be written, and to be shipped."""


LATE_WAIT_S: Final = 10.0
"""How long the interpreter's exit waits for a writer that the end of its run did not wait for."""

FORK_WAIT_S: Final = 5.0
"""How long a fork waits at most for our threads' first imports, and for a commit; a child that
inherits either half done keeps nothing of its own."""

_R = TypeVar("_R")


class Stoppable(Protocol):
    """A run that is under way."""

    def stop(self, *, error: str | None = None) -> object:
        """End it."""


class _Shared(Struct):
    """A thing that several runs use, and how many do."""

    keeper: Keeper
    users: int = 0


class Process(Struct, eq=False):
    """The runs of this process and what they share.

    A forked child gets an empty one: it inherits neither threads nor connections.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    pipeline: Pipeline | None = None
    runs: list[Stoppable] = field(default_factory=list)
    keepers: dict[str, _Shared] = field(default_factory=dict)
    late: list[Keeper] = field(default_factory=list)
    fetcher: Fetcher = field(default_factory=Fetcher)
    shippers: dict[str, Shipper] = field(default_factory=dict)

    def pipeline_for(self, interval_s: float, assembly: Assembly) -> Pipeline:
        """The process's pipeline, started for its first run."""
        with self.lock:
            if self.pipeline is None:
                pipeline = Pipeline(
                    importing(assembly.open_sources),
                    assembly.clock,
                    interval_s,
                    assembly.process_tree,
                )
                pipeline.start()
                self.pipeline = pipeline  # only one that runs: a thread cannot always be started
            return self.pipeline

    def keeper_for(self, store: str | None, make: Callable[[], Keeper]) -> Keeper:
        """The writer of a store, started for its first run."""
        with self.lock:
            shared = self.keepers.get(store or "")
            if shared is None:
                keeper = make()
                keeper.start()
                shared = self.keepers[store or ""] = _Shared(keeper)
            shared.users += 1
            return shared.keeper

    def release_keeper(self, store: str | None, wait_s: float) -> None:
        """A run has had its last report; the last one of a store closes it."""
        with self.lock:
            shared = self.keepers[store or ""]
            shared.users -= 1
            keeper = shared.keeper if shared.users == 0 else None
            if keeper is not None:
                del self.keepers[store or ""]
        if keeper is not None and not keeper.close(wait_s):
            self.late.append(keeper)

    def shipper_for(self, server: str, make: Callable[[], Shipper]) -> Shipper:
        """Who takes runs to a server; the caller begins and ends its own."""
        with self.lock:
            if server not in self.shippers:
                self.shippers[server] = make()
            return self.shippers[server]

    def begin(self, run: Stoppable) -> None:
        """A run is under way."""
        with self.lock:
            self.runs.append(run)

    def end(self, run: Stoppable) -> None:
        """A run has ended; the last one ends the sampling."""
        with self.lock:
            if run in self.runs:
                self.runs.remove(run)
            pipeline = self.pipeline if not self.runs else None
            if pipeline is not None:
                self.pipeline = None
        if pipeline is not None:
            pipeline.stop()

    def end_all(self) -> None:
        """The interpreter exits: close what was never stopped."""
        for run in tuple(self.runs):
            run.stop(error="the program ended without stopping this run")
        for keeper in self.late:  # on a starved machine even the first commit may take seconds
            keeper.close(LATE_WAIT_S)
        for shipper in tuple(self.shippers.values()):
            shipper.finish(EXIT_WAIT_S)


class _Forks:
    """Lets a fork wait while our threads import or write.

    A child that is forked in the middle of an import inherits the module's lock, and whoever
    imports that module there waits for ever. So it is with what SQLite knows of a file's locks.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._held_for_fork = False

    def before_fork(self) -> None:
        self._held_for_fork = self.lock.acquire(timeout=FORK_WAIT_S)

    def after_in_parent(self) -> None:
        if self._held_for_fork:
            self.lock.release()

    def after_in_child(self) -> None:
        self.lock = threading.RLock()


_process = Process()
_forks = _Forks()


def importing(action: Callable[[], _R]) -> Callable[[], _R]:
    """An action that imports modules, on a thread of ours: forks wait for its end."""

    def act() -> _R:
        with _forks.lock:
            return action()

    return act


def no_fork() -> AbstractContextManager[object]:
    """While it lasts, forks wait."""
    return _forks.lock


def current() -> Process:
    """This process's."""
    return _process


def _forget_parent() -> None:
    global _process  # noqa: PLW0603 - a forked child must not touch what its parent owns
    _process = Process()
    _forks.after_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_forks.before_fork,
        after_in_parent=_forks.after_in_parent,
        after_in_child=_forget_parent,
    )
atexit.register(lambda: current().end_all())
