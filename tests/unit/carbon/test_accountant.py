"""Grams are joules times intensity times PUE, however time is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tracker.carbon.accountant import (
    carbon_between_g,
    intensity_at,
    make_pricing,
    stretches_of,
    with_stretches,
)
from tracker.carbon.pue import Pue
from tracker.errors import IntensityMissing
from tracker.model.carbon import CarbonIntensity, Location, Pricing, Scope, Signal

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
J_PER_KWH = 3.6e6
FRANCE = Location("FR", "France", "argument")


def intensity(
    g_per_kwh: float, start: datetime = NOON, low: float | None = None, high: float | None = None
) -> CarbonIntensity:
    return CarbonIntensity(
        g_per_kwh=g_per_kwh,
        low=g_per_kwh / 2 if low is None else low,
        high=g_per_kwh * 2 if high is None else high,
        zone="FR",
        signal=Signal.AVERAGE,
        scope=Scope.LIFECYCLE,
        valid_from=start,
        valid_to=start + 30 * MINUTE,
        provider="test",
        estimated=False,
        fetched_at=None,
        source="a test",
    )


def pricing(*intensities: CarbonIntensity, start: datetime = NOON, pue: float = 1.0) -> Pricing:
    return make_pricing(
        id=UUID(int=1),
        run_id=UUID(int=2),
        made_at=NOON,
        location=FRANCE,
        stretches=stretches_of(intensities, start, None),
        pue=Pue(pue, "argument"),
    )


HALF_HOURS = pricing(
    intensity(100), intensity(300, NOON + 30 * MINUTE), intensity(50, NOON + 60 * MINUTE)
)


def test_a_pricing_keeps_what_it_was_made_of() -> None:
    made = make_pricing(
        id=UUID(int=1),
        run_id=UUID(int=2),
        made_at=NOON,
        location=FRANCE,
        stretches=stretches_of([intensity(41)], NOON, None),
        pue=Pue(1.2, "TRACKER_PUE"),
        basis="market",
        what_if=True,
        provisional=True,
    )
    assert (made.id, made.run_id, made.made_at) == (UUID(int=1), UUID(int=2), NOON)
    assert (made.provider, made.location) == ("test", FRANCE)
    assert (made.signal, made.scope, made.basis) == (Signal.AVERAGE, Scope.LIFECYCLE, "market")
    assert (made.pue, made.pue_source) == (1.2, "TRACKER_PUE")
    assert made.what_if
    assert made.provisional


def test_a_pricing_is_by_location_final_and_no_what_if_unless_said() -> None:
    made = pricing(intensity(41))
    assert made.basis == "location"
    assert not made.what_if
    assert not made.provisional


def test_a_yearly_figure_holds_from_the_start_on_whatever_its_year() -> None:
    yearly = intensity(41, datetime(2024, 1, 1, tzinfo=UTC))
    (stretch,) = stretches_of([yearly], NOON, None)
    assert (stretch.start, stretch.end, stretch.intensity) == (NOON, None, yearly)
    (stretch,) = stretches_of([yearly], datetime(2020, 1, 1, tzinfo=UTC), NOON - 999 * MINUTE)
    assert stretch.intensity is yearly


def test_stretches_follow_each_other_without_gaps() -> None:
    values = [intensity(100), intensity(300, NOON + 30 * MINUTE), intensity(9, NOON + 90 * MINUTE)]
    found = stretches_of(values, NOON + MINUTE, NOON + 120 * MINUTE)
    assert [(stretch.start, stretch.end, stretch.intensity.g_per_kwh) for stretch in found] == [
        (NOON + MINUTE, NOON + 30 * MINUTE, 100),
        (NOON + 30 * MINUTE, NOON + 90 * MINUTE, 300),  # bridges the half hour without a value
        (NOON + 90 * MINUTE, NOON + 120 * MINUTE, 9),
    ]


def test_intensities_before_and_after_the_run_are_left_out() -> None:
    values = [intensity(n, NOON + n * 30 * MINUTE) for n in range(6)]
    found = stretches_of(values, NOON + 60 * MINUTE, NOON + 120 * MINUTE)
    assert [stretch.intensity.g_per_kwh for stretch in found] == [2, 3]
    found = stretches_of(values, NOON + 100 * MINUTE, NOON + 100 * MINUTE)
    assert [stretch.intensity.g_per_kwh for stretch in found] == [3]


def test_no_intensity_is_an_error_and_not_zero_grams() -> None:
    with pytest.raises(IntensityMissing, match="2026-11-24T12:00"):
        stretches_of([], NOON, None)


@pytest.mark.parametrize(
    ("minutes", "g_per_kwh"), [(-99, 100), (0, 100), (29, 100), (30, 300), (60, 50), (9999, 50)]
)
def test_each_instant_has_its_intensity(minutes: int, g_per_kwh: float) -> None:
    assert intensity_at(HALF_HOURS, NOON + minutes * MINUTE).g_per_kwh == g_per_kwh


@pytest.mark.parametrize(
    ("begin", "end", "expected_g"),
    [
        (0, 30, 100),
        (30, 60, 300),
        (15, 45, 200),  # half and half
        (0, 90, 150),  # a third each
        (20, 35, 100 * 10 / 15 + 300 * 5 / 15),
        (-30, 30, 100),  # before the first: the first
        (70, 700, 50),  # after the last: the last
        (30, 30, 300),  # an instant
    ],
)
def test_energy_over_a_boundary_is_divided_by_time(begin: int, end: int, expected_g: float) -> None:
    start, stop = NOON + begin * MINUTE, NOON + end * MINUTE
    assert carbon_between_g(HALF_HOURS, J_PER_KWH, start, stop) == pytest.approx(expected_g)


def test_pue_enters_grams() -> None:
    priced = pricing(intensity(100), pue=1.5)
    assert carbon_between_g(priced, 2 * J_PER_KWH, NOON, NOON + MINUTE) == pytest.approx(300)


seconds = st.integers(min_value=0, max_value=86_400 * 3)
figures = st.floats(min_value=1, max_value=1500)
energies = st.floats(min_value=0, max_value=1e9)


@st.composite
def pricings(draw: st.DrawFn) -> Pricing:
    starts = sorted(draw(st.sets(seconds, min_size=1, max_size=12)))
    values = [intensity(draw(figures), NOON + timedelta(seconds=start)) for start in starts]
    return pricing(
        *values, start=NOON + timedelta(seconds=draw(seconds)), pue=draw(st.floats(1, 3))
    )


@given(pricings(), energies, st.lists(seconds, min_size=2, max_size=10, unique=True))
def test_the_parts_of_an_interval_add_up_to_the_whole(
    priced: Pricing, energy_j: float, cuts_s: list[int]
) -> None:
    cuts = [NOON + timedelta(seconds=cut) for cut in sorted(cuts_s)]
    length = cuts[-1] - cuts[0]
    parts_g = sum(
        carbon_between_g(priced, energy_j * ((end - start) / length), start, end)
        for start, end in pairwise(cuts)
    )
    whole_g = carbon_between_g(priced, energy_j, cuts[0], cuts[-1])
    assert parts_g == pytest.approx(whole_g, rel=1e-9, abs=1e-9)


@given(pricings(), energies, seconds, seconds)
def test_equal_intensities_give_energy_times_intensity(
    priced: Pricing, energy_j: float, one_s: int, other_s: int
) -> None:
    start, end = (NOON + timedelta(seconds=at) for at in sorted((one_s, other_s)))
    flat = pricing(*(intensity(100, s.intensity.valid_from) for s in priced.stretches))
    expected_g = energy_j / J_PER_KWH * 100
    assert carbon_between_g(flat, energy_j, start, end) == pytest.approx(expected_g, rel=1e-9)


def test_a_provisional_pricing_takes_better_figures_and_a_frozen_one_none() -> None:
    guessed = replace(pricing(intensity(100)), provisional=True)
    better = replace(intensity(70), provider="uk", signal=Signal.MARGINAL, scope=Scope.DIRECT)
    stretches = stretches_of([better], NOON, None)
    filled = with_stretches(guessed, stretches, provider="uk", provisional=False, notes=())
    assert (filled.id, filled.signal, filled.scope) == (guessed.id, "marginal", "direct")
    assert filled.stretches == stretches
    with pytest.raises(ValueError, match="frozen"):
        with_stretches(filled, stretches, provider="uk", provisional=False, notes=())
