"""The table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from tracker.cli._parts import status
from tracker.cli._table import Column, Row, table
from tracker.model.display import (
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    when_text,
)
from tracker.model.report import RunSummary
from tracker.model.text import harmless

_COLUMNS: Final = (
    Column("run", weight=100, style="bold"),
    Column("name", weight=90, least=18),
    Column("project", weight=30, least=8),
    Column("status", weight=70),
    Column("started", weight=40),
    Column("duration", weight=60, right=True),
    Column("energy", weight=95, right=True),
    Column("range", weight=50, right=True, style="dim"),
    Column("CO2e", weight=80, right=True),
    Column("host", weight=20, least=8),
)


def runs_view(runs: Sequence[RunSummary], now: datetime, width: int) -> list[Text]:
    """A line for each run, newest first."""
    return table(_COLUMNS, [_row(run, now) for run in runs], width)


def _row(run: RunSummary, now: datetime) -> Row:
    return {
        "run": run.short_id,
        "name": harmless(run.name),
        "project": harmless(run.project),
        "status": status(run.status),
        "started": when_text(run.started_at, now),
        "duration": duration_text(run.duration_s),
        "energy": energy_text(run.energy_j),
        "range": energy_range_text(run.energy_low_j, run.energy_high_j),
        "CO2e": carbon_text(run.carbon_g),
        "host": harmless(run.hostname),
    }
