from __future__ import annotations

import pytest

from tracker.data import studies
from tracker.model.display import equivalent_text
from tracker.model.units import g_from_lb
from tracker.research.equivalents import Equivalent, equivalents


def by_kind(carbon_g: float, at_most: int = 20) -> dict[str, Equivalent]:
    return {each.of.kind: each for each in equivalents(carbon_g, at_most)}


def test_the_studys_figure_is_five_cars() -> None:
    car = by_kind(g_from_lb(626155))["car-life"]

    assert car.count == pytest.approx(626155 / 126000)
    assert car.text.startswith("5 cars' lifetimes, fuel included (US, 2019; Strubell")


def test_the_studys_figure_is_316_flights() -> None:
    assert by_kind(g_from_lb(626155))["flight"].text.startswith("316 passengers' flights")


@pytest.mark.parametrize(
    ("kind", "carbon_g"),
    [
        # EPA: 4.29 t a car's year, 4.798 t a home's, 12.4 g a charge, 60 kg a tree in 10 years.
        ("car-year", 4.29e6),
        ("home-day", 4.798e6 / 365),
        ("phone", 12.4),
        ("tree", 60e3),
        ("car-life", g_from_lb(126000)),
        ("flight", g_from_lb(1984)),
    ],
)
def test_one_of_each_is_what_was_published(kind: str, carbon_g: float) -> None:
    found = by_kind(carbon_g)[kind]

    assert found.count == pytest.approx(1, rel=1e-6)
    assert found.text.startswith(f"1 {found.of.name} (")


def test_the_magnitude_decides_what_comes_first() -> None:
    firsts = [equivalents(mass)[0].of.kind for mass in (300.0, 4e5, 1e8)]

    assert firsts[0] == "phone"
    assert firsts[1] in {"home-day", "flight-short", "tree"}
    assert firsts[2] == "car-year"


def test_each_says_region_year_and_source() -> None:
    for each in studies.likenesses():
        assert each.region
        assert 2018 <= each.year <= 2026
        assert each.source
        assert each.carbon_g > 0


def test_a_tree_offsets_nothing() -> None:
    assert "not an offset" in by_kind(1e6)["tree"].text


@pytest.mark.parametrize("carbon_g", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_of_nothing_nothing_is_said(carbon_g: float | None) -> None:
    assert equivalents(carbon_g) == ()


def test_the_table_and_the_one_line_of_a_report_agree() -> None:
    # A report's line drives the same car.
    assert "4.1 km" in equivalent_text(1000.0)
    assert by_kind(1000.0)["car-km"].count == pytest.approx(4.1, abs=0.01)


def test_as_json() -> None:
    values = equivalents(1000.0)[0].to_dict()

    assert set(values) == {"kind", "count", "text", "carbon_g_each", "region", "year", "source"}
