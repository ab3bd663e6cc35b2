"""What docs/location.md shows is what the program does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.carbon import pue
from tracker.carbon.location import parse
from tracker.data import tables
from tracker.grid import table

PAGE = (Path(__file__).resolve().parents[3] / "docs/location.md").read_text(encoding="utf-8")
GRID = table.open(None, {})
NOW = datetime(2026, 11, 24, tzinfo=UTC)

RANGES = re.findall(r"`([\w-]+)` (\d+) has (\d+) to (\d+)", PAGE)
ROWS = "country|sub|cloud|a grid|a provider|place|average|the figure"
FORMS = [
    code
    for row in re.findall(rf"^\| (?:{ROWS}).*$", PAGE, re.MULTILINE)
    for code in re.findall(r"`([^`]*[\w])`", row.replace("`US-`", ""))
    if not code.startswith("TRACKER")
]


def test_the_page_shows_forms_and_ranges() -> None:
    assert {"FR", "GB", "US-CAMX", "aws:eu-west-3", "EU", "WORLD", "57 g/kWh"} <= set(FORMS)
    assert {zone for zone, *_ in RANGES} == {"FR", "US", "PL", "US-CAMX", "EU", "WORLD"}


@pytest.mark.parametrize("text", [code for code in FORMS if code != "US-…"])
def test_a_form_that_the_page_shows_is_understood(text: str) -> None:
    assert parse(text, GRID.zones(), "argument").origin == "argument"


@pytest.mark.parametrize(("zone", "value", "low", "high"), RANGES)
def test_a_range_that_the_page_shows_is_the_programs(
    zone: str, value: str, low: str, high: str
) -> None:
    (found,) = GRID.intensity(zone, NOW, NOW)
    shown = (float(value), float(low), float(high))
    assert (found.g_per_kwh, found.low, found.high) == pytest.approx(shown, abs=0.51)


def test_the_region_that_the_page_shows_has_that_pue() -> None:
    location = parse("aws:eu-west-1", GRID.zones(), "argument")
    found = pue.choose(None, "built in", location, tables.cloud_regions())
    assert "`aws:eu-west-1` has\n   1.11, of 2024" in PAGE
    assert (found.ratio, found.source) == (1.11, "published for aws:eu-west-1, 2024")
