"""A mix becomes an intensity by published factors; a hole in a big fuel is no data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.data import grids
from tracker.grid._mix import rows_of

START = datetime(2026, 8, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def values(*hours: Mapping[str, float | None]) -> list[object]:
    mix = {START + n * HOUR: by_fuel for n, by_fuel in enumerate(hours)}
    return [row.value for row in rows_of(mix, HOUR)]


def test_factors_are_weighted_by_megawatts() -> None:
    assert values({"coal": 100, "nuclear": 300}) == [pytest.approx((820 + 3 * 12) / 4)]


def test_storage_is_left_out_and_own_use_at_night_is_nothing() -> None:
    mix = {"gas": 100.0, "battery": 500.0, "hydro_pumped": -80.0, "solar": -3.0}
    assert values(mix) == [490]


def test_what_has_no_factor_is_unknown() -> None:
    assert values({"phlogiston": 10}) == [700]


@pytest.mark.parametrize("broken", [{"gas": None, "hydro": 50.0}, {"hydro": 50.0}])
def test_a_hole_in_a_big_fuel_is_no_data(broken: dict[str, float | None]) -> None:
    whole: dict[str, float | None] = {"gas": 50.0, "hydro": 50.0}
    assert values(whole, broken, whole)[1] is None
    assert values(whole, broken, whole)[0] == 257


def test_a_hole_in_a_small_one_is_not() -> None:
    whole: dict[str, float | None] = {"gas": 99.0, "oil": 1.0}
    assert values(whole, {"gas": 99.0}, whole)[1] == 490


def test_a_hundredfold_value_is_no_data() -> None:
    usual: dict[str, float | None] = {"gas": 50.0, "coal": 10.0}
    assert values(usual, {"gas": 50.0, "coal": 1000.0}, usual)[1] is None


def test_a_fuel_that_rose_is() -> None:
    low: dict[str, float | None] = {"gas": 50.0, "solar": 1.0}
    assert None not in values(low, low, {"gas": 20.0, "solar": 40.0})


@pytest.mark.parametrize("nothing", [{}, {"gas": 0.0}, {"gas": None}, {"battery": 10.0}])
def test_no_generation_is_no_data(nothing: dict[str, float | None]) -> None:
    assert values(nothing) == [None]


@given(
    st.dictionaries(st.sampled_from(sorted(grids.fuel_factors())), st.floats(0.1, 1e5), min_size=1)
)
def test_the_range_holds_the_value(by_fuel: dict[str, float]) -> None:
    (row,) = rows_of({START: by_fuel}, HOUR)
    if row.value is not None:
        assert row.bounds is not None
        low, high = row.bounds
        assert isinstance(row.value, float)
        assert 0 < low < row.value < high < 2100


def test_every_fuel_has_a_range_or_a_reason() -> None:
    for factor in grids.fuel_factors().values():
        assert (factor.low is None) == (factor.high is None)
        if factor.low is not None and factor.high is not None:
            assert factor.low <= factor.g_per_kwh <= factor.high
        stand_in = factor.source.removeprefix("stand-in:")
        if stand_in != factor.source:
            assert factor.g_per_kwh == grids.fuel_factors()[stand_in].g_per_kwh
    missing = {*grids.fuels_by_psr_type().values()} - {*grids.fuel_factors()}
    assert missing == {"hydro_pumped", "battery"}
