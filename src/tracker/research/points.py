"""Published results of networks, from a table that a user makes.

Columns ``name``, ``year``, ``error`` (a fraction) or ``score`` (percent), ``compute_flop``,
and optionally ``network_flop``; others are left alone. An empty cell is missing, not wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.research import rows
from tracker.research.fit import Line, least_squares
from tracker.research.rows import Row, Sheet

ErrorUnit = Literal["fraction", "percent"]

LEAST_POINTS: Final = 3
LEAST_ERROR: Final = 1e-12
"""No test has so many questions that it would show a smaller one."""
_FIRST_YEAR: Final = 1940
_LAST_YEAR: Final = 2200


class Point(Struct, frozen=True):
    """One result.

    Attributes:
        error: a fraction, above 0 and below 1.
        flop: floating-point operations of its training.
        filled: ``flop`` was computed from the network's operations.
    """

    name: str
    year: int | None
    error: float
    flop: float
    filled: bool = False


class Points(Struct, frozen=True):
    """What a table holds for a fit.

    Attributes:
        name: the table's.
        left_out: how many rows were left out, by reason.
        fill: the line that filled compute from network operations, or ``None``.
    """

    name: str
    points: tuple[Point, ...]
    left_out: Mapping[str, int]
    fill: Line | None = None

    @property
    def same_year(self) -> int | None:
        """The year of all points, where there is only one."""
        years = {point.year for point in self.points if point.year is not None}
        return years.pop() if len(years) == 1 and len(self.points) > 1 else None


class _Result(Struct, frozen=True):
    """A row, read; what is empty is ``None``."""

    name: str
    year: int | None
    error: float | None
    flop: float | None
    network_flop: float | None


def read(
    path: Path,
    *,
    until: int | None = None,
    fill_from_network: bool = False,
    unit: ErrorUnit | None = None,
) -> Points:
    """The points of a table.

    Args:
        path: a CSV.
        until: only results of that year or before.
        fill_from_network: rows without compute get it from ``network_flop``, by least
            squares of log10 on log10 over the rows that have both.
        unit: what the errors are in, where the header does not say.

    Raises:
        SettingsError: the table cannot be read, or a cell not be meant; names row and column.
    """
    return of(
        rows.read(path, "result"), until=until, fill_from_network=fill_from_network, unit=unit
    )


def of(
    sheet: Sheet,
    *,
    until: int | None = None,
    fill_from_network: bool = False,
    unit: ErrorUnit | None = None,
) -> Points:
    """The points of a sheet; as ``read``."""
    sheet.require("name", "year", "compute_flop")
    column = _error_column(sheet)
    _ask_unit(sheet, column, unit)
    results = [_result(row, column, unit) for row in sheet.rows]
    left_out: Counter[str] = Counter()
    if until is not None:
        left_out["without a year"] = sum(each.year is None for each in results)
        left_out[f"later than {until}"] = sum((each.year or 0) > until for each in results)
        results = [each for each in results if each.year is not None and each.year <= until]
    fill = _fill_line(sheet, results) if fill_from_network else None
    points = []
    for each in results:
        point = _point(each, fill)
        if isinstance(point, Point):
            points.append(point)
        else:
            left_out[point] += 1
    counted = {reason: count for reason, count in left_out.items() if count}
    return Points(sheet.name, tuple(points), counted, fill)


def _point(result: _Result, fill: Line | None) -> Point | str:
    if result.error is None:
        return "without an error"
    flop, filled = result.flop, False
    if flop is None and fill is not None and result.network_flop is not None:
        flop, filled = 10 ** (fill.a + fill.b * math.log10(result.network_flop)), True
    if flop is None:
        return "without compute"
    return Point(result.name, result.year, result.error, flop, filled)


def _fill_line(sheet: Sheet, results: Sequence[_Result]) -> Line | None:
    sheet.require("network_flop")
    if all(each.flop is not None or each.network_flop is None for each in results):
        return None
    both = [
        (math.log10(each.network_flop), math.log10(each.flop))
        for each in results
        if each.flop is not None and each.network_flop is not None
    ]
    if len(both) < LEAST_POINTS or len({x for x, _ in both}) == 1:
        raise SettingsError(
            f"{sheet.name}, columns compute_flop and network_flop: {len(both)} rows have both;"
            f" to fill one from the other takes {LEAST_POINTS} that differ"
        )
    return least_squares([x for x, _ in both], [y for _, y in both])


def _error_column(sheet: Sheet) -> str:
    found = [column for column in ("error", "score") if column in sheet.columns]
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsError(f"{sheet.name}: both error and score are there; leave one of them out")
    sheet.require("error")
    raise AssertionError  # the line above has raised


def _ask_unit(sheet: Sheet, column: str, unit: ErrorUnit | None) -> None:
    """Refuse where the figures do not look like what the header says they are."""
    if unit is not None:
        return
    for row in sheet.rows:
        value = row.number(column)
        if column == "error" and value is not None and value >= 1:
            raise row.refusal(
                column,
                f"{value:g} is no fraction below 1; if the errors are in percent,"
                " say so: --error-in percent",
            )
    values = [row.number(column) for row in sheet.rows]
    if column == "score" and all(value <= 1 for value in values if value is not None):
        raise sheet.rows[0].refusal(
            column,
            "no score is above 1, so these may be fractions and not percent;"
            " say which: --error-in fraction, or --error-in percent",
        )


def _result(row: Row, column: str, unit: ErrorUnit | None) -> _Result:
    return _Result(
        name=row.text("name") or row.place,
        year=_year(row),
        error=_error(row, column, unit),
        flop=_flop(row, "compute_flop"),
        network_flop=_flop(row, "network_flop"),
    )


def _year(row: Row) -> int | None:
    year = row.whole("year")
    if year is not None and not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise row.refusal("year", f"{year} is no year of a network")
    return year


def _error(row: Row, column: str, unit: ErrorUnit | None) -> float | None:
    value = row.number(column)
    if value is None:
        return None
    whole = {"percent": 100.0, "fraction": 1.0, None: 1.0 if column == "error" else 100.0}[unit]
    error = value / whole if column == "error" else 1 - value / whole
    if 0 < error < LEAST_ERROR:
        raise row.refusal(column, f"{value:g}: an error so small is never seen")
    if not 0 < error < 1:
        bounds = f"must lie above 0 and below {whole:g}"
        raise row.refusal(column, f"{value:g}: {bounds}")
    return error


def _flop(row: Row, column: str) -> float | None:
    value = row.number(column)
    if value is not None and value <= 0:
        raise row.refusal(column, f"{value:g}: must be above 0; leave the cell empty if not known")
    return value
