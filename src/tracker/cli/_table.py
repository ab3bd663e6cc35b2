"""Tables that leave out columns where there is no room, and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from rich.text import Text

GAP: Final = 2
"""Blanks between two columns."""

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"

Row = Mapping[str, str | Text]
"""A cell by its column's title; what is missing is empty."""


class Column(Struct, frozen=True):
    """A column of a table.

    Attributes:
        weight: the column with the smallest goes first where there is no room.
        least: to how few columns it can be squeezed before another one goes; ``None``
            if it is never cut, as a number must not be.
        style: rich's name of a style.
    """

    title: str
    weight: int
    least: int | None = None
    right: bool = False
    style: str = ""


class _Fitted(Struct):
    """A column and how wide it is drawn."""

    column: Column
    width: int

    @property
    def least(self) -> int:
        return self.width if self.column.least is None else min(self.width, self.column.least)


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    width: int,
    *,
    heads: bool = True,
    indent: int = 0,
) -> list[Text]:
    """The rows, in as many of the columns as ``width`` has room for; a line each.

    Args:
        columns: from left to right; one without any text is left out.
        rows: from top to bottom.
        width: columns of the terminal that there are.
        heads: whether the first line holds the titles.
        indent: blanks before each line.
    """
    fitted = _fit(columns, rows, width - indent, heads=heads)
    lines = [_line(row, fitted, indent) for row in rows]
    if heads:
        titles = {each.column.title: Text(each.column.title, style="dim") for each in fitted}
        lines.insert(0, _line(titles, fitted, indent))
    return lines


def _fit(
    columns: Sequence[Column], rows: Sequence[Row], width: int, *, heads: bool
) -> list[_Fitted]:
    fitted = []
    for column in columns:
        widest = max((_text(row, column).cell_len for row in rows), default=0)
        if widest:
            fitted.append(_Fitted(column, max(widest, len(column.title) if heads else 0)))
    while len(fitted) > 1 and _total([each.least for each in fitted]) > width:
        fitted.remove(min(fitted, key=lambda each: each.column.weight))
    excess = _total([each.width for each in fitted]) - width
    for each in sorted(fitted, key=lambda each: each.column.weight):
        cut = min(max(excess, 0), each.width - each.least)
        each.width -= cut
        excess -= cut
    return fitted


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _line(row: Row, fitted: Sequence[_Fitted], indent: int) -> Text:
    line = Text(" " * indent)
    for position, each in enumerate(fitted):
        cell = _text(row, each.column)
        cell.truncate(each.width, overflow="ellipsis")
        blanks = " " * (each.width - cell.cell_len)
        last = position == len(fitted) - 1
        line.append(blanks if each.column.right else "").append_text(cell)
        line.append("" if last else ("" if each.column.right else blanks) + " " * GAP)
    line.rstrip()
    return line


def _text(row: Row, column: Column) -> Text:
    cell = row.get(column.title, "")
    return cell.copy() if isinstance(cell, Text) else Text(cell, style=column.style)


def bar(ratio: float | None, width: int) -> str:
    """A bar of ``width`` columns at 1.0, in steps of an eighth of a column."""
    if ratio is None or not math.isfinite(ratio) or ratio <= 0:
        return ""
    eighths = max(1, round(min(ratio, 1.0) * width * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
