"""A run as a row: the columns that every table of runs has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tracker.model.device import DeviceKind
from tracker.model.plain import plain
from tracker.model.report import RunReport

Row = dict[str, Any]

_OF_THE_RUN: Final = (
    *("run_id", "short_id", "name", "project", "status", "started_at", "ended_at", "duration_s"),
    *("energy_j", "energy_low_j", "energy_high_j", "energy_kwh"),
    *("carbon_g", "carbon_low_g", "carbon_high_g"),
)
NAMED_KINDS: Final = tuple(kind.value for kind in DeviceKind)
_OF_THE_PRICE: Final = ("provider", "zone", "signal", "scope", "g_per_kwh_mean", "pue")
COLUMNS: Final = (
    *_OF_THE_RUN,
    *(f"{kind}_j" for kind in NAMED_KINDS),
    *_OF_THE_PRICE,
    *("methods", "not_counted", "user", "error", "note"),
)
"""In this order; ``tag_KEY`` and ``metric_NAME`` follow. Empty is what is not known."""


def rows_of(runs: Sequence[RunReport]) -> tuple[list[str], list[Row]]:
    """The columns' names, and a row for each run; a row may lack columns."""
    rows = [row_of(run) for run in runs]
    more = sorted({name for row in rows for name in row} - set(COLUMNS))
    return [*COLUMNS, *more], rows


def row_of(run: RunReport) -> Row:
    """One run; times as text in ISO 8601, UTC."""
    row: Row = {name: plain(getattr(run, name)) for name in _OF_THE_RUN}
    for kind in NAMED_KINDS:
        row[f"{kind}_j"] = _kind_j(run, kind)
    if run.pricing is not None:
        row |= {name: getattr(run.pricing, name) for name in _OF_THE_PRICE}
    row["methods"] = "; ".join(dict.fromkeys(each.method for each in run.devices if each.in_total))
    row["not_counted"] = "; ".join(dict.fromkeys(each.what for each in run.not_counted))
    row |= {"user": run.provenance.get("user"), "error": run.error, "note": run.note or None}
    row |= {f"tag_{key}": value for key, value in run.tags.items()}
    return row | {f"metric_{name}": plain(value) for name, value in run.metrics.items()}


def _kind_j(run: RunReport, kind: str) -> float | None:
    some = [each.energy_j for each in run.devices if each.in_total and each.kind == kind]
    return sum(some) if some else None
