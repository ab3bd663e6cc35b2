"""The best start and the best hours, and the direction of what Dodge et al. published.

``seeds/dodge_table*.csv`` are tables 2 to 5 of arXiv 2206.05229: jobs, a job's grams by hour
of its start, and what the two ways saved with up to 24 h more and with twice the time.
"""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fakes.grids import value
from tracker.carbon.schedule import (
    Curve,
    flexible_start,
    pause_and_resume,
    starts,
)
from tracker.errors import IntensityMissing
from tracker.model.carbon import CarbonIntensity

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEDS = Path(__file__).parent / "seeds"
TWICE = "twice"


def hourly(*figures: float, start: datetime = MIDNIGHT) -> list[CarbonIntensity]:
    return [value(one, start + n * HOUR, lasts=HOUR) for n, one in enumerate(figures)]


def rows(table: str) -> list[dict[str, str]]:
    with (SEEDS / f"dodge_table{table}.csv").open() as lines:
        return list(csv.DictReader(lines))


def test_the_mean_is_weighted_by_time() -> None:
    values = hourly(100, 200, 400)
    assert Curve(values).mean(MIDNIGHT + 0.5 * HOUR, MIDNIGHT + 2.5 * HOUR) == pytest.approx(225)


def test_the_best_start_may_lie_within_an_hour() -> None:
    values = hourly(300, 100, 50, 100, 300, 300)
    best = flexible_start(values, MIDNIGHT, 2 * HOUR, 3 * HOUR)
    assert (best.at, best.g_per_kwh) == (MIDNIGHT + HOUR, 75)
    best = flexible_start(values, MIDNIGHT, 1.5 * HOUR, 3 * HOUR)
    assert best.at == MIDNIGHT + 1.5 * HOUR
    assert best.g_per_kwh == pytest.approx(100 / 1.5)


def test_now_is_best_where_nothing_is_better() -> None:
    assert flexible_start(hourly(5, 5, 5, 9), MIDNIGHT, HOUR, 9 * HOUR).at == MIDNIGHT
    assert starts(hourly(5, 5), MIDNIGHT + 0.3 * HOUR, HOUR, HOUR)[0].at == MIDNIGHT + 0.3 * HOUR


def test_pausing_works_in_the_lowest_hours_and_rests_in_the_others() -> None:
    plan = pause_and_resume(hourly(300, 100, 400, 50, 60), MIDNIGHT, 2.5 * HOUR, 3 * HOUR)
    assert plan.stretches == (
        (MIDNIGHT + HOUR, MIDNIGHT + 1.5 * HOUR),
        (MIDNIGHT + 3 * HOUR, MIDNIGHT + 5 * HOUR),
    )
    assert plan.pauses == 1
    assert plan.g_per_kwh == pytest.approx((50 + 60 + 0.5 * 100) / 2.5)


def test_a_job_longer_than_the_forecast_gets_no_advice() -> None:
    with pytest.raises(IntensityMissing, match="the forecast does not hold all of 2026-03-04"):
        flexible_start(hourly(5, 5), MIDNIGHT, 3 * HOUR, HOUR)
    with pytest.raises(IntensityMissing):
        pause_and_resume(hourly(5, 5), MIDNIGHT, 3 * HOUR, HOUR)


def test_a_hole_in_the_forecast_is_no_zero() -> None:
    values = [*hourly(100), *hourly(10, 10, start=MIDNIGHT + 2 * HOUR)]
    with pytest.raises(IntensityMissing):
        Curve(values).mean(MIDNIGHT, MIDNIGHT + 3 * HOUR)
    assert flexible_start(values, MIDNIGHT, HOUR, 9 * HOUR).at == MIDNIGHT + 2 * HOUR


@given(
    st.lists(st.floats(1, 1000), min_size=30, max_size=30),
    st.integers(1, 24),
    st.integers(0, 24),
)
def test_no_start_by_five_minutes_is_better_and_pausing_is_never_worse(
    figures: list[float], duration_5min: int, within_h: int
) -> None:
    values, duration = hourly(*figures), duration_5min * timedelta(minutes=5)
    best = flexible_start(values, MIDNIGHT, duration, within_h * HOUR)
    curve = Curve(values)
    for step in range(within_h * 12 + 1):
        at = MIDNIGHT + step * timedelta(minutes=5)
        assert best.g_per_kwh <= curve.mean(at, at + duration) + 1e-9
    plan = pause_and_resume(values, MIDNIGHT, duration, within_h * HOUR)
    assert plan.g_per_kwh <= best.g_per_kwh + 1e-9
    worked = sum(((end - begin) for begin, end in plan.stretches), timedelta())
    assert worked == duration


@pytest.mark.parametrize("row", rows("3_time_of_day"), ids=lambda row: f"day {row['day']}")
def test_the_best_hour_of_each_day_is_the_tables(row: dict[str, str]) -> None:
    """Eight starts of a job of 6 h: each figure is the sum of two blocks of 3 h."""
    grams = [float(row[f"{hour:02}"]) for hour in range(0, 24, 3)]
    blocks = [grams[0] / 2]
    for one in grams:
        blocks.append(one - blocks[-1])
    values = [value(one, MIDNIGHT + 3 * n * HOUR, lasts=3 * HOUR) for n, one in enumerate(blocks)]
    best = flexible_start(values, MIDNIGHT, 6 * HOUR, 21 * HOUR)
    assert best.at == MIDNIGHT + 3 * grams.index(min(grams)) * HOUR
    assert 1 - best.g_per_kwh * 2 / max(grams) == pytest.approx(1 - min(grams) / max(grams))
    assert 0.05 < 1 - min(grams) / max(grams) < 0.09  # "time of day up to 8 %"


def a_grid(days: int) -> list[CarbonIntensity]:
    """Quarters of hours: a day's swing, half a day's, weather over days, and some ripple."""
    waves = [(90, 24, 0), (40, 12, 1), (30, 70, 2), (12, 2.3, 3)]  # g/kWh, hours, phase
    quarter = HOUR / 4
    return [
        value(
            400 + sum(a * math.sin(2 * math.pi * n / 4 / hours + p) for a, hours, p in waves),
            MIDNIGHT + n * quarter,
            lasts=quarter,
        )
        for n in range(days * 96)
    ]


GRID = a_grid(40)


def saved(hours: float, window: str) -> tuple[float, float]:
    """What both ways save on average over a fortnight's starts, in per cent."""
    values, duration = GRID, hours * HOUR
    within = duration if window == TWICE else 24 * HOUR
    flexible, pausing = [], []
    for start in range(0, 14 * 24, 13):
        now = MIDNIGHT + start * HOUR
        near = [one for one in values if now - HOUR < one.valid_from < now + duration + within]
        at_once = Curve(near).mean(now, now + duration)
        best = flexible_start(near, now, duration, within).g_per_kwh
        flexible.append(100 * (1 - best / at_once))
        plan = pause_and_resume(near, now, duration, within)
        pausing.append(100 * (1 - plan.g_per_kwh / at_once))
    return sum(flexible) / len(flexible), sum(pausing) / len(pausing)


@pytest.mark.parametrize(("table", "window"), [("4_plus24h", "24 h"), ("5_plus100pct", TWICE)])
def test_the_published_direction(table: str, window: str) -> None:
    hours = {row["model"]: float(row["hours"]) for row in rows("2")}
    published = {row["model"]: row for row in rows(table)}
    ours = {length: saved(length, window) for length in sorted({*hours.values()})}
    for model, row in published.items():
        flexible, pausing = ours[hours[model]]
        assert float(row["pause_resume_pct"]) > float(row["flexible_start_pct"])
        assert pausing > flexible
    chosen = ["Dense 121", "BERT finetune", "ViT Base", "BERT LM/pretrain", "ViT Large", "ViT Huge"]
    columns = ("flexible_start_pct", "pause_resume_pct")
    theirs = [[float(published[model][one]) for model in chosen] for one in columns]
    found = [[ours[hours[model]][way] for model in chosen] for way in range(2)]
    for by_flexible_start, by_pausing in (theirs, found):
        if window == TWICE:  # a short job may move by minutes alone
            assert by_pausing[0] < min(by_pausing[1:]) / 4
            assert min(by_pausing[1:]) > 9
        else:  # with a day's freedom, the shorter the job the more it saves
            short, middle, longer, *_, longest = by_flexible_start
            assert short > middle > 2 * longer > 5 * longest
            assert by_pausing == sorted(by_pausing, reverse=True)
            assert by_pausing[0] > 5 * by_pausing[-1]


def test_a_value_that_began_before_counts_from_now_on() -> None:
    values = [replace(value(7, MIDNIGHT - HOUR), valid_to=MIDNIGHT + 5 * HOUR)]
    plan = pause_and_resume(values, MIDNIGHT, HOUR, HOUR)
    assert plan.stretches == ((MIDNIGHT, MIDNIGHT + HOUR),)
