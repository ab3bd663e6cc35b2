"""One syntax for a location, and what is said to somebody who misses it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.carbon.location import WORLD, choose, parse
from tracker.errors import SettingsError
from tracker.grid import table
from tracker.model.carbon import MAX_G_PER_KWH, Location

ZONES = table.open(None, {}).zones()


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("FR", "FR"),
        ("fr", "FR"),
        (" Fr ", "FR"),
        ("NA", "NA"),
        ("CF", "CF"),
        ("US-CAMX", "US-CAMX"),
        ("us-camx", "US-CAMX"),
        ("US - CAMX", "US-CAMX"),
        ("aws:eu-west-3", "aws:eu-west-3"),
        ("AWS: eu-west-3", "aws:eu-west-3"),
        ("azure:westeurope", "azure:westeurope"),
        ("gcp:europe-west9", "gcp:europe-west9"),
        ("WORLD", "WORLD"),
        ("world", "WORLD"),
        ("EU", "EU"),
    ],
)
def test_a_zone_is_found_in_any_case_and_spacing(text: str, zone: str) -> None:
    assert parse(text, ZONES, "argument") == Location(zone, ZONES[zone], "argument")


@pytest.mark.parametrize(
    ("text", "g_per_kwh"),
    [
        ("57 g/kWh", 57),
        ("57g/kwh", 57),
        ("57 gCO2/kWh", 57),
        ("57 g CO2e / kWh", 57),
        ("57 gCO2eq/kWh", 57),
        ("57 g CO₂/kWh", 57),
        ("0.057 kg/kWh", 57),
        (".057 kgCO2eq/kWh", 57),
        ("0 g/kWh", 0),
        ("+5.7e1 G/KWH", 57),
        ("2000 g/kWh", 2000),
    ],
)
def test_a_figure_is_taken_in_grams(text: str, g_per_kwh: float) -> None:
    location = parse(text, ZONES, "TRACKER_LOCATION")
    assert location.zone == "fixed"
    assert location.g_per_kwh == pytest.approx(g_per_kwh, rel=1e-12)
    assert location.name == f"{g_per_kwh} g/kWh, as set"
    assert location.origin == "TRACKER_LOCATION"


@given(st.floats(min_value=0, max_value=MAX_G_PER_KWH))
def test_every_figure_within_bounds_comes_through_unchanged(g_per_kwh: float) -> None:
    assert parse(f"{g_per_kwh!r} g/kWh", ZONES, "argument").g_per_kwh == g_per_kwh


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-1 g/kWh", "-1"),
        ("2000.1 g/kWh", "2000.1"),
        ("57 kg/kWh", "57000"),
        ("1e400 g/kWh", "inf"),
    ],
)
def test_a_figure_that_no_grid_has_is_refused(text: str, found: str) -> None:
    with pytest.raises(SettingsError, match=rf"between 0 and 2000 g/kWh, this is {found}$"):
        parse(text, ZONES, "argument")


@pytest.mark.parametrize("text", ["57", "57 g", "57,5 g/kWh", "57 g per kWh", "57 lb/MWh", "-"])
def test_a_figure_without_its_unit_is_not_guessed_at(text: str) -> None:
    with pytest.raises(SettingsError, match="57 g/kWh"):
        parse(text, ZONES, "argument")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("France", "FR (France)"),
        ("united kingdom", "GB (United Kingdom)"),
        ("FRA", "FR (France)"),
        ("usa", "US (United States)"),
        ("NAM", "NA (Namibia)"),
        ("UK", "GB (United Kingdom)"),
        ("EL", "GR (Greece)"),
        ("England", "GB (United Kingdom)"),
        ("Turkey", "TR (Türkiye)"),
        ("European Union", "EU (European Union, average)"),
        ("global", "WORLD (World average)"),
        ("CAMX", "US-CAMX (WECC California, United States)"),
        ("eu-west-3", "aws:eu-west-3 (AWS Paris, France)"),
        ("westeurope", "azure:westeurope (Azure West Europe, Netherlands)"),
        ("aws:eu-west3", "aws:eu-west-3 (AWS Paris, France)"),
        ("US-CAMY", "US-CAMX (WECC California, United States)"),
        ("DK1", "DK (Denmark)"),
        ("paris", "aws:eu-west-3 (AWS Paris, France)"),
        ("Frnace", "FR (France)"),
        ("Germnay", "DE (Germany)"),
        ("WRLD", "WORLD (World average)"),
    ],
)
def test_a_miss_names_what_comes_near(text: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, ZONES, "argument")
    message = str(caught.value)
    assert message.startswith(f"location = {text!r} (argument): no such zone; did you mean {meant}")


def test_at_most_three_near_matches_are_named() -> None:
    with pytest.raises(SettingsError) as caught:
        parse("london", ZONES, "argument")
    assert str(caught.value).count(" (") == 1 + 3


def test_only_zones_that_can_be_priced_are_proposed() -> None:
    with pytest.raises(SettingsError, match="no such zone; it must be"):
        parse("FRA", {"DE": "Germany"}, "argument")


@pytest.mark.parametrize("text", ["XX", "qqqqqqqq", "@@", "=cmd()", "\u0000"])
def test_nonsense_is_told_the_syntax(text: str) -> None:
    with pytest.raises(SettingsError, match=r"a country \(FR\).*'57 g/kWh'.*docs/location.md"):
        parse(text, ZONES, "tracker.toml")


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_location_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="empty; it must be"):
        parse(text, ZONES, "TRACKER_LOCATION")


def test_the_message_names_who_wrote_it() -> None:
    with pytest.raises(SettingsError, match="TRACKER_LOCATION"):
        parse("Atlantis", ZONES, "TRACKER_LOCATION")


def test_a_page_of_text_gives_a_short_message() -> None:
    with pytest.raises(SettingsError) as caught:
        parse("x" * 100_000, ZONES, "argument")
    assert len(str(caught.value)) < 400


@settings(deadline=None)  # the first reads tables
@given(st.text(max_size=30))
def test_any_text_is_a_location_or_a_settings_error(text: str) -> None:
    with suppress(SettingsError):
        location = parse(text, ZONES, "argument")
        area = location.zone.partition("@")[0]
        known = area in ZONES or area.partition("-")[0] in ZONES
        assert known != (location.g_per_kwh is not None)


@pytest.mark.parametrize(
    ("text", "zone", "name"),
    [
        ("DK-DK1", "DK-DK1", "Denmark, DK1"),
        ("us-cal-ciso", "US-CAL-CISO", "United States, CAL-CISO"),
        ("10YFR-RTE------C", "FR", "France"),
        ("GB-13", "GB-13", "United Kingdom, 13"),
        ("DE-BY", "DE-BY", "Germany, BY"),
        ("FR-IDF", "FR-IDF", "France, IDF"),
        ("na-kh", "NA-KH", "Namibia, KH"),
        ("40.71, -74.0", "US-NYCW", "NPCC NYC/Westchester, United States"),
        ("37.77,-122.42", "US-CAMX", "WECC California, United States"),
        ("21.3,-157.86", "US-HIOA", "HICC Oahu, United States"),
    ],
)
def test_a_finer_zone_a_subdivision_and_a_place_on_the_map(text: str, zone: str, name: str) -> None:
    assert parse(text, ZONES, "argument") == Location(zone, name, "argument")


@pytest.mark.parametrize(
    ("text", "zone", "name"),
    [
        ("CAISO_NORTH", "US-CAL-CISO@CAISO_NORTH", "United States, CAISO_NORTH"),
        ("US-CAL-CISO@caiso_north", "US-CAL-CISO@CAISO_NORTH", "United States, CAISO_NORTH"),
        ("PJM_CHICAGO", "US@PJM_CHICAGO", "United States, PJM_CHICAGO"),
        ("jp_kn", "JP-KN@JP_KN", "Japan, JP_KN"),
        ("CISO", "US-CAL-CISO@CISO", "United States, CISO"),
        ("NSW1", "AU-NSW@NSW1", "Australia, NSW1"),
        ("SC", "SC", "Seychelles"),  # and no balancing authority
    ],
)
def test_a_providers_own_code_is_kept_beside_its_grid(text: str, zone: str, name: str) -> None:
    assert parse(text, ZONES, "argument") == Location(zone, name, "argument")


@pytest.mark.parametrize("text", ["48.85,2.35", "43.65, -79.38", "-33.9,18.4"])
def test_a_place_on_the_map_is_taken_to_be_where_the_clock_is(text: str) -> None:
    written = text.replace(" ", "")
    found = parse(text, ZONES, "argument", lambda: Location("ZA", "South Africa", "time zone"))
    assert found.zone == f"ZA@{written}"
    assert found.name == f"{written}, in South Africa by the time zone"
    assert found.is_on_the_map


def test_a_place_on_the_map_without_a_country_is_the_worlds_and_says_what_to_write() -> None:
    found = parse("48.85,2.35", ZONES, "argument")
    assert found.zone == "WORLD@48.85,2.35"
    assert "write it, as in FR@48.85,2.35" in found.name
    written = parse("fr@48.85,2.35", ZONES, "argument")
    assert (written.zone, written.name) == ("FR@48.85,2.35", "France, at 48.85,2.35")


@pytest.mark.parametrize("text", ["91,0", "0,181", "FR@91,0"])
def test_what_is_no_place_on_earth_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="no place on Earth"):
        parse(text, ZONES, "argument")


@pytest.mark.parametrize("text", ["XX@48.85,2.35", "FR@CAISO_NORTH_", "EU_WEST", "FOO_BAR"])
def test_what_only_looks_like_a_code_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="no such zone"):
        parse(text, ZONES, "argument")


@pytest.mark.parametrize("code", ZONES)
def test_every_zone_is_found_by_its_own_code(code: str) -> None:
    assert parse(code, ZONES, "argument").zone == code


SET = Location("DE", "Germany", "argument")
PLACE = Location("FR", "France", "time zone")
OTHER = Location("ES", "Spain", "aws")


@pytest.mark.parametrize(
    ("setting", "places", "chosen"),
    [
        (SET, [PLACE], SET),
        (SET, [], SET),
        (None, [PLACE, OTHER], PLACE),
        (None, [None, OTHER], OTHER),
        (None, [None, None], WORLD),
        (None, [], WORLD),
    ],
)
def test_a_setting_goes_before_places_and_these_before_the_world(
    setting: Location | None, places: list[Location | None], chosen: Location
) -> None:
    assert choose(setting, places) == chosen


def test_the_world_says_how_to_do_better_and_can_be_priced() -> None:
    assert WORLD.zone in ZONES
    assert "TRACKER_LOCATION=FR" in WORLD.name
    assert WORLD.origin == "default"
