"""A table of runs as CSV (RFC 4180, UTF-8): joules, kilowatt-hours, grams."""

from __future__ import annotations

from typing import BinaryIO, Final

from tracker.exporters import _cells, _table
from tracker.model.statement import Statement

SUFFIX: Final = ".csv"


def write(report: Statement, target: BinaryIO) -> None:
    """A row a run; a text that a spreadsheet would obey has an apostrophe before it."""
    columns, rows = _table.rows_of(report.runs)
    _cells.put(target, columns, rows)
