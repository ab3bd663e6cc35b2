"""Cells of a CSV file that a spreadsheet takes for nothing but what they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final

_OBEYED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV injection")."""


def put(target: BinaryIO, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a header and rows as RFC 4180 has it, in UTF-8; what a row lacks is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([cell(name) for name in columns])
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in columns])
    target.write(text.getvalue().encode("utf-8", "replace"))


def cell(value: object) -> object:
    """A number as it is; a text that would be obeyed has an apostrophe before it."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.startswith(_OBEYED) else value
