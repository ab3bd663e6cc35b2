"""The thread that takes runs from the user's own store to a server; nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tracker.errors import TrackerError
from tracker.live.process import importing

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.store.session import Session

_LOG = logging.getLogger("tracker")

FIRST_S: Final = 2.0
"""When a run that has begun is first shipped."""

PERIOD_S: Final = 10.0
"""Between two rounds: a slot's length."""

FIRST_RETRY_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
"""A server that does not answer is tried again after 5, 10, 20 s and so on."""

TRY_AGAIN_S: Final = 0.1
TRIES: Final = 5
"""At its end a process asks so often whether it may ship; else whoever does ships for it."""


class Shipper:
    """Ships what waits for one server, every ten seconds as long as a run is under way.

    Args:
        open_session: opens the user's own store; the server is connected to when it ships.
        trouble: told what went wrong, as kind, subject and message, once.
    """

    def __init__(
        self, open_session: Callable[[], Session], trouble: Callable[[str, str, str], None]
    ) -> None:
        self._open_session = open_session
        self._trouble = trouble
        self._session: Session | None = None
        self._due = threading.Event()
        self._state = threading.Condition()
        self._thread: threading.Thread | None = None
        self._users = 0
        self._failures = 0
        self._busy = 0
        self._warned = False

    def begin(self) -> None:
        """A run is under way."""
        with self._state:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="tracker-shipper", daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        """A run has ended: ship its end now; never waits."""
        with self._state:
            self._users -= 1
        self._due.set()

    def finish(self, timeout_s: float) -> None:
        """The process ends: wait until all is shipped, unless the server does not answer."""
        with self._state:
            if self._failures == 0:
                self._state.wait_for(lambda: self._thread is None or self._failures, timeout_s)

    def _run(self) -> None:
        wait_s = FIRST_S
        while True:
            self._due.wait(wait_s)
            self._due.clear()
            with self._state:
                is_last = self._users == 0
            self._round()
            with self._state:
                self._state.notify_all()
                if is_last and self._users == 0 and self._is_done():
                    self._thread = None
                    break
            wait_s = self._pause_s(is_last)
        self._close()

    def _is_done(self) -> bool:
        """Nothing waits, or whoever ships for this machine was asked often enough."""
        return not self._failures and (not self._busy or self._busy >= TRIES)

    def _pause_s(self, is_last: bool) -> float:
        if self._failures:
            return min(FIRST_RETRY_S * 2.0 ** (self._failures - 1), LONGEST_WAIT_S)
        return TRY_AGAIN_S if is_last and self._busy else PERIOD_S

    def _round(self) -> None:
        """Ship once."""
        try:
            if self._session is None:
                self._session = self._open_session()
            shipped = self._session.ship()
        except TrackerError as error:
            self._note_failure(str(error))
        except Exception as error:  # noqa: BLE001 - nothing may end this thread
            _LOG.debug("shipping failed", exc_info=True)
            self._note_failure(repr(error))
        else:
            self._failures = 0
            self._busy = self._busy + 1 if shipped is None else 0
            if shipped is not None and shipped.refused:
                self._warn("server-refused", f"the server does not take {shipped.refused[0]}")

    def _note_failure(self, message: str) -> None:
        self._failures = min(self._failures + 1, 10)
        self._warn(
            "server-unreachable",
            f"{message}; the run is kept on this machine and goes there when the server "
            "answers, with the next run or with: tracker sync",
        )

    def _warn(self, kind: str, message: str) -> None:
        if not self._warned:
            self._warned = True
            self._trouble(kind, "server", message)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def shipper_to(
    assembly: Assembly, server: str, trouble: Callable[[str, str, str], None]
) -> Callable[[], Shipper]:
    """What makes the shipper of a server; it imports on its thread, and forks wait for that."""

    def open_session() -> Session:
        from tracker.history.booking import book  # noqa: PLC0415 - not for a run's start
        from tracker.history.status import Vantage  # noqa: PLC0415 - the same

        return assembly.open_session(server, lambda one: Vantage.here().is_gone(one), book)

    return lambda: Shipper(importing(open_session), trouble)
