"""Runs as JSON Lines, a line a run: `tracker import` reads it back."""

from __future__ import annotations

import json
from typing import BinaryIO, Final

from tracker.exporters.json import with_records
from tracker.model.statement import Statement

SUFFIX: Final = ".jsonl"
NEEDS_RECORDS: Final = True


def write(report: Statement, target: BinaryIO) -> None:
    """Each line is one of the runs of the JSON format."""
    for run in report.runs:
        line = json.dumps(with_records(report, run), allow_nan=False, separators=(",", ":"))
        target.write(line.encode() + b"\n")
