"""Low and high of a figure: a factor on the odds, or the spread of an area's members."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.grid._spread import CEILING_G_PER_KWH, by_members, by_odds

figures = st.floats(min_value=1, max_value=1399)
factors = st.floats(min_value=1.1, max_value=10)


def test_far_below_the_ceiling_it_is_the_figure_divided_and_multiplied() -> None:
    low, high = by_odds(1.0, 3.0)
    assert (low, high) == pytest.approx((1 / 3, 3), rel=0.005)


def test_at_half_the_ceiling_it_is_as_wide_to_both_sides() -> None:
    assert by_odds(700, 3) == pytest.approx((350, 1050))


@given(figures, factors)
def test_it_holds_the_figure_and_stays_below_the_ceiling(g_per_kwh: float, factor: float) -> None:
    low, high = by_odds(g_per_kwh, factor)
    assert 0 < low < g_per_kwh < high < CEILING_G_PER_KWH


@given(figures, factors)
def test_going_up_and_coming_down_leads_back(g_per_kwh: float, factor: float) -> None:
    _, high = by_odds(g_per_kwh, factor)
    assert by_odds(high, factor)[0] == pytest.approx(g_per_kwh, rel=1e-9)


def test_members_are_cut_at_the_5th_and_the_95th_percentile() -> None:
    assert by_members(range(101)) == pytest.approx((5, 95))
