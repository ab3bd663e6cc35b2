"""What it took to come to the final runs, in the terminal."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from tracker.cli._parts import heading, labelled
from tracker.cli._table import Column, Row, table
from tracker.model.display import (
    UNKNOWN,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    number_text,
    usd_text,
)
from tracker.model.statement import Development, Group, Statement
from tracker.model.text import harmless

_COLUMNS: Final = (
    Column("runs", weight=100),
    Column("number", weight=90, right=True),
    Column("duration", weight=40, right=True),
    Column("GPU-hours", weight=60, right=True),
    Column("energy", weight=95, right=True),
    Column("range", weight=50, right=True, style="dim"),
    Column("CO2e", weight=80, right=True),
    Column("electricity", weight=30, right=True),
    Column("cloud", weight=35, right=True),
)


def development_view(statement: Statement, width: int) -> list[Text]:
    """The groups, all of them together, and the ratio."""
    found = statement.development
    if found is None:
        return []
    rows = [_row(group) for group in (*found.groups, found.whole)]
    title = heading(f"Development of project {harmless(statement.project)}")
    pairs = [("ratio", _ratio(found)), ("final", _final(found))]
    return [title, *table(_COLUMNS, rows, width), Text(), *labelled(pairs, width)]


def _row(group: Group) -> Row:
    energy_j, carbon_g, usd = group.energy_j, group.carbon_g, group.electricity_usd
    return {
        "runs": Text(group.name, style="bold" if group.name in {"final", "all"} else ""),
        "number": f"{group.runs:,}",
        "duration": duration_text(group.duration_s),
        "GPU-hours": UNKNOWN if group.gpu_hours is None else number_text(group.gpu_hours),
        "energy": energy_text(energy_j.value if energy_j else None),
        "range": energy_range_text(energy_j.low, energy_j.high) if energy_j else "",
        "CO2e": carbon_text(carbon_g.value if carbon_g else None),
        "electricity": usd_text(usd.value if usd else None),
        "cloud": _span(group.cloud_usd) if group.cloud_usd else "",
    }


def _span(usd: tuple[float, float]) -> str:
    return " to ".join(dict.fromkeys(map(usd_text, usd)))


def _ratio(found: Development) -> str:
    ratio = found.energy_ratio
    if ratio is None:
        return "not known: no final run has energy"
    extent = f"{number_text(ratio.low)}\N{EN DASH}{number_text(ratio.high)}"
    return f"{number_text(ratio.value)} ({extent}): energy of all runs over that of the final ones"


def _final(found: Development) -> str:
    patterns = " or ".join(found.final_is)
    return (
        f"finished, and called or tagged {patterns}; electricity at "
        f"{number_text(found.usd_per_kwh)} USD/kWh"
    )
