"""Runs as JSON, with all that the store keeps of them: `tracker import` reads it back."""

from __future__ import annotations

import json
from typing import Any, BinaryIO, Final

from tracker.model.report import RunReport
from tracker.model.statement import Statement

SUFFIX: Final = ".json"
NEEDS_RECORDS: Final = True


def write(report: Statement, target: BinaryIO) -> None:
    """``{"version": …, "runs": […]}``: each as `tracker show --json`, and its ``records``."""
    runs = [with_records(report, run) for run in report.runs]
    whole = {"version": report.version, "runs": runs}
    target.write(json.dumps(whole, indent=2, allow_nan=False).encode() + b"\n")


def with_records(report: Statement, run: RunReport) -> dict[str, Any]:
    """A run's report, and what it was computed from."""
    return run.to_dict() | {"records": report.records.get(run.run_id, {})}
