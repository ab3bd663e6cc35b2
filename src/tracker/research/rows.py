"""Tables that people write, CSV or TOML: every fault is named by file, row and column."""

from __future__ import annotations

import csv
import difflib
import io
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tracker.errors import SettingsError

_SHOWN: Final = 40


class Row(Struct, frozen=True):
    """One row and where it stands.

    Attributes:
        place: for people: ``jobs.csv, row 3 (line 4)``.
        cells: what it holds, by column; an empty cell is not in it.
    """

    place: str
    cells: Mapping[str, Any]

    def text(self, column: str) -> str | None:
        """The cell as text, or ``None`` where it is empty."""
        value = self.cells.get(column)
        return None if value is None else str(value).strip()

    def number(self, column: str) -> float | None:
        """The cell as a number, or ``None`` where it is empty.

        Raises:
            SettingsError: it holds no finite number.
        """
        value = self.cells.get(column)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            comma = " (a decimal point, and no commas)" if "," in str(value) else ""
            raise self.refusal(column, f"{_shown(value)} is no number{comma}")
        return number

    def whole(self, column: str) -> int | None:
        """The cell as a whole number, or ``None`` where it is empty.

        Raises:
            SettingsError: it holds none.
        """
        number = self.number(column)
        if number is not None and not number.is_integer():
            raise self.refusal(column, f"{number:g} is no whole number")
        return None if number is None else int(number)

    def refusal(self, column: str, problem: str) -> SettingsError:
        """What to raise where a cell cannot be meant."""
        return SettingsError(f"{self.place}, column {column}: {problem}")


class Sheet(Struct, frozen=True):
    """A table as it was read.

    Attributes:
        columns: the header's names; of TOML, all keys in use.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def require(self, *columns: str) -> None:
        """See that the columns are there.

        Raises:
            SettingsError: one is missing.
        """
        missing = [column for column in columns if column not in self.columns]
        if missing:
            near = difflib.get_close_matches(missing[0], self.columns, n=1)
            hint = f" ({near[0]} looks like it)" if near else ""
            raise SettingsError(
                f"{self.name}, header (line 1): no column {' and no column '.join(missing)}{hint};"
                f" found: {', '.join(self.columns) or 'none'}"
            )

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """See that there are no other columns, which may be misspelt ones.

        Raises:
            SettingsError: there is one.
        """
        names = tuple(known)
        for column in self.columns:
            if column not in names:
                near = difflib.get_close_matches(column, names, n=2)
                hint = (
                    f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names)}"
                )
                raise SettingsError(f"{self.name}: unknown column {_shown(column)}; {hint}")


def read(path: Path, table: str) -> Sheet:
    """A CSV with a header, or the array of tables ``[[table]]`` of a TOML file.

    Raises:
        SettingsError: the file cannot be read, or holds no rows.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is no UTF-8 text; save it as UTF-8") from error
    name = path.name
    sheet = _toml(name, text, table) if path.suffix == ".toml" else from_csv(name, text)
    if not sheet.rows:
        raise SettingsError(f"{path}: holds no rows")
    return sheet


def from_csv(name: str, text: str) -> Sheet:
    """The rows of a CSV text; the first row is the header.

    Raises:
        SettingsError: there is no header, a name twice in it, or a row longer than it.
    """
    reader = csv.reader(io.StringIO(text))
    columns = tuple(cell.strip() for cell in next(reader, []))
    if not any(columns):
        raise SettingsError(f"{name}: is empty; the first row names the columns")
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        raise SettingsError(f"{name}, header (line 1): the column {twice[0]} is there twice")
    rows: list[Row] = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            place = f"{name}, row {len(rows) + 1} (line {reader.line_num})"
            rows.append(_row(place, columns, cells))
    return Sheet(name, columns, tuple(rows))


def _row(place: str, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise SettingsError(
            f"{place}: {len(cells)} cells, and the header names {len(columns)} columns;"
            " a text with a comma must stand in double quotes"
        )
    pairs = zip(columns, (cell.strip() for cell in cells), strict=False)
    return Row(place, {column: cell for column, cell in pairs if column and cell})


def _toml(name: str, text: str, table: str) -> Sheet:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: not valid TOML: {error}") from error
    found = content.get(table, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SettingsError(f"{name}: write each one as [[{table}]], in double brackets")
    others = [key for key in content if key != table]
    if others:
        raise SettingsError(f"{name}: unknown key {_shown(others[0])}; write [[{table}]]")
    rows = tuple(Row(f"{name}, {table} {n}", cells) for n, cells in enumerate(found, 1))
    columns = tuple(dict.fromkeys(key for row in rows for key in row.cells))
    return Sheet(name, columns, rows)


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
