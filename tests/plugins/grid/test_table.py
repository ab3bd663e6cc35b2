"""The yearly table as a provider: its zones, its figures, and how far they may be off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tracker.data import tables
from tracker.errors import ZoneUnknown
from tracker.grid import table
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports import discovery

START, END = datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC)
GRID = table.open(None, {})


def figure(zone: str) -> CarbonIntensity:
    (found,) = GRID.intensity(zone, START, END)
    return found


def test_it_is_found_under_its_name() -> None:
    assert discovery.load("grid", "table") is table


def test_its_zones_are_countries_averages_subregions_and_cloud_regions() -> None:
    zones = GRID.zones()
    assert len(zones) == 2 + 7 + 214 + 27 + 159
    assert zones["FR"] == "France"
    assert zones["NA"] == "Namibia"
    assert zones["WORLD"] == "World average"
    assert zones["US-CAMX"] == "WECC California, United States"
    assert zones["aws:eu-west-3"] == "AWS Paris, France"
    assert zones["gcp:us-east4"] == "Google Cloud Ashburn, Northern Virginia, United States"


@pytest.mark.parametrize("zone", GRID.zones())
def test_every_zone_has_one_sound_figure(zone: str) -> None:
    found = figure(zone)
    assert 0 < found.low < found.g_per_kwh < found.high < 1400
    assert found.signal is Signal.AVERAGE
    assert found.provider == "table"
    assert found.fetched_at is None
    assert found.valid_from == datetime(found.valid_from.year, 1, 1, tzinfo=UTC)
    assert found.valid_to == datetime(found.valid_from.year + 1, 1, 1, tzinfo=UTC)


def test_a_country_is_embers_and_life_cycle() -> None:
    found = figure("FR")
    assert (found.zone, found.g_per_kwh, found.scope) == ("FR", 41.44, Scope.LIFECYCLE)
    assert found.valid_from.year == 2025
    assert not found.estimated
    assert found.source == (
        "Ember 2025 (provisional), CC BY 4.0; yearly average 2025, life cycle, production mix"
    )


def test_a_subregion_is_egrids_and_direct() -> None:
    found = figure("US-CAMX")
    assert (found.zone, found.g_per_kwh, found.scope) == ("US-CAMX", 195.037, Scope.DIRECT)
    assert found.valid_from.year == 2023
    assert "EPA eGRID2023" in found.source


@pytest.mark.parametrize(
    ("region", "grid"),
    [
        ("aws:eu-west-3", "FR"),
        ("gcp:europe-west9", "FR"),
        ("azure:uksouth", "GB"),
        ("aws:us-west-1", "US-CAMX"),
        ("azure:eastus2", "US-SRVC"),
    ],
)
def test_a_cloud_region_has_its_grids_figure(region: str, grid: str) -> None:
    assert figure(region) == figure(grid)
    assert figure(region).zone == grid


def test_averages_are_those_of_the_aggregates() -> None:
    assert (figure("WORLD").zone, figure("WORLD").g_per_kwh) == ("WORLD", 458.5)
    assert (figure("EU").zone, figure("EU").g_per_kwh) == ("EU", 213.02)
    assert (figure("AFRICA").zone, figure("AFRICA").g_per_kwh) == ("AFRICA", 545.09)
    assert (figure("OCEANIA").low, figure("OCEANIA").high) == (
        figure("WORLD").low,
        figure("WORLD").high,
    )


def test_the_figure_is_the_same_at_any_time() -> None:
    past = GRID.intensity("FR", datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 1, 2, tzinfo=UTC))
    assert past == (figure("FR"),)


@pytest.mark.parametrize("zone", ["XX", "", "US-XXXX", "CAMX", "fr", "World", "aws:nowhere", "US-"])
def test_a_zone_that_it_has_not_is_named(zone: str) -> None:
    with pytest.raises(ZoneUnknown, match=f"no zone '{zone}'"):
        GRID.intensity(zone, START, END)


def test_a_figure_that_stands_in_for_a_countrys_is_called_estimated_and_wide() -> None:
    found = figure("CF")
    assert found.estimated
    assert found.g_per_kwh == 545.09
    assert "Africa's figure stands in" in found.source
    assert (found.low, found.high) == (figure("WORLD").low, figure("WORLD").high)


def test_nine_of_ten_countries_lie_in_the_range_of_the_world() -> None:
    world = figure("WORLD")
    values = [row.g_per_kwh for row in tables.countries().values() if not row.stands_in]
    within = [value for value in values if world.low <= value <= world.high]
    assert len(within) / len(values) == pytest.approx(0.9, abs=0.01)
    assert world.low == pytest.approx(40.5, abs=0.1)
    assert world.high == pytest.approx(816.4, abs=0.1)


def test_the_range_of_a_country_holds_most_places_in_it() -> None:
    whole = figure("US")
    places = [row.g_per_kwh for row in tables.subregions().values()]
    assert len([place for place in places if whole.low <= place <= whole.high]) >= 25


@pytest.mark.parametrize(("zone", "really"), [("SK", 216), ("DK", 49), ("GB", 125)])
def test_the_range_holds_what_other_bases_and_hours_gave(zone: str, really: float) -> None:
    assert figure(zone).low <= really <= figure(zone).high


def test_a_range_is_a_factor_on_a_clean_grid_and_closes_on_a_dirty_one() -> None:
    clean, dirty = figure("FR"), figure("XK")
    assert clean.high / clean.low > 8
    assert dirty.high / dirty.low < 2.5


def test_a_subregion_is_narrower_than_a_country_and_that_than_the_world() -> None:
    def width(zone: str) -> float:
        return figure(zone).high / figure(zone).low

    assert width("US-NEWE") < width("US") < width("WORLD")
    assert width("US-CAMX") < width("EU") < width("WORLD")
