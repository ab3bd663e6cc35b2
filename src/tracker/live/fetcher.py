"""The thread that asks the network, if it may: nobody waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

_LOG = logging.getLogger("tracker")

Job = Callable[[], float | None]
"""Does one round; returns seconds until the next one, ``None`` if there is none."""

FIRST_S: Final = 0.3
"""A run that is shorter has nothing fetched: its start is not the time for imports."""


class Fetcher:
    """Does each job when it is due, one after the other, on a thread of its own."""

    def __init__(self) -> None:
        self._due_s: dict[Job, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        """Do a job from now on; never waits."""
        with self._changed:
            self._due_s[job] = time.monotonic() + FIRST_S
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="tracker-fetcher", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def remove(self, job: Job) -> None:
        """Do a job no more; a round that is under way is not waited for."""
        with self._changed:
            self._due_s.pop(job, None)
            self._changed.notify()

    def _work(self) -> None:
        while True:
            job = self._next()
            if job is None:
                return
            pause_s = _done(job)
            with self._changed:
                if job in self._due_s:
                    if pause_s is None:
                        del self._due_s[job]
                    else:
                        self._due_s[job] = time.monotonic() + pause_s

    def _next(self) -> Job | None:
        """The job that is due, waited for; ``None`` where there is none left: the thread ends."""
        with self._changed:
            while self._due_s:
                job, due_s = min(self._due_s.items(), key=lambda item: item[1])
                left_s = due_s - time.monotonic()
                if left_s <= 0:
                    return job
                self._changed.wait(left_s)
            self._thread = None
        return None


def _done(job: Job) -> float | None:
    try:
        return job()
    except Exception as error:  # noqa: BLE001 - nothing of it reaches the training
        _LOG.debug("fetching failed: %r", error, exc_info=True)
        return None
