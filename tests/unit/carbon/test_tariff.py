"""A tariff is read as it is written, and holds by local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tracker.carbon import tariff, water
from tracker.errors import SettingsError
from tracker.model.beside import TariffBand, WaterUse

MIDNIGHT = datetime(2026, 3, 3, 23, tzinfo=UTC)  # in Paris
HOUR = timedelta(hours=1)


def test_a_price_with_its_currency() -> None:
    found = tariff.parse("0.25 eur/kWh", "argument")
    assert (found.currency, found.per_kwh, found.bands) == ("EUR", 0.25, ())
    assert tariff.prices(found, MIDNIGHT, MIDNIGHT + 99 * HOUR) == [(MIDNIGHT, 0.25)]


def test_hours_with_a_price_of_their_own_also_over_midnight() -> None:
    text = "0.25 €/kWh, 17:00-21:00 0.41, 22:00-6:00 .15, Europe/Paris"
    found = tariff.parse(text, "TRACKER_TARIFF", "America/New_York")
    assert found.bands == (TariffBand(1020, 1260, 0.41), TariffBand(1320, 360, 0.15))
    assert found.time_zone == "Europe/Paris"
    told = tariff.prices(found, MIDNIGHT, MIDNIGHT + 24 * HOUR)
    hours = [((at - MIDNIGHT) / HOUR, price) for at, price in told]
    assert hours == [(0, 0.15), (6, 0.25), (17, 0.41), (21, 0.25), (22, 0.15)]


def test_the_hours_are_local_where_the_clocks_are_put_forward() -> None:
    found = tariff.parse("1 EUR/kWh, 02:00-04:00 2, Europe/Paris", "argument")
    night = datetime(2026, 3, 28, 23, tzinfo=UTC)  # 02:00 does not exist, 03:00 follows 01:59
    told = tariff.prices(found, night, night + 5 * HOUR)
    assert [((at - night) / HOUR, price) for at, price in told] == [(0, 1), (2, 2), (3, 1)]


def test_the_machines_own_zone_is_taken_where_none_is_named() -> None:
    named = tariff.parse("1 EUR/kWh, 08:00-09:00 2", "argument", "Asia/Tokyo")
    assert named.time_zone == "Asia/Tokyo"
    assert tariff.price_at(named, MIDNIGHT) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no price"),
        ("0.25", "no price with its currency"),
        ("-1 EUR/kWh", "no price"),
        ("0.25 EUR/kWh, at night 0.1", "at night 0.1"),
        ("0.25 EUR/kWh, 25:00-26:00 0.1", "25:00 is no time of day"),
        ("0.25 EUR/kWh, Europe/Atlantis", "Europe/Atlantis"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        tariff.parse(text, "argument")


def test_water_on_site_and_in_the_grid() -> None:
    assert water.parse("0.3 L/kWh", "argument") == WaterUse(0.3, None, "argument")
    assert water.parse("grid 1.8 L/kWh", "argument") == WaterUse(None, 1.8, "argument")
    assert water.parse("0.3 l/kwh, grid 1.8 L/kWh", "x") == WaterUse(0.3, 1.8, "x")


@pytest.mark.parametrize("text", ["", "0.3", "-1 L/kWh", "1 L/kWh, 2 L/kWh", "lake 1 L/kWh"])
def test_water_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"0\.3 L/kWh"):
        water.parse(text, "argument")
