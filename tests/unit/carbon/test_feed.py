"""Every minute is booked by the first of the chain that has it, and nobody is asked twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.grids import HALF_HOUR, FakeGrid, Yearly, half_hours, link, value
from tracker.carbon.feed import Booked, Feed, Link
from tracker.carbon.gaps import fill
from tracker.errors import GridUnavailable, IntensityMissing, StoreError, ZoneUnknown
from tracker.model.carbon import CarbonIntensity
from tracker.ports.cache import Answer, Known
from tracker.store.database import open_memory
from tracker.store.intensities import StoredIntensities

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=9)
HOUR = timedelta(hours=1)


@pytest.fixture
def cache() -> Iterator[StoredIntensities]:
    with open_memory() as database:
        yield StoredIntensities(database)


def feed(*chain: Link, cache: StoredIntensities | None = None, now: datetime = LATER) -> Feed:
    return Feed(chain, cache, lambda: now)


def booked_by(booked: Booked) -> list[str]:
    return [stretch.intensity.provider for stretch in booked.stretches]


def failing(error: Exception) -> FakeGrid:
    def say(start: datetime, end: datetime) -> list[CarbonIntensity]:
        raise error

    return FakeGrid(say)


def without_gaps(booked: Booked, start: datetime, end: datetime) -> bool:
    ends = [booked.stretches[0].start, *(one.end for one in booked.stretches)]
    joined = all(one.end == other.start for one, other in pairwise(booked.stretches))
    return joined and (ends[0], ends[-1]) == (start, end)


def test_the_half_hours_are_those_of_the_run() -> None:
    begin, end = NOON + 0.1 * HOUR, NOON + 1.2 * HOUR
    found = feed(link(FakeGrid()), link(Yearly())).book(begin, end)
    assert [one.intensity.g_per_kwh for one in found.stretches] == [72, 75, 78]
    assert without_gaps(found, begin, end)
    assert found.settled
    assert found.notes == ()


def test_a_second_look_asks_nobody_and_a_run_of_the_same_day_neither(
    cache: StoredIntensities,
) -> None:
    grid = FakeGrid()
    asking = feed(link(grid), cache=cache)
    first = asking.book(NOON, NOON + HOUR)
    assert asking.book(NOON, NOON + HOUR) == first
    asking.book(NOON - 9 * HOUR, NOON + 11 * HOUR)
    assert grid.asked == [(NOON - 12 * HOUR, NOON + 12 * HOUR)]


def test_only_what_is_missing_is_asked_for_in_one_call(cache: StoredIntensities) -> None:
    grid = FakeGrid()
    narrow = Feed([link(grid)], cache, lambda: LATER, wide=False)
    narrow.book(NOON, NOON + HOUR)
    narrow.book(NOON - HOUR, NOON + 2 * HOUR)
    assert grid.asked == [(NOON, NOON + HOUR), (NOON - HOUR, NOON + 2 * HOUR)]
    narrow.book(NOON + HOUR, NOON + 3 * HOUR)
    assert grid.asked[2:] == [(NOON + 2 * HOUR, NOON + 3 * HOUR)]


def test_what_may_be_revised_is_asked_for_again_after_its_step(cache: StoredIntensities) -> None:
    grid, end = FakeGrid(), NOON + HOUR
    for minutes, calls in [(0, 1), (29, 1), (31, 2)]:
        now = end + timedelta(minutes=minutes)
        feed(link(grid), cache=cache, now=now).book(NOON, end)
        assert len(grid.asked) == calls
    feed(link(grid), cache=cache, now=end + timedelta(days=3)).book(NOON, end)
    feed(link(grid), cache=cache, now=end + timedelta(days=900)).book(NOON, end)
    assert len(grid.asked) == 3  # final since it was older than two days


@pytest.mark.parametrize(
    ("error", "settled"),
    [
        (GridUnavailable("no answer"), False),
        (RuntimeError("a bug of the plugin"), False),
        (ZoneUnknown("not GB"), True),
        (IntensityMissing("nothing for that day"), True),
    ],
)
def test_what_one_lacks_the_next_has_and_a_note_says_why(error: Exception, settled: bool) -> None:
    found = feed(link(failing(error), "broken"), link(Yearly())).book(NOON, NOON + HOUR)
    assert booked_by(found) == ["table"]
    assert found.settled is settled
    (note,) = found.notes
    assert (note.provider, note.zone) == ("broken", "GB")
    assert str(error) in note.reason or "has nothing for 2026-03-04 12:00" in note.reason


@pytest.mark.parametrize("figure", [-0.1, 2000.1, float("nan"), float("inf")])
def test_a_figure_that_no_grid_has_is_not_booked(figure: float) -> None:
    absurd = FakeGrid(lambda start, _: [value(figure, start, lasts=HOUR)])
    found = feed(link(absurd), link(Yearly())).book(NOON, NOON + HOUR)
    assert booked_by(found) == ["table"]
    assert "which no grid has" in found.notes[0].reason


def test_a_gap_of_an_hour_is_carried_over_and_a_longer_one_goes_to_the_next() -> None:
    known = [value(100, NOON), value(50, NOON + 1.5 * HOUR), value(70, NOON + 5 * HOUR)]
    grid = FakeGrid(lambda *_: known)
    found = feed(link(grid), link(Yearly())).book(NOON, NOON + 5.5 * HOUR)
    told = [(one.start, one.intensity.g_per_kwh) for one in found.stretches]
    assert told == [
        (NOON, 100),
        (NOON + 0.5 * HOUR, 100),
        (NOON + 1.5 * HOUR, 50),
        (NOON + 2 * HOUR, 216),
        (NOON + 5 * HOUR, 70),
    ]
    carried = found.stretches[1].intensity
    assert carried.estimated
    assert carried.low < known[0].low < known[0].high < carried.high
    assert "carried forward" in carried.source
    assert "2026-03-04 14:00 to 2026-03-04 17:00" in found.notes[0].reason


def test_data_that_stop_before_the_end_may_still_come() -> None:
    grid = FakeGrid(lambda start, end: half_hours(start, min(end, NOON + HOUR)))
    found = feed(link(grid), link(Yearly()), now=NOON + 6 * HOUR).book(NOON, NOON + 5 * HOUR)
    assert booked_by(found) == ["fake", "fake", "table"]
    assert not found.settled
    assert feed(link(grid), link(Yearly())).book(NOON, NOON + 5 * HOUR).settled


def test_an_estimate_is_settled_once_it_is_old() -> None:
    grid = FakeGrid(lambda *_: [value(9, NOON, lasts=HOUR, estimated=True)])
    assert not feed(link(grid), now=NOON + 2 * HOUR).book(NOON, NOON + HOUR).settled
    assert feed(link(grid)).book(NOON, NOON + HOUR).settled


def test_a_provider_that_does_not_answer_is_asked_once_and_not_for_every_gap() -> None:
    dead = failing(GridUnavailable("no answer"))
    patchy = FakeGrid(lambda *_: [value(1, NOON + 2 * HOUR), value(1, NOON + 5 * HOUR)])
    feed(link(patchy, "patchy"), link(dead), link(Yearly())).book(NOON, NOON + 9 * HOUR)
    assert len(dead.asked) == 1


def test_what_was_answered_earlier_counts_when_nobody_answers_now(
    cache: StoredIntensities,
) -> None:
    Feed([link(FakeGrid(), "uk")], cache, lambda: LATER, wide=False).book(NOON, NOON + HOUR)
    dead = link(failing(GridUnavailable("no answer")), "uk")
    found = feed(dead, link(Yearly()), cache=cache).book(NOON, NOON + 3 * HOUR)
    assert [one.intensity.g_per_kwh for one in found.stretches] == [72, 75, 216]
    assert not found.settled


def test_one_absurd_figure_does_not_spoil_the_others() -> None:
    mixed = FakeGrid(lambda *_: [value(70, NOON), value(-1, NOON + HALF_HOUR)])
    found = feed(link(mixed), link(Yearly())).book(NOON, NOON + 3 * HOUR)
    assert [one.intensity.g_per_kwh for one in found.stretches] == [70, 216]


def test_a_chain_that_has_nothing_says_what_each_said() -> None:
    alone = feed(link(failing(GridUnavailable("no answer")), "uk"))
    with pytest.raises(IntensityMissing, match=r"12:00 to .*: uk: no answer"):
        alone.book(NOON, NOON + HOUR)


def test_an_instant_has_an_intensity() -> None:
    assert len(feed(link(Yearly())).book(NOON, NOON).stretches) == 1


class Refusing:
    """A cache that neither gives nor takes."""

    def known(self, series: str, zone: str, start: datetime, end: datetime, now: datetime) -> Known:
        raise StoreError("locked")

    def keep(self, answer: Answer) -> None:
        raise StoreError("locked")


def test_a_cache_that_fails_costs_a_question_and_nothing_else() -> None:
    grid = FakeGrid()
    found = Feed([link(grid)], Refusing(), lambda: LATER).book(NOON, NOON + HOUR)
    assert len(found.stretches) == 2
    assert len(grid.asked) == 1


def test_a_forecast_is_asked_for_once_a_step(cache: StoredIntensities) -> None:
    ahead = [value(100, NOON), value(50, NOON + HALF_HOUR)]
    grid = FakeGrid(ahead=ahead)
    for minutes, calls in [(0, 1), (20, 1), (40, 2)]:
        asking = feed(link(grid), cache=cache, now=NOON + timedelta(minutes=minutes))
        assert len(asking.forecast(asking.chain[0])) == 2
        assert len(grid.asked) == calls


moments = st.integers(0, 400).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(st.lists(moments, unique=True, max_size=12), moments, moments)
def test_stretches_and_gaps_are_the_whole_time(
    starts: list[datetime], one: datetime, other: datetime
) -> None:
    start, end = sorted((one, other))
    values = [value(1, at) for at in sorted(starts)]
    stretches, gaps = fill(values, start, end)
    parts = sorted([*((s.start, s.end) for s in stretches), *gaps])
    assert sum(((until - at) for at, until in parts), timedelta()) == end - start  # type: ignore[operator]
    assert all(before[1] == after[0] for before, after in pairwise(parts))
