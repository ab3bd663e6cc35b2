"""The table made anew from the sources' own forms, with their known errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracker.data import tables
from tracker.data.refresh import (
    Figure,
    aggregated,
    co2js,
    egrid_borders,
    egrid_rates,
    ember,
    main,
    refreshed,
    tdp_rows,
    text_of,
)

EMBER = """iso2,iso3,area,year,gco2e_per_kwh
AL,ALB,Albania,2025,25.172
CR,CRI,Costa Rica,2025,-37.907
XX,XXX,Nowhere,2025,
"""
CO2JS = json.dumps(
    {
        "ALB": {"year": 2023, "emissions_intensity_gco2_per_kwh": 24.42},
        "CRI": {"year": 2024, "emissions_intensity_gco2_per_kwh": 63.01},
        "NAM": {"year": 2023, "emissions_intensity_gco2_per_kwh": 47.62},
        "CAF": {"year": 2022, "emissions_intensity_gco2_per_kwh": 0},
        "Africa": {"year": 2024, "emissions_intensity_gco2_per_kwh": 545.09},
        "ATA": {"year": 2024, "emissions_intensity_gco2_per_kwh": None},
    }
)
OLD = [
    {"iso2": iso2, "iso3": iso3, "name": name, "gco2e_per_kwh": "1", "year": "2009", "source": "x"}
    for iso2, iso3, name in [
        ("AL", "ALB", "Albania"),
        ("CR", "CRI", "Costa Rica"),
        ("NA", "NAM", "Namibia"),
        ("CF", "CAF", "Central African Republic"),
        ("EH", "ESH", "Western Sahara"),
    ]
]


def test_the_newest_figure_that_can_be_is_taken_and_errors_are_named() -> None:
    rows, refused = refreshed(OLD, ember(EMBER), co2js(CO2JS))
    told = {row["iso2"]: (row["gco2e_per_kwh"], row["year"], row["source"]) for row in rows}
    assert told == {
        "AL": ("25.17", "2025", "ember-2025"),
        "CR": ("63.01", "2024", "ember-co2js"),
        "NA": ("47.62", "2023", "ember-co2js"),
        "CF": ("545.09", "2024", "ember-co2js:Africa"),
        "EH": ("1", "2009", "x"),  # neither has it: kept
    }
    assert refused == [
        "Costa Rica 2025: -37.907 g/kWh",
        "Central African Republic 2022: 0 g/kWh",
    ]


def test_the_file_is_read_as_it_was_written() -> None:
    old = tables.rows("country_intensity.csv")
    assert text_of(old) == tables.text("country_intensity.csv")


@pytest.mark.parametrize(("code", "g_per_kwh"), [("NA", 47.62), ("CR", 63.01), ("CF", 545.09)])
def test_what_is_shipped_has_them_right(code: str, g_per_kwh: float) -> None:
    assert tables.countries()[code].g_per_kwh == g_per_kwh


@pytest.mark.parametrize(
    ("figure", "can_be"), [(-1, False), (0, False), (5, True), (1400, True), (1401, False)]
)
def test_what_a_grid_can_have_over_a_year(figure: float, can_be: bool) -> None:
    assert Figure(figure, 2025, "x").can_be is can_be


def test_an_area_keeps_a_newer_figure_of_another_source() -> None:
    old = [
        {"area": "Africa", "gco2e_per_kwh": "1", "year": "2023", "source": "x"},
        {"area": "World", "gco2e_per_kwh": "458.5", "year": "2025", "source": "y"},
    ]
    older = json.dumps({"World": {"year": 2024, "emissions_intensity_gco2_per_kwh": 472.94}})
    rows, _ = aggregated(old, co2js(CO2JS) | co2js(older))
    assert [(row["gco2e_per_kwh"], row["year"]) for row in rows] == [
        ("545.09", "2024"),
        ("458.5", "2025"),
    ]


def area(kind: str, name: str, geometry: object) -> dict[str, object]:
    row = next(row for row in tables.rows("egrid2023_rates.csv") if row["code"] == name)
    rates = {
        f"{gas}EmissionRate": {"value": float(row[f"{gas}_lb_per_mwh"])} for gas in ("co2", "co2e")
    }
    mix = {key.removeprefix("mix_"): float(row[key]) for key in row if key.startswith("mix_")}
    properties = {
        "type": kind,
        "name": name,
        "fullName": row["name"],
        "dataYear": int(row["data_year"]),
        "emissionFactor": rates,
        "fuelMix": mix,
        "gridLoss": {"value": float(row["grid_gross_loss"])},
    }
    return {"properties": properties, "geometry": geometry}


SQUARE = [[-100.001, 40.0], [-100.004, 40.001], [-99.0, 40.0], [-99.0, 41.0], [-100.001, 40.0]]
EPA = json.dumps(
    {
        "features": [
            area("subregion", "CAMX", {"type": "Polygon", "coordinates": [SQUARE]}),
            area("subregion", "AKGD", {"type": "MultiPolygon", "coordinates": [[SQUARE]] * 2}),
            area("national", "National", None),
            {"properties": {"type": "state", "name": "CA"}, "geometry": None},
        ]
    }
)


def test_epas_map_gives_rates_as_they_are_shipped() -> None:
    shipped = {row["code"]: row for row in tables.rows("egrid2023_rates.csv")}
    found = egrid_rates(EPA)
    assert [row["code"] for row in found] == ["National", "AKGD", "CAMX"]
    assert all(row == shipped[row["code"]] for row in found)


def test_epas_map_gives_borders_without_corners_that_rounding_made_one() -> None:
    corners = [-100.0, 40.0, -99.0, 40.0, -99.0, 41.0, -100.0, 40.0]
    assert json.loads(egrid_borders(EPA)) == {"CAMX": [[corners]], "AKGD": [[corners]] * 2}


def test_a_processors_power_that_cannot_be_is_left_out() -> None:
    rows, refused = tdp_rows("Name,TDP\nA,95\nB,27.29.5\nC,0.0\nD,6.5\n")
    assert [row["name"] for row in rows] == ["A", "D"]
    assert refused == ["B: 27.29.5 W", "C: 0.0 W"]


def test_the_script_says_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = tmp_path / "cpu_power.csv"
    original.write_text("Name,TDP\nA,95\nB,0\n")
    line = ["cpu_tdp", str(original), "--into", str(tmp_path)]
    main(line)
    assert "changed; mend its entry in sources.toml\nrefused: B: 0 W" in capsys.readouterr().out
    main(line)
    assert "as it was" in capsys.readouterr().out
    assert (tmp_path / "cpu_tdp.csv").read_text() == "name,tdp_w\nA,95\n"


def test_the_script_wants_all_of_a_tables_originals(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["countries", str(tmp_path / "ember.csv")])
