from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.display import (
    UNKNOWN,
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    equivalent_text,
    live_line,
    number_text,
    power_text,
    share_text,
    size_text,
    usd_text,
    when_text,
)
from tracker.model.run import RunTotals
from tracker.model.text import cells, harmless, shortened, sparkline

DASH = "\N{EN DASH}"
UNIT_J = {"mJ": 1e-3, "J": 1.0, "Wh": 3.6e3, "kWh": 3.6e6, "MWh": 3.6e9, "GWh": 3.6e12}


@pytest.mark.parametrize(
    ("energy_j", "text"),
    [
        (0, "0 J"),
        (1e-9, "<0.001 mJ"),
        (0.5, "500 mJ"),
        (0.9996, "1.00 J"),
        (540, "540 J"),
        (999.4, "999 J"),
        (999.6, "0.278 Wh"),
        (44_300, "12.3 Wh"),
        (3.59e6, "997 Wh"),
        (3.5999e6, "1.00 kWh"),
        (1.2e9, "333 kWh"),
        (3.6e9, "1.00 MWh"),
        (7e15, "1,940 GWh"),
        (-540, "-540 J"),
        (None, UNKNOWN),
        (math.nan, UNKNOWN),
        (math.inf, UNKNOWN),
    ],
)
def test_energy(energy_j: float | None, text: str) -> None:
    assert energy_text(energy_j) == text


@given(st.floats(min_value=1e-3, max_value=3.6e15))
def test_energy_reads_back_to_three_digits(energy_j: float) -> None:
    figure, unit = energy_text(energy_j).split()

    assert "e" not in figure
    assert float(figure.replace(",", "")) * UNIT_J[unit] == pytest.approx(energy_j, rel=0.0051)


@pytest.mark.parametrize(
    ("carbon_g", "text"),
    [(0, "0 g"), (0.69, "690 mg"), (12.34, "12.3 g"), (999.7, "1.00 kg"), (4.29e6, "4.29 t")],
)
def test_carbon(carbon_g: float, text: str) -> None:
    assert carbon_text(carbon_g) == text


def test_power_and_size() -> None:
    assert [power_text(w) for w in (0, 0.4, 62, 431.4, 1234)] == [
        *("0 W", "400 mW", "62.0 W", "431 W", "1.23 kW")
    ]
    assert [size_text(n) for n in (0, 512, 2_310_000)] == ["0 B", "512 B", "2.31 MB"]


def test_a_range_has_one_unit() -> None:
    assert energy_range_text(41_300, 47_400) == f"11.5{DASH}13.2 Wh"
    assert energy_range_text(900, 4_000) == f"0.250{DASH}1.11 Wh"
    assert energy_range_text(-10, 2_000) == "-0.00278 to 0.556 Wh"
    assert energy_range_text(0, 0) == f"0{DASH}0 J"
    assert carbon_range_text(0.52, 0.87) == f"520{DASH}870 mg"
    assert carbon_range_text(None, 1) == UNKNOWN
    assert energy_range_text(math.nan, 1) == UNKNOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (0.98765, "0.988"), (12345, "12,300"), (3e-7, "3e-07"), (-2.5, "-2.50"), (0, "0")],
)
def test_a_logged_number(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0, "0 %"), (0.001, "<1 %"), (0.824, "82 %"), (1.0, "100 %"), (None, UNKNOWN)],
)
def test_a_share(ratio: float | None, text: str) -> None:
    assert share_text(ratio) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0, "0 s"),
        (0.0123, "0.012 s"),
        (0.5, "0.500 s"),
        (9.2, "9.20 s"),
        (12.34, "12.3 s"),
        (41.0, "41 s"),
        (59.96, "1 min 00 s"),
        (151.3, "2 min 31 s"),
        (3599.9, "1 h 00 min"),
        (11_100, "3 h 05 min"),
        (183_600, "2 d 03 h"),
        (-5.0, "-5 s"),
        (None, UNKNOWN),
    ],
)
def test_a_duration(duration_s: float | None, text: str) -> None:
    assert duration_text(duration_s) == text


def test_a_time_is_told_in_the_zone_of_whoever_looks() -> None:
    now = datetime(2026, 5, 3, 1, 0, tzinfo=timezone(timedelta(hours=2)))

    assert when_text(datetime(2026, 5, 2, 22, 22, tzinfo=UTC), now) == "today 00:22"
    assert when_text(datetime(2026, 5, 2, 21, 59, tzinfo=UTC), now) == "yesterday 23:59"
    assert when_text(datetime(2026, 4, 30, 12, 0, tzinfo=UTC), now) == "2026-04-30 14:00"
    assert when_text(None, now) == UNKNOWN


@pytest.mark.parametrize(
    ("carbon_g", "said"),
    [
        (0.001, "less than a thousandth of one smartphone charge (US grid, EPA)"),
        (0.69, "about as much as 5.6 % of one smartphone charge (US grid, EPA)"),
        (12.4, "about as much as 1 smartphone charge (US grid, EPA)"),
        (124.0, "about as much as 10 smartphone charges (US grid, EPA)"),
        (2_440.0, "about as much as driving an average US gasoline car 10 km (EPA)"),
        (1e6, "about as much as driving an average US gasoline car for 2.8 months (EPA)"),
        (4.29e7, "about as much as driving an average US gasoline car for 10 years (EPA)"),
        (0.0, ""),
        (-1.0, ""),
        (None, ""),
        (math.nan, ""),
    ],
)
def test_an_equivalent_is_chosen_by_size(carbon_g: float | None, said: str) -> None:
    assert equivalent_text(carbon_g) == said


@given(st.floats(min_value=0.0125, max_value=1e12))
def test_an_equivalent_counts_in_numbers_that_can_be_imagined(carbon_g: float) -> None:
    count = re.search(r"[\d.,]+", equivalent_text(carbon_g))

    assert count is not None
    figure = float(count.group().replace(",", ""))
    assert figure > 0.09
    assert figure < 2_000 or carbon_g > 4.29e9


def test_the_live_line_drops_what_matters_least() -> None:
    totals = RunTotals(151.3, 44_300.0, 0.69, {"gpu:0": 369.0, "cpu:0": 62.0})
    lines = {
        width: live_line("resnet", totals, ("epoch", "train"), width) for width in (80, 50, 35, 24)
    }

    assert lines == {
        80: "resnet  2 min 31 s  431 W  12.3 Wh  690 mg CO2e  epoch > train",
        50: "resnet  2 min 31 s  431 W  12.3 Wh  690 mg CO2e",
        35: "resnet  12.3 Wh  690 mg CO2e",
        24: "12.3 Wh  690 mg CO2e",
    }


def test_the_live_line_marks_a_provisional_figure_and_shows_a_name_harmlessly() -> None:
    line = live_line("a\nb\x1b[2J", RunTotals(1.0, 540.0, 0.69, provisional=True), (), 80)

    assert line == f"a b�[2J  1 s  {UNKNOWN}  540 J  ~690 mg CO2e"


@given(st.text(), st.floats(0, 1e12), st.lists(st.text(), max_size=4), st.integers(0, 120))
def test_the_live_line_fits(name: str, figure: float, phases: list[str], width: int) -> None:
    totals = RunTotals(figure, figure, figure, {"gpu:0": figure})

    assert cells(live_line(name, totals, phases, width)) <= width


@given(st.text())
def test_harmless_text_is_one_line_that_any_terminal_shows(text: str) -> None:
    shown = harmless(text)

    assert len(shown.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()


def test_harmless_text_keeps_what_harms_nobody() -> None:
    kept = "naïve 模型 👩\u200d🔬 [red] =cmd()"

    assert harmless(kept) == kept
    assert harmless("\udc80") == "�"


def test_columns_are_counted_as_a_terminal_does() -> None:
    assert [cells(text) for text in ("abc", "模型", "e\u0301", "🤗")] == [3, 4, 1, 2]
    assert shortened("模型模型", 5) == "模型…"
    assert shortened("abc", 0) == ""


def test_a_sparkline_is_drawn_from_zero_to_its_peak() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) == "▂▃▄▅▆▇██"
    assert sparkline([100, 100, 50, 50], 2) == "█▅"
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([], 5) == ""


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "\N{EN DASH}"),
        (0, "0 USD"),
        (0.004, "<0.01 USD"),
        (0.5, "0.500 USD"),
        (9870, "9,870 USD"),
    ],
)
def test_dollars(usd: float | None, shown: str) -> None:
    assert usd_text(usd) == shown
