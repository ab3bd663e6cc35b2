"""A published table beside what its inputs give."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from tracker.cli._parts import heading, wrapped
from tracker.cli._table import Column, Row, table
from tracker.model.units import G_PER_LB
from tracker.research.published import (
    Constants,
    Figures,
    Recomputed,
    Table,
    search_corrections,
)

_G_PER_UNIT: Final = {"lb": G_PER_LB, "kg": 1e3, "t": 1e6}
_WITH_SEARCH: Final = ("strubell-1", "strubell-3")
_LARGE: Final = 1000.0


def published_view(found: Table, constants: Constants, units: str | None, width: int) -> list[Text]:
    """Each row: what was published, what its inputs give, and the difference."""
    unit = units or ("lb" if found.name.startswith("strubell") else "t")
    lines = [heading(found.title), *_changed(constants), Text("")]
    columns = _columns(unit, electricity=found.has_electricity)
    rows = [line for row in found.rows for line in _lines_of(row, unit)]
    head, *body = table(columns, rows, width, indent=2)
    lines.append(head)
    for position, row in enumerate(found.rows):
        lines.append(_title(row))
        lines += body[3 * position : 3 * position + 3]
        if row.note:
            lines += wrapped(row.note, width, indent=4, style="dim")
    lines += [Text(""), Text(_verdict(found))]
    if found.name in _WITH_SEARCH:
        lines += _corrections(width)
    return lines


def _columns(unit: str, *, electricity: bool) -> tuple[Column, ...]:
    columns = [
        Column("", weight=100, style="dim"),
        Column("kWh", weight=90, right=True),
        Column(f"CO2 {unit}", weight=95, right=True),
        Column("USD low", weight=60, right=True),
        Column("USD high", weight=60, right=True),
    ]
    if electricity:
        columns.append(Column("USD electricity", weight=50, right=True))
    return tuple(columns)


def _title(row: Recomputed) -> Text:
    line = Text(row.name, style="bold")
    if row.reproduces is None:
        return line.append("  cited", style="not bold dim")
    mark, style = ("✓ reproduces", "green") if row.reproduces else ("✗ does not", "yellow")
    return line.append(f"  {mark}", style=f"not bold {style}")


def _lines_of(row: Recomputed, unit: str) -> list[Row]:
    published, computed = _cells(row.published, unit), _cells(row.computed, unit)
    difference = {column: _difference(published[column], computed[column]) for column in published}
    return [
        {"": "published"} | {name: _number(value) for name, value in published.items()},
        {"": "computed"} | {name: _number(value) for name, value in computed.items()},
        {"": "difference"} | difference,
    ]


def _cells(figures: Figures, unit: str) -> dict[str, float | None]:
    mass = None if figures.co2_lb is None else figures.co2_lb * G_PER_LB / _G_PER_UNIT[unit]
    return {
        "kWh": figures.kwh,
        f"CO2 {unit}": mass,
        "USD low": figures.usd_low,
        "USD high": figures.usd_high,
        "USD electricity": figures.electricity_usd,
    }


def _number(value: float | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _difference(published: float | None, computed: float | None) -> str:
    if not published or computed is None:
        return ""
    percent = f"{(computed / published - 1) * 100:+.2f}"
    return "0 %" if percent in {"+0.00", "-0.00"} else f"{percent} %"


def _changed(constants: Constants) -> list[Text]:
    said = []
    if constants.pue is not None:
        said.append(f"PUE {constants.pue:g}")
    if constants.g_per_kwh is not None:
        pounds = constants.g_per_kwh / G_PER_LB
        said.append(f"{pounds:.4g} lb/kWh ({constants.g_per_kwh:.4g} g/kWh)")
    line = f"computed with {' and '.join(said)} instead of the authors' own"
    return [Text(line, style="yellow")] if said else []


def _verdict(found: Table) -> str:
    computed = [row for row in found.rows if row.reproduces is not None]
    count = sum(bool(row.reproduces) for row in computed)
    return f"{count} of {len(computed)} computed rows reproduce what was published."


def _corrections(width: int) -> list[Text]:
    lines = [Text(""), heading("What became of the 626,155 lb (Patterson et al. 2021)")]
    for each in search_corrections():
        text = f"{each.what}: {each.co2_lb:,.0f} lb, {each.times_less:.3g} times less: {each.why}"
        lines += wrapped(text, width, indent=2)
    return lines
