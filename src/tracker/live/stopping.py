"""How a run asks its training to end, and waits for it at the edges of phases."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable


class AskedToStop(ABC):
    """What hooks need of a run beyond its phases.

    A training is never ended from outside: whoever wants its end asks for it here, and the
    training's own loop ends it, the way its framework does that.
    """

    def __init__(self) -> None:
        self._stop_reason: str | None = None
        self._when_asked: list[Callable[[], object]] = []
        self._barriers: dict[Callable[[], object], int] = {}

    @property
    def should_stop(self) -> bool:
        """Whether the training was asked to end; a hook ends it at its next clean point."""
        return self._stop_reason is not None

    @property
    def stop_reason(self) -> str | None:
        """Why it was asked to end."""
        return self._stop_reason

    def request_stop(self, reason: str) -> None:
        """Ask the training to end at its next clean point; from any thread, the first counts.

        Hooks set their framework's own flag at once. A loop over ``run.epochs()`` raises
        ``BudgetExceeded(reason)`` where the next epoch would begin.
        """
        if self._stop_reason is None:
            self._stop_reason = reason
            for action in tuple(self._when_asked):
                action()

    def when_asked_to_stop(self, action: Callable[[], object]) -> None:
        """Do something small as soon as the end is asked for; at once if it already was.

        It may be called from a thread of ours, so it sets a flag and does nothing else.
        """
        self._when_asked.append(action)
        if self.should_stop:
            action()

    def wait_at_edges(self, barrier: Callable[[], object]) -> None:
        """Call ``barrier`` at each edge of a phase of this thread, before the time is taken.

        For a device that computes behind the program's back: what it still works on belongs
        to the phase that gave it that work. One that fails is noted once and called no more.
        """
        self._barriers[barrier] = threading.get_ident()

    def _wait_at_edge(self) -> None:
        for barrier, thread in tuple(self._barriers.items()):
            if thread == threading.get_ident():
                try:
                    barrier()
                except Exception as error:  # noqa: BLE001 - an edge comes in any case
                    del self._barriers[barrier]
                    self.note_failure("waiting at a phase's edge", error)

    @abstractmethod
    def note_failure(self, what: str, error: Exception) -> None:
        """Something of ours failed."""
