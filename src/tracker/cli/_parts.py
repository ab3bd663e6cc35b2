"""Lines that several views share."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

from rich.text import Text

from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    energy_range_text,
    energy_text,
    number_text,
)
from tracker.model.report import PricingReport, RunReport
from tracker.model.run import RunStatus
from tracker.model.text import cells, harmless

LABEL_COLUMNS: Final = 9
"""Columns of a label on the left, blanks included."""

_STYLES: Final = {
    RunStatus.RUNNING: "cyan",
    RunStatus.FINISHED: "green",
    RunStatus.FAILED: "red",
    RunStatus.INTERRUPTED: "yellow",
}


def status(of: RunStatus) -> Text:
    """A run's status; the colour only repeats the word."""
    return Text(of.value, style=_STYLES[of])


def heading(text: str) -> Text:
    """The first line of a part of a view."""
    return Text(text, style="bold")


def energy_line(report: RunReport, label: str = "Energy") -> Text:
    """The run's energy and its range."""
    return _figure_line(
        label,
        energy_text(report.energy_j),
        energy_range_text(report.energy_low_j, report.energy_high_j),
        known=report.energy_j is not None,
    )


def carbon_line(report: RunReport, label: str = "CO2e") -> Text:
    """The run's carbon and its range."""
    return _figure_line(
        label,
        carbon_text(report.carbon_g),
        carbon_range_text(report.carbon_low_g, report.carbon_high_g),
        known=report.carbon_g is not None,
    )


def _figure_line(label: str, figure: str, extent: str, *, known: bool) -> Text:
    line = Text(f"{label:<{LABEL_COLUMNS}}", style="bold" if label[:1].isupper() else "dim")
    if not known:
        return line.append("not known", style="not bold")
    return line.append(f"{figure:<9}", style="not dim").append(f"  {extent}", style="not bold dim")


def price_text(pricing: PricingReport) -> str:
    """What a run is priced with, its range, and where that holds."""
    figures = (pricing.g_per_kwh_mean, pricing.g_per_kwh_low, pricing.g_per_kwh_high)
    return f"{intensity_text(*figures)}, {harmless(pricing.zone_name or pricing.zone)}"


def intensity_text(g_per_kwh: float, low: float, high: float) -> str:
    """A carbon intensity and its range."""
    extent = f"{number_text(low)}\N{EN DASH}{number_text(high)}"
    return f"{number_text(g_per_kwh)} g/kWh ({extent})"


def unbroken(text: str | Text, style: str = "") -> Text:
    """A line that is never folded by us, so that a command or a URL can be copied."""
    line = text if isinstance(text, Text) else Text(text, style=style)
    line.no_wrap, line.overflow = True, "ignore"
    return line


def wrapped(text: str, width: int, *, indent: int, style: str = "") -> list[Text]:
    """``text`` broken at blanks into lines that begin with ``indent`` blanks."""
    lines = textwrap.wrap(
        harmless(text),
        max(width, indent + 10),
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Text(line, style=style) for line in lines]


def labelled(
    pairs: Iterable[tuple[str, str]], width: int, *, indent: int = 2, least: int = 0
) -> list[Text]:
    """A label and a text each, the texts aligned and wrapped below themselves.

    Args:
        pairs: from top to bottom.
        width: columns of the terminal.
        indent: blanks before each label.
        least: columns of a label at least, blanks included.
    """
    known = [(harmless(label), text) for label, text in pairs]
    column = indent + max([least, *(cells(label) + 2 for label, _ in known)])
    lines = []
    for label, text in known:
        first, *others = wrapped(text, width, indent=column) or [Text(" " * column)]
        blanks = " " * (column - indent - cells(label))
        head = Text(" " * indent + label + blanks, style="dim")
        lines += [head.append(first.plain[column:], style="not dim"), *others]
    return lines
