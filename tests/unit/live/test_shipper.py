"""Shipping goes on behind a run's back, and nobody waits for a server that does not answer."""

from __future__ import annotations

import threading
from typing import cast

from tracker.errors import StoreError
from tracker.live.shipper import TRIES, Shipper
from tracker.store.session import Session
from tracker.store.shipping import Shipped


class FakeSession:
    """Ships as it is told to.

    Attributes:
        answers: what each round comes to, the last one for ever.
    """

    def __init__(self, *answers: Shipped | StoreError | Exception | None) -> None:
        self.answers = list(answers)
        self.rounds = 0
        self.closed = threading.Event()

    def ship(self) -> Shipped | None:
        self.rounds += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed.set()


CLEAN = Shipped(0, 0, ())


def shipper_of(session: FakeSession) -> tuple[Shipper, list[tuple[str, str, str]]]:
    troubles: list[tuple[str, str, str]] = []
    shipper = Shipper(lambda: cast("Session", session), lambda *said: troubles.append(said))
    return shipper, troubles


def test_what_waits_at_the_end_of_a_run_is_shipped_and_the_thread_ends() -> None:
    session = FakeSession(CLEAN)
    shipper, troubles = shipper_of(session)
    shipper.begin()
    shipper.end()
    shipper.finish(10)
    assert session.closed.wait(10)
    assert session.rounds >= 1
    assert not troubles


def test_a_second_run_of_the_process_begins_anew() -> None:
    session = FakeSession(CLEAN)
    shipper, _ = shipper_of(session)
    for _ in range(2):
        session.closed.clear()
        shipper.begin()
        shipper.end()
        shipper.finish(10)
        assert session.closed.wait(10)


def test_a_server_that_does_not_answer_is_one_warning_and_no_wait() -> None:
    session = FakeSession(StoreError("connection refused"))
    shipper, troubles = shipper_of(session)
    shipper.begin()
    shipper.end()
    shipper.finish(60)  # comes back at once: the test's own time limit would end it
    shipper.finish(60)
    ((kind, subject, message),) = troubles
    assert (kind, subject) == ("server-unreachable", "server")
    assert "connection refused; the run is kept on this machine" in message
    assert "tracker sync" in message


def test_a_bug_of_ours_does_not_end_the_thread_without_a_word() -> None:
    session = FakeSession(ValueError("bug"))
    shipper, troubles = shipper_of(session)
    shipper.begin()
    shipper.end()
    shipper.finish(60)
    assert "ValueError('bug')" in troubles[0][2]


def test_what_the_server_refuses_is_said_once() -> None:
    session = FakeSession(Shipped(1, 0, ("run 1a2b: no",)))
    shipper, troubles = shipper_of(session)
    shipper.begin()
    shipper.end()
    shipper.finish(10)
    assert troubles == [("server-refused", "server", "the server does not take run 1a2b: no")]


def test_where_another_process_ships_it_is_asked_some_times_and_then_trusted() -> None:
    session = FakeSession(None)
    shipper, troubles = shipper_of(session)
    shipper.begin()
    shipper.end()
    shipper.finish(30)
    assert session.closed.wait(30)
    assert session.rounds >= TRIES
    assert not troubles
