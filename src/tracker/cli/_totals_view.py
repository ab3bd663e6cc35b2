"""What groups of runs come to, as a table."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from tracker.cli._table import Column, Row, bar, table
from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    scope_text,
)
from tracker.model.text import harmless
from tracker.model.totals import GroupTotal, Totals

_NO_NAME: Final = "(none)"
_BAR_COLUMNS: Final = 12


def totals_view(totals: Totals, width: int) -> list[Text]:
    """A line a group and one of all together, where each joule counts once."""
    by = totals.by.removeprefix("tag:")
    columns = (
        Column(harmless(by), weight=100, least=10, style="bold"),
        Column("runs", weight=70, right=True),
        Column("duration", weight=40, right=True),
        Column("energy", weight=95, right=True),
        Column("range", weight=50, right=True, style="dim"),
        Column("CO2e", weight=90, right=True),
        Column("range of CO2e", weight=30, right=True, style="dim"),
        Column("shared", weight=35, right=True),
        Column("share", weight=20),
    )
    largest_j = max((group.energy_j or 0.0 for group in totals.groups), default=0.0)
    rows = [
        _row(group, columns[0].title, group.group or _NO_NAME, largest_j) for group in totals.groups
    ]
    lines = table(columns, [*rows, _row(totals.total, columns[0].title, "together", 0.0)], width)
    return [*lines, *_remarks(totals)]


def _row(group: GroupTotal, head: str, name: str, largest_j: float) -> Row:
    share = group.energy_j / largest_j if group.energy_j and largest_j else None
    return {
        head: harmless(name),
        "runs": f"{group.runs:,}",
        "duration": duration_text(group.duration_s),
        "energy": energy_text(group.energy_j),
        "range": energy_range_text(group.energy_low_j, group.energy_high_j),
        "CO2e": carbon_text(group.carbon_g),
        "range of CO2e": carbon_range_text(group.carbon_low_g, group.carbon_high_g),
        "shared": energy_text(group.shared_j) if group.shared_j else "",
        "share": Text(bar(share, _BAR_COLUMNS), style="cyan"),
    }


def _remarks(totals: Totals) -> list[Text]:
    remarks = []
    if any(group.shared_j for group in totals.groups):
        remarks.append("shared: other groups counted it too; together it counts once.")
    if len(totals.scopes) > 1:
        several = " and ".join(map(scope_text, totals.scopes))
        remarks.append(f"CO2e adds up {several} emissions, which are not the same thing.")
    if totals.total.unread_runs:
        remarks.append(f"{totals.total.unread_runs:,} runs have no figure: nothing was read.")
    if totals.total.unpriced_j:
        remarks.append(f"{energy_text(totals.total.unpriced_j)} have no price and no CO2e.")
    return [Text(remark, style="dim") for remark in remarks]
