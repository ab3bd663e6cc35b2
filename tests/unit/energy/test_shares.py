"""A share of a device's energy, stretch by stretch."""

from __future__ import annotations

import pytest

from tracker.energy.shares import ShareBook

S = 1_000_000_000


def used_j(book: ShareBook, now_s: int, level_j: float, ratio: float) -> float:
    return sum(
        one.power_w * one.window_s
        for one in book.readings(now_s * S, {"gpu:0": level_j}, {"gpu:0": ratio})
    )


def test_each_stretch_is_shared_by_its_own_ratio() -> None:
    book = ShareBook()
    assert book.readings(0, {"gpu:0": 50.0}, {"gpu:0": 1.0}) == []
    assert used_j(book, 1, 150.0, 0.5) == pytest.approx(50)
    assert used_j(book, 3, 250.0, 1.0) == pytest.approx(100)
    assert used_j(book, 4, 350.0, 0.0) == 0


def test_a_level_that_comes_back_lower_is_not_counted_twice() -> None:
    book = ShareBook()
    used_j(book, 0, 0.0, 1.0)
    total_j = sum(used_j(book, s, level, 1.0) for s, level in ((1, 110.0), (2, 100.0), (3, 300.0)))
    assert total_j == pytest.approx(300)


def test_a_device_that_shows_later_began_with_the_book() -> None:
    book = ShareBook()
    book.readings(0, {}, {})
    (late,) = book.readings(2 * S, {"gpu:0": 600.0}, {"gpu:0": 0.5})
    assert (late.power_w, late.window_s) == (150.0, 2.0)


def test_a_device_of_which_no_share_is_known_gives_nothing() -> None:
    book = ShareBook()
    book.readings(0, {"cpu:0": 0.0}, {})
    assert book.readings(S, {"cpu:0": 10.0}, {}) == []
