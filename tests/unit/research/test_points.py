from __future__ import annotations

import math
from pathlib import Path

import pytest

from tracker.errors import SettingsError
from tracker.research import points
from tracker.research.rows import from_csv

HEADER = "name,year,error,compute_flop,network_flop\n"
SOME = "a,2012,0.4,1e17,\nb,2013,0.3,1e18,\n"


def of(text: str, **options: object) -> points.Points:
    return points.of(from_csv("results.csv", text), **options)  # type: ignore[arg-type]  # any option


def test_errors_are_fractions_and_scores_percent() -> None:
    by_error = of(f"{HEADER}a,2012,0.25,1e17,\n")
    by_score = of("name,year,score,compute_flop\na,2012,75,1e17\n")

    assert by_error.points[0].error == 0.25
    assert by_score.points[0].error == pytest.approx(0.25)


def test_the_unit_can_be_said() -> None:
    percent = of(f"{HEADER}a,2012,25,1e17,\n", unit="percent")
    fraction = of("name,year,score,compute_flop\na,2012,0.75,1e17\n", unit="fraction")
    small = of(f"{HEADER}a,2012,0.9,1e17,\n", unit="percent")

    assert percent.points[0].error == fraction.points[0].error == 0.25
    assert small.points[0].error == pytest.approx(0.009)


def test_empty_cells_are_left_out_and_counted() -> None:
    text = f"{HEADER}{SOME}c,,0.2,1e19,\nd,2015,,1e20,\ne,2016,0.1,,\n"
    found = of(text)

    assert [point.name for point in found.points] == ["a", "b", "c"]
    assert found.left_out == {"without an error": 1, "without compute": 1}


def test_until_leaves_out_later_rows_and_those_without_a_year() -> None:
    found = of(f"{HEADER}{SOME}c,,0.2,1e19,\nd,2020,0.1,1e20,\n", until=2013)

    assert [point.name for point in found.points] == ["a", "b"]
    assert found.left_out == {"without a year": 1, "later than 2013": 1}


def filling(extra: str = "") -> str:
    """Compute is 100 times the network's to the power 0.9, exactly."""
    both = "".join(
        f"n{k},2015,0.3,{10 ** (2 + 0.9 * k):.6e},{10.0**k:.6e}\n" for k in (15, 16, 17, 18)
    )
    return f"{HEADER}{both}{extra}"


def test_compute_is_filled_from_the_networks_operations() -> None:
    found = of(filling("f,2016,0.2,,1e20\n"), fill_from_network=True)
    last = found.points[-1]

    assert (last.name, last.filled) == ("f", True)
    assert math.log10(last.flop) == pytest.approx(20.0)
    assert found.fill is not None
    assert found.fill.n == 4
    assert (found.fill.a, found.fill.b) == pytest.approx((2.0, 0.9), abs=1e-4)
    assert not any(point.filled for point in found.points[:-1])


def test_nothing_is_filled_unless_asked_for() -> None:
    assert of(filling("f,2016,0.2,,1e20\n")).left_out == {"without compute": 1}


def test_what_is_later_than_until_does_not_fill() -> None:
    late = "l,2021,0.2,1e30,1e18\nf,2016,0.2,,1e20\n"
    found = of(filling(late), fill_from_network=True, until=2020)

    assert found.fill is not None
    assert found.fill.n == 4


def test_filling_takes_three_rows_that_have_both() -> None:
    text = f"{HEADER}a,2012,0.4,1e17,1e16\nb,2013,0.3,1e18,1e17\nc,2014,0.2,,1e18\n"

    with pytest.raises(SettingsError, match="columns compute_flop and network_flop: 2 rows have"):
        of(text, fill_from_network=True)


def test_filling_takes_the_column() -> None:
    with pytest.raises(SettingsError, match="no column network_flop"):
        of("name,year,error,compute_flop\na,2012,0.4,1e17\n", fill_from_network=True)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "a,2012,40,1e17,",
            r"row 1 \(line 2\), column error: 40 is no fraction.*--error-in percent",
        ),
        ("a,2012,1,1e17,", "column error: 1 is no fraction"),
        ("a,2012,0,1e17,", "column error: 0: must lie above 0 and below 1"),
        ("a,2012,1e-300,1e17,", "column error: 1e-300: an error so small is never seen"),
        ("a,2012,-0.1,1e17,", "column error: -0.1: must lie above 0"),
        ("a,2012,low,1e17,", "column error: 'low' is no number"),
        ("a,2012,0.4,lots,", "column compute_flop: 'lots' is no number"),
        ("a,2012,0.4,0,", "column compute_flop: 0: must be above 0; leave the cell empty"),
        ("a,2012,0.4,1e17,-5", "column network_flop: -5: must be above 0"),
        ("a,12,0.4,1e17,", "column year: 12 is no year of a network"),
        ("a,2012.5,0.4,1e17,", "column year: 2012.5 is no whole number"),
        ("a,2012,0.4,inf,", "column compute_flop: 'inf' is no number"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named(row: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        of(f"{HEADER}{row}\n{SOME}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,year,compute_flop\na,2012,1e17\n", r"header \(line 1\): no column error"),
        ("name,error,compute_flop\na,0.1,1e17\n", "no column year"),
        ("name,year,error\na,2012,0.1\n", "no column compute_flop"),
        ("name,year,eror,compute_flop\na,2012,0.1,1e17\n", r"no column error \(eror looks like it"),
        ("name,year,error,score,compute_flop\na,2012,0.1,90,1e17\n", "both error and score"),
        ("name,year,score,compute_flop\na,2012,0.9,1e17\n", "say which: --error-in fraction"),
        ("name,year,score,compute_flop\na,2012,100,1e17\n", "column score: 100: must lie above 0"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        of(text)


def test_other_columns_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("paper,name,year,error,compute_flop\nx,a,2012,0.4,1e17\n", encoding="utf-8")

    assert points.read(path).points[0].name == "a"
