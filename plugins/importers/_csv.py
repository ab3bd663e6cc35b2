"""What importers of CSV files share."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tracker.errors import ImportRefused

Row = Mapping[str, str]


def rows(path: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a file with the line each ends on; a cell's apostrophe before a formula goes.

    Raises:
        ImportRefused: it cannot be read, or a row has too many cells.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                if None in row:
                    raise ImportRefused(
                        f"{path}, line {reader.line_num}: more cells than the header has columns"
                    )
                yield reader.line_num, {key: _bare(value) for key, value in row.items()}
    except (OSError, UnicodeError, csv.Error) as error:
        raise ImportRefused(f"{path}: cannot be read as CSV: {error}") from error


def header(head: str) -> set[str]:
    """The columns that a file's first line names."""
    first = head.removeprefix("\ufeff").partition("\n")[0].strip("\r")
    return set(next(csv.reader([first]), []))


def _bare(value: str | None) -> str:
    text = (value or "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text


def number(row: Row, column: str, where: str) -> float | None:
    """A number of at least 0; ``None`` where the cell is empty or missing.

    Raises:
        ImportRefused: it is none.
    """
    text = row.get(column, "")
    if text in {"", "N/A", "nan", "None"}:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ImportRefused(f"{where}: {column} is {text!r}, and must be a number of 0 or more")
    return value


def instant(row: Row, column: str, where: str) -> datetime:
    """A time; one without a zone is local, as these tools write it.

    Raises:
        ImportRefused: it is none.
    """
    text = row.get(column, "")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ImportRefused(
            f"{where}: {column} is {text!r}, and must be a date and time"
        ) from error


def digest(row: Row) -> str:
    """What tells a row from every other one that differs in a cell."""
    text = "\0".join(f"{key}={row[key]}" for key in sorted(row) if row[key])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
