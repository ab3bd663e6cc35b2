"""The figure that a user states is taken as it is."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from tracker.errors import SettingsError, ZoneUnknown
from tracker.grid import fixed
from tracker.model.carbon import Scope, Signal

START, END = datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC)


@pytest.mark.parametrize("value", [57, 57.5, 0])
def test_low_and_high_are_the_value(value: float) -> None:
    (found,) = fixed.open(None, {"g_per_kwh": value}).intensity("fixed", START, END)
    assert found.low == found.g_per_kwh == found.high == value
    assert (found.zone, found.provider) == ("fixed", "fixed")
    assert (found.valid_from, found.valid_to) == (START, END)
    assert (found.signal, found.scope) == (Signal.AVERAGE, Scope.UNKNOWN)


def test_it_has_one_zone() -> None:
    grid = fixed.open(None, {"g_per_kwh": 57.0})
    assert grid.zones() == {"fixed": "57 g/kWh, as set"}
    with pytest.raises(ZoneUnknown, match="not 'FR'"):
        grid.intensity("FR", START, END)


@pytest.mark.parametrize("value", [None, "57", True, [57]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="needs g_per_kwh, a number"):
        fixed.open(None, {"g_per_kwh": value})


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="found None"):
        fixed.open(None, {})


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_what_no_grid_has_is_refused(value: float) -> None:
    with pytest.raises(SettingsError, match="0 or more"):
        fixed.open(None, {"g_per_kwh": value})
