"""What providers answered is kept, gaps included, and expires when it was provisional."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from fakes.records import intensity
from tracker.model.carbon import CarbonIntensity
from tracker.ports.cache import Answer
from tracker.store.database import Database
from tracker.store.intensities import StoredIntensities

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(first: int, *figures: float) -> list[CarbonIntensity]:
    return [
        replace(
            intensity(figure),
            valid_from=NOON + (first + number) * HOUR,
            valid_to=NOON + (first + number + 1) * HOUR,
            fetched_at=NOON,
        )
        for number, figure in enumerate(figures)
    ]


def answer(
    first: int, last: int, values: list[CarbonIntensity], expires_at: datetime | None = None
) -> Answer:
    begin, until = NOON + first * HOUR, NOON + last * HOUR
    return Answer("uk", "GB", begin, until, values, NOON, expires_at)


def test_nothing_is_known_at_first(database: Database) -> None:
    known = StoredIntensities(database).known("uk", "GB", NOON, NOON + HOUR, NOON)
    assert known.values == ()
    assert known.missing == ((NOON, NOON + HOUR),)


def test_what_was_answered_comes_back_as_it_was_and_is_missing_no_more(database: Database) -> None:
    cache = StoredIntensities(database)
    cache.keep(answer(0, 3, hourly(0, 100, 200, 300)))
    known = cache.known("uk", "GB", NOON + 0.5 * HOUR, NOON + 2 * HOUR, NOON + 999 * HOUR)
    assert list(known.values) == hourly(0, 100, 200)
    assert known.missing == ()
    for series, zone in [("uk", "GB-1"), ("other", "GB")]:
        assert cache.known(series, zone, NOON, NOON + HOUR, NOON).values == ()


def test_a_gap_in_an_answer_is_an_answer(database: Database) -> None:
    cache = StoredIntensities(database)
    cache.keep(answer(0, 4, hourly(3, 7)))
    cache.keep(answer(6, 7, []))
    known = cache.known("uk", "GB", NOON - HOUR, NOON + 8 * HOUR, NOON)
    assert [one.g_per_kwh for one in known.values] == [7]
    assert known.missing == (
        (NOON - HOUR, NOON),
        (NOON + 4 * HOUR, NOON + 6 * HOUR),
        (NOON + 7 * HOUR, NOON + 8 * HOUR),
    )


def test_a_provisional_answer_expires_and_a_newer_one_replaces_it(database: Database) -> None:
    cache = StoredIntensities(database)
    cache.keep(answer(0, 2, hourly(0, 100, 200), expires_at=NOON + HOUR))
    before = cache.known("uk", "GB", NOON, NOON + 2 * HOUR, NOON + 0.9 * HOUR)
    assert [one.g_per_kwh for one in before.values] == [100, 200]
    expired = cache.known("uk", "GB", NOON, NOON + 2 * HOUR, NOON + HOUR)
    assert (expired.values, expired.missing) == ((), ((NOON, NOON + 2 * HOUR),))
    cache.keep(answer(0, 2, hourly(0, 111)))
    after = cache.known("uk", "GB", NOON, NOON + 2 * HOUR, NOON + 99 * HOUR)
    assert [one.g_per_kwh for one in after.values] == [111]


def test_answers_that_overlap_are_put_together(database: Database) -> None:
    cache = StoredIntensities(database)
    cache.keep(answer(0, 2, hourly(0, 1, 2)))
    cache.keep(answer(1, 3, hourly(1, 22, 33)))
    known = cache.known("uk", "GB", NOON, NOON + 3 * HOUR, NOON)
    assert [one.g_per_kwh for one in known.values] == [1, 22, 33]
    assert known.missing == ()
