"""A table of runs as Parquet, with the columns of the CSV format."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO, Final

from tracker.errors import PluginError
from tracker.exporters import _table
from tracker.model.statement import Statement

SUFFIX: Final = ".parquet"
_TIMES: Final = ("started_at", "ended_at")
_NUMBERS: Final = ("_s", "_j", "_g", "_kwh", "_g_per_kwh_mean", "pue")


def write(report: Statement, target: BinaryIO) -> None:
    """A row a run; times are UTC with microseconds.

    Raises:
        PluginError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - the format's own package
        from pyarrow import parquet  # noqa: PLC0415 - the same
    except ImportError as error:
        raise PluginError(
            "format parquet needs pyarrow: pip install 'emissions-tracker[parquet]'"
        ) from error
    columns, rows = _table.rows_of(report.runs)
    table = pa.table({name: pa.array(_values(name, rows), _type(pa, name)) for name in columns})
    parquet.write_table(table, target)


def _values(name: str, rows: list[_table.Row]) -> list[Any]:
    values = [row.get(name) for row in rows]
    if name in _TIMES:
        return [None if value is None else datetime.fromisoformat(value) for value in values]
    return values


def _type(pa: Any, name: str) -> Any:  # noqa: ANN401 - pyarrow's own
    """A type for each column, also where no run has a value."""
    if name in _TIMES:
        return pa.timestamp("us", tz="UTC")
    is_number = name.startswith("metric_") or name in {"pue", "g_per_kwh_mean"}
    is_number = is_number or (name in _table.COLUMNS and name.endswith(_NUMBERS))
    return pa.float64() if is_number else pa.string()
