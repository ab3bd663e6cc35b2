"""Who is asked for a location, in which order, and what stands in where a zone is unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tracker.assembly import Assembly
from tracker.chains import COARSER_RATIO, Wish, grid_zone, names
from tracker.errors import SettingsError
from tracker.model.carbon import CarbonIntensity, Location

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ASSEMBLY = Assembly.of_this_process()
ONLINE = Wish(online=True)


def at(zone: str, g_per_kwh: float | None = None) -> Location:
    return Location(zone, zone, "argument", g_per_kwh)


def yearly(zone: str) -> CarbonIntensity:
    feed = ASSEMBLY.feed(ASSEMBLY.settings({}), at(zone), Wish(), None)
    return feed.book(NOON, NOON).stretches[0].intensity


def order(location: Location, wish: Wish) -> tuple[str, ...]:
    return names(ASSEMBLY.settings({}), location, wish)


def test_offline_the_table_alone() -> None:
    assert order(at("GB"), Wish()) == ("table",)


def test_online_the_provider_of_the_fewest_zones_goes_first_and_the_table_last() -> None:
    chain = order(at("GB"), ONLINE)
    assert chain[0] == "uk_carbon"
    assert chain[-1] == "table"
    assert order(at("BR"), ONLINE) == ("table",)


def test_what_was_chosen_goes_before_and_ones_own_figure_alone() -> None:
    assert order(at("GB"), Wish("energy_charts", online=True)) == ("energy_charts", "table")
    assert order(at("fixed", 57.0), ONLINE) == ("fixed",)
    with pytest.raises(SettingsError, match="uk_carbon"):
        order(at("GB"), Wish("uk_karbon"))


def test_a_finer_zone_has_its_countrys_figure_with_a_wider_range() -> None:
    country, part = yearly("DK"), yearly("DK-DK1")
    assert part.g_per_kwh == country.g_per_kwh
    assert part.low == pytest.approx(country.low / COARSER_RATIO)
    assert part.high == pytest.approx(country.high * COARSER_RATIO)
    assert "DK-DK1" in part.source


@pytest.mark.parametrize(
    ("zone", "grid"), [("aws:eu-west-3", "FR"), ("FR", "FR"), ("US-CAMX", "US-CAMX")]
)
def test_a_cloud_region_lies_in_a_grid(zone: str, grid: str) -> None:
    assert grid_zone(at(zone)) == grid
