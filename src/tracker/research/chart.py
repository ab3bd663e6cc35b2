"""The study's chart: CO2 of familiar consumption beside that of training, and yours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tracker.errors import ExportError, SettingsError
from tracker.model.text import harmless
from tracker.model.units import lb_from_g
from tracker.research import plot, published

_SHOWN: Final = (
    "Air travel, 1 passenger, NY to SF and back",
    "Human life, average, 1 year",
    "American life, average, 1 year",
    "Car, average incl. fuel, 1 lifetime",
    "Transformer (big) with architecture search",
)
_VANISHES_BELOW: Final = 1 / 100
"""Shorter than a hundredth of the longest bar, a bar is not seen."""
_DECADES_BELOW: Final = 0.5
_GREY: Final = "#9aa5b1"
_RED: Final = "#b3261e"


class Bar(Struct, frozen=True):
    """One bar; ``own`` where it is the user's."""

    name: str
    co2_lb: float
    own: bool = False


class Chart(Struct, frozen=True):
    """Bars, and whether their axis is logarithmic: where one of the user's would vanish."""

    bars: tuple[Bar, ...]
    logarithmic: bool

    def length(self, bar: Bar) -> float:
        """The bar's length, as a share of the longest one's."""
        largest = max(each.co2_lb for each in self.bars)
        if not self.logarithmic:
            return bar.co2_lb / largest
        start = math.log10(min(each.co2_lb for each in self.bars)) - _DECADES_BELOW
        return (math.log10(bar.co2_lb) - start) / (math.log10(largest) - start)

    def to_dict(self) -> dict[str, Any]:
        """``{logarithmic, bars[{name, co2_lb, own}]}`` as JSON values."""
        bars = [{"name": each.name, "co2_lb": each.co2_lb, "own": each.own} for each in self.bars]
        return {"logarithmic": self.logarithmic, "bars": bars}


def chart(own: Sequence[tuple[str, float]] = ()) -> Chart:
    """The study's bars and the user's.

    Args:
        own: a name and grams of CO2e each.

    Raises:
        SettingsError: one of them has no CO2e.
    """
    rows = {row.name: row.published.co2_lb for row in published.table("strubell-1").rows}
    bars = [Bar(name, rows[name] or 0.0) for name in _SHOWN]
    for name, carbon_g in own:
        if not (math.isfinite(carbon_g) and carbon_g > 0):
            raise SettingsError(f"{name}: no CO2e is known of it, so it has no bar")
        bars.append(Bar(name, lb_from_g(carbon_g), own=True))
    bars.sort(key=lambda bar: bar.co2_lb)
    least = bars[-1].co2_lb * _VANISHES_BELOW
    return Chart(tuple(bars), any(bar.own and bar.co2_lb < least for bar in bars))


def save(drawn: Chart, path: Path) -> None:
    """Draw the chart into ``path``, an svg or a png.

    Raises:
        ExportError: the file's ending is another one, or it cannot be written.
        PluginError: matplotlib is not installed.
    """
    if path.suffix.removeprefix(".").lower() not in plot.FORMATS:
        raise ExportError(f"{path}: a plot is {' or '.join(plot.FORMATS)}; name the file so")
    matplotlib = plot.library()
    figure = matplotlib.figure.Figure(
        figsize=(8, 0.6 + 0.45 * len(drawn.bars)), layout="constrained"
    )
    axes = figure.subplots()
    masses = [bar.co2_lb for bar in drawn.bars]
    bars = axes.barh(
        [_plain(bar.name) for bar in drawn.bars],
        masses,
        color=[_RED if bar.own else _GREY for bar in drawn.bars],
    )
    axes.bar_label(
        bars, labels=[f" {mass:,.4g}" if mass < 1 else f" {mass:,.0f}" for mass in masses]
    )
    axes.set_xlabel("lb CO2e" + (", logarithmic" if drawn.logarithmic else ""))
    if drawn.logarithmic:
        axes.set_xscale("log")
    axes.margins(x=0.18)
    plot.write(matplotlib, figure, path)


def _plain(name: str) -> str:
    """A name that matplotlib draws as it is: a dollar sign would begin a formula."""
    return harmless(name).replace("$", r"\$")
