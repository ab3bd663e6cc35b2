from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import ExportError, SettingsError
from tracker.model.units import g_from_lb
from tracker.research.chart import chart, save

# Strubell et al. 2019, table 1, as printed.
STUDY = [1984, 11023, 36156, 126000, 626155]


def test_the_studys_bars_are_its_table() -> None:
    drawn = chart()

    assert [bar.co2_lb for bar in drawn.bars] == STUDY
    assert not drawn.logarithmic
    assert drawn.length(drawn.bars[-1]) == 1
    assert drawn.length(drawn.bars[0]) == pytest.approx(1984 / 626155)


def test_an_own_bar_that_is_seen_keeps_the_axis() -> None:
    drawn = chart([("ours", g_from_lb(50000))])

    assert not drawn.logarithmic
    assert [bar.co2_lb for bar in drawn.bars if bar.own] == [pytest.approx(50000)]


def test_an_own_bar_that_would_vanish_makes_it_logarithmic() -> None:
    drawn = chart([("ours", 690.0)])
    lengths = [drawn.length(bar) for bar in drawn.bars]

    assert drawn.logarithmic
    assert drawn.bars[0].own
    assert lengths == sorted(lengths)
    assert lengths[0] > 0.03


@pytest.mark.parametrize("carbon_g", [0.0, float("nan")])
def test_what_has_no_carbon_has_no_bar(carbon_g: float) -> None:
    with pytest.raises(SettingsError, match="ours: no CO2e is known of it"):
        chart([("ours", carbon_g)])


@pytest.mark.parametrize("own", [(), (("ours", 690.0),)])
def test_a_picture_holds_every_bar(tmp_path: Path, own: tuple[tuple[str, float], ...]) -> None:
    drawn = chart(own)
    save(drawn, tmp_path / "chart.svg")
    save(drawn, tmp_path / "chart.png")
    text = (tmp_path / "chart.svg").read_text(encoding="utf-8")

    assert all(f"<!-- {bar.name}" in text for bar in drawn.bars)
    assert ("logarithmic" in text) == drawn.logarithmic
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_a_name_with_dollars_is_no_formula(tmp_path: Path) -> None:
    save(chart([("run $x_ and $", 690.0)]), tmp_path / "chart.svg")

    assert "run" in (tmp_path / "chart.svg").read_text(encoding="utf-8")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="svg or png"):
        save(chart(), tmp_path / "chart.gif")
