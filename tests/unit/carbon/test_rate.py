"""The rate limit is kept by all processes that share a folder, however their clocks go."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from tracker.carbon._rate import LONGEST_REFUSAL_S, RateLimiter
from tracker.ports.grid import RateLimit

TWO_A_MINUTE = RateLimit(calls=2, per_s=60)


class Hand:
    """A clock that is moved by hand, or by sleeping."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def now(self) -> float:
        return self.at

    def sleep(self, wait_s: float) -> None:
        self.at += wait_s


def limiter(path: Path, hand: Hand, limit: RateLimit | None = TWO_A_MINUTE) -> RateLimiter:
    return RateLimiter(path, limit, hand.now, hand.sleep)


def test_two_are_let_through_and_the_third_waits(tmp_path: Path) -> None:
    hand = Hand()
    ours, theirs = limiter(tmp_path / "a", hand), limiter(tmp_path / "a", hand)
    assert ours.reserve(60) == (True, 0)
    hand.at += 10
    assert theirs.reserve(60) == (True, 0)
    hand.at += 10
    assert ours.reserve(60) == (True, 40)
    assert theirs.reserve(60) == (True, 50)


def test_an_instant_that_lies_too_far_ahead_is_not_taken(tmp_path: Path) -> None:
    hand = Hand()
    one = limiter(tmp_path / "a", hand)
    for _ in range(2):
        one.reserve(10)
    assert one.reserve(10) == (False, 60)
    hand.at += 60
    assert one.reserve(10) == (True, 0)


def test_a_refusal_holds_for_all_and_has_an_end(tmp_path: Path) -> None:
    hand = Hand()
    ours, theirs = limiter(tmp_path / "a", hand), limiter(tmp_path / "a", hand, None)
    ours.refuse_for(30)
    assert theirs.reserve(60) == (True, 30)
    ours.refuse_for(1e12)
    assert theirs.reserve(60) == (False, LONGEST_REFUSAL_S)


def test_a_clock_that_was_set_back_blocks_nobody(tmp_path: Path) -> None:
    hand = Hand()
    one = limiter(tmp_path / "a", hand)
    for _ in range(2):
        one.reserve(60)
    one.refuse_for(3000)
    hand.at -= 1_000_000 / 2
    assert one.reserve(60) == (True, 0)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"calls": 3, "not_before": 0}', b'{"calls": [NaN]}', b"\xff"]
)
def test_a_broken_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    hand = Hand()
    assert [limiter(path, hand).reserve(60)[1] for _ in range(3)] == [0, 0, 60]


def test_a_folder_that_cannot_be_written_leaves_the_limit_within_the_process(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no folder")
    one = limiter(tmp_path / "file" / "a", Hand())
    assert [one.reserve(60)[1] for _ in range(3)] == [0, 0, 60]


def test_a_lock_that_is_never_given_back_holds_nobody(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    holder = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    hand = Hand()
    one = limiter(tmp_path / "a", hand)
    assert [one.reserve(60)[0] for _ in range(2)] == [True, True]
    os.close(holder)


def _reserve(path: Path, times: int) -> None:
    one = RateLimiter(path, RateLimit(1, 1000.0), time.time, time.sleep)
    for _ in range(times):
        one.reserve(1e6)


def test_processes_never_promise_the_same_instant(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    path = tmp_path / "a"
    both = [spawn.Process(target=_reserve, args=(path, 20)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
        assert one.exitcode == 0
    reserved, wait_s = RateLimiter(path, RateLimit(1, 1000.0), time.time, time.sleep).reserve(1e6)
    assert reserved
    assert wait_s == pytest.approx(40_000, abs=30)
