"""The tables are whole, free of the errors known in their sources, and say whence they come."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tracker.data import tables

FOLDER = Path(str(files("tracker.data")))


def without_entry(folder: Path) -> set[str]:
    """Tables of a folder that its ``sources.toml`` does not name."""
    entries = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    found = {path.name for path in folder.iterdir() if path.suffix in {".csv", ".json"}}
    return found - set(entries)


def test_every_table_has_an_entry_and_every_entry_a_table() -> None:
    assert without_entry(FOLDER) == set()
    assert [name for name in tables.sources() if not (FOLDER / name).is_file()] == []


def test_a_table_without_an_entry_is_seen(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text("", encoding="utf-8")
    (tmp_path / "strange.csv").write_text("a,b\n", encoding="utf-8")
    assert without_entry(tmp_path) == {"strange.csv"}


def test_asking_for_a_table_without_an_entry_fails() -> None:
    with pytest.raises(LookupError, match=r"strange\.csv has no entry in tracker\.data/sources"):
        tables.provenance("strange.csv")


@pytest.mark.parametrize("name", tables.sources())
def test_an_entry_says_all_that_is_asked(name: str) -> None:
    entry = tables.provenance(name)
    for said in (entry.title, entry.source, entry.edition, entry.licence, entry.credit):
        assert said.strip()
    assert entry.retrieved.startswith("20")


def test_the_countries_of_ember_are_credited_as_its_licence_asks() -> None:
    entry = tables.provenance("country_intensity.csv")
    for country in tables.countries().values():
        credit = entry.credit_for(country.source)
        assert ("Our World in Data" if "owid" in country.source else "Ember") in credit
        assert "CC BY" in credit
    assert {country.source for country in tables.countries().values()} == set(entry.credits)
    assert entry.credit_for("anything else") == entry.credit


def test_namibia_is_the_text_na() -> None:
    namibia = tables.countries()["NA"]
    assert (namibia.code, namibia.iso3, namibia.name) == ("NA", "NAM", "Namibia")


def test_costa_rica_is_not_negative() -> None:
    costa_rica = tables.countries()["CR"]
    assert (costa_rica.g_per_kwh, costa_rica.year) == (63.01, 2024)


def test_africa_stands_in_for_the_central_african_republic() -> None:
    country = tables.countries()["CF"]
    assert country.stands_in
    assert country.g_per_kwh == tables.aggregates()["Africa"].g_per_kwh == 545.09
    assert [c.code for c in tables.countries().values() if c.stands_in] == ["CF"]


def test_countries_are_complete_and_plausible() -> None:
    countries = tables.countries()
    assert len(countries) == 214
    for code, country in countries.items():
        assert (len(code), len(country.iso3)) == (2, 3)
        assert country.name
        assert 5 <= country.g_per_kwh < 1400
        assert 2009 <= country.year <= 2025
    assert len({country.iso3 for country in countries.values()}) == len(countries)


def test_the_figures_that_people_check_first() -> None:
    assert tables.countries()["FR"].g_per_kwh == 41.44
    assert tables.countries()["US"].g_per_kwh == 384.4
    assert tables.aggregates()["World"].g_per_kwh == 458.5
    assert tables.aggregates()["EU"].g_per_kwh == 213.02


def test_subregions_are_the_27_of_egrid_in_co2e() -> None:
    subregions = tables.subregions()
    assert len(subregions) == 27
    camx = subregions["CAMX"]
    assert (camx.name, camx.g_per_kwh, camx.year) == ("WECC California", 195.037, 2023)


def test_grams_and_pounds_of_egrid_agree() -> None:
    text = (FOLDER / "egrid2023_rates.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    for row in rows:
        assert float(row[5]) * 0.45359237 == pytest.approx(float(row[7]), abs=1e-3)


def test_cloud_regions_lead_to_countries_and_subregions_that_there_are() -> None:
    regions = tables.cloud_regions()
    assert len(regions) == 159
    for code, region in regions.items():
        assert code == f"{region.provider}:{region.region}"
        assert region.country in tables.countries()
        assert not region.egrid_subregion or region.egrid_subregion in tables.subregions()
        assert bool(region.egrid_subregion) == (region.country == "US")
        assert (region.pue is None) == (region.pue_year is None)
        assert region.pue is None or 1 <= region.pue < 2


@pytest.mark.parametrize(
    ("code", "subregion"),
    [("azure:eastus2", "SRVC"), ("azure:westus", "CAMX"), ("azure:northcentralus", "RFCW")],
)
def test_regions_that_tables_disagree_on_lie_where_they_stand(code: str, subregion: str) -> None:
    assert tables.cloud_regions()[code].egrid_subregion == subregion


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("Europe/Paris", "FR"),
        ("Africa/Windhoek", "NA"),
        ("Europe/Amsterdam", "NL"),
        ("America/Coral_Harbour", "CA"),
        ("Africa/Timbuktu", "ML"),
        ("Atlantic/Jan_Mayen", "SJ"),
        ("Pacific/Yap", "FM"),
        ("Iceland", "IS"),
    ],
)
def test_a_time_zone_leads_to_its_own_country(zone: str, country: str) -> None:
    assert tables.time_zone_countries()[zone] == country


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "GMT", "CET", "EST", "MST", "EST5EDT", ""])
def test_a_name_that_several_countries_share_leads_nowhere(name: str) -> None:
    assert name not in tables.time_zone_countries()


def test_a_table_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(TypeError):
        tables.countries()["FR"] = tables.countries()["DE"]  # type: ignore[index]
