"""A table of runs for a README: one line a run and one of all together."""

from __future__ import annotations

from typing import BinaryIO, Final

from tracker.exporters import _markdown, _words
from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
)
from tracker.model.report import RunReport
from tracker.model.statement import Amount, Statement

_HEADS: Final = ("run", "name", "started", "duration", "energy", "range", "CO2e", "range of CO2e")
_RIGHT: Final = (3, 4, 5, 6, 7)


def write(report: Statement, target: BinaryIO) -> None:
    """Units follow the size of each figure."""
    rows = [_row(run) for run in report.runs]
    if len(rows) > 1:
        energy, carbon = report.energy_j, report.carbon_g
        rows.append(
            ("", "together", "", "", *_energy(energy), *_carbon(carbon)),
        )
    _words.put(target, _markdown.table(_HEADS, rows, _RIGHT))


def _row(run: RunReport) -> tuple[str, ...]:
    return (
        run.short_id,
        run.name,
        f"{run.started_at:%Y-%m-%d %H:%M} UTC",
        duration_text(run.duration_s),
        energy_text(run.energy_j),
        energy_range_text(run.energy_low_j, run.energy_high_j),
        carbon_text(run.carbon_g),
        carbon_range_text(run.carbon_low_g, run.carbon_high_g),
    )


def _energy(amount: Amount | None) -> tuple[str, str]:
    if amount is None:
        return energy_text(None), ""
    return energy_text(amount.value), energy_range_text(amount.low, amount.high)


def _carbon(amount: Amount | None) -> tuple[str, str]:
    if amount is None:
        return carbon_text(None), ""
    return carbon_text(amount.value), carbon_range_text(amount.low, amount.high)
