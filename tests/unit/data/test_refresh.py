"""The table made anew from the sources' own forms, with their known errors."""

from __future__ import annotations

import json

import pytest

from tracker.data import tables
from tracker.data.refresh import Figure, co2js, ember, refreshed, text_of

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
