"""Who is asked for a location, in which order, and what stands in where a zone is unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tracker.assembly import Assembly
from tracker.chains import COARSER_RATIO, Wish, chain_for, grid_zone, names
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
    ("zone", "area"), [("FR@48.85,2.35", "FR"), ("WORLD@1.3,103.8", "WORLD"), ("US@PSCO", "US")]
)
def test_offline_a_place_has_the_figure_of_its_area_with_a_wider_range(
    zone: str, area: str
) -> None:
    whole, found = yearly(area), yearly(zone)
    assert found.zone == area
    assert found.g_per_kwh == whole.g_per_kwh
    assert found.low == pytest.approx(whole.low / COARSER_RATIO)
    assert found.high == pytest.approx(whole.high * COARSER_RATIO)
    assert f"as there is none of {zone.partition('@')[2]}" in found.source


def test_a_place_on_the_map_is_asked_of_those_who_take_coordinates() -> None:
    place = at("FR@48.85,2.35")
    assert order(place, ONLINE) == ("table",)  # and of no provider of a country that is a guess
    environ = {"TRACKER_GRID_ELECTRICITY_MAPS_KEY": "key"}
    settings = Assembly.of_this_process(environ).settings({})
    chain = chain_for(ASSEMBLY, settings, place, ONLINE)
    assert [(link.name, link.zone) for link in chain] == [
        ("electricity_maps", "FR@48.85,2.35"),
        ("table", "FR"),
    ]
    (chosen, _) = chain_for(ASSEMBLY, settings, place, Wish("energy_charts", online=True))
    assert chosen.zone == "FR"


def test_a_providers_own_code_reaches_it_and_its_grid_the_others() -> None:
    settings, place = ASSEMBLY.settings({}), at("US-CAL-CISO@CAISO_NORTH")
    (link, _) = chain_for(ASSEMBLY, settings, place, Wish("watttime", online=True))
    assert link.zone == "US-CAL-CISO@CAISO_NORTH"
    assert grid_zone(place) == "US-CAL-CISO"


@pytest.mark.parametrize(
    ("zone", "grid"), [("aws:eu-west-3", "FR"), ("FR", "FR"), ("US-CAMX", "US-CAMX")]
)
def test_a_cloud_region_lies_in_a_grid(zone: str, grid: str) -> None:
    assert grid_zone(at(zone)) == grid
