"""Many jobs from one file, CSV or TOML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tracker.errors import SettingsError
from tracker.research import rows
from tracker.research.figure import Figure
from tracker.research.job import Job, check
from tracker.research.rows import Row

COLUMNS: Final = (
    "name",
    "gpu",
    "gpus",
    "hours",
    "gpu_watts",
    "cpu_watts",
    "dram_watts",
    "memory_gb",
    "utilisation",
    "repeats",
    "usd_per_hour",
    "location",
    "pue",
)
_PRICE: Final = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*(?:-\s*(\d+\.?\d*|\.\d+)\s*)?")


def read(path: Path) -> tuple[Job, ...]:
    """The jobs of a file: a CSV with ``COLUMNS``, or TOML with a ``[[job]]`` each.

    ``hours`` is needed, and ``gpu`` or a draw in watts; the rest may be left out.

    Raises:
        SettingsError: the file cannot be read or a job not be meant; names row and column.
    """
    sheet = rows.read(path, "job")
    sheet.require("hours")
    sheet.refuse_unknown(COLUMNS)
    return tuple(_job(row, position) for position, row in enumerate(sheet.rows, 1))


def price(text: str) -> tuple[float, float]:
    """``0.43-1.46`` or ``2.10``: the lowest and the highest price.

    Raises:
        SettingsError: it is neither.
    """
    found = _PRICE.fullmatch(text)
    if not found:
        raise SettingsError(f"{text!r} is no price; write 2.10, or a range as 0.43-1.46")
    low = float(found[1])
    high = low if found[2] is None else float(found[2])
    if high < low:
        raise SettingsError(f"{text!r}: the lower price stands first")
    return low, high


def _job(row: Row, position: int) -> Job:
    hours = row.number("hours")
    if hours is None:
        raise row.refusal("hours", "empty: say how many hours it takes")
    gpus, repeats = row.whole("gpus"), row.whole("repeats")
    job = Job(
        name=row.text("name") or f"job {position}",
        hours=hours,
        gpu=row.text("gpu"),
        gpus=_count(row, gpus),
        gpu_w=_watts(row, "gpu_watts"),
        cpu_w=_watts(row, "cpu_watts"),
        dram_w=_watts(row, "dram_watts"),
        memory_gb=row.number("memory_gb"),
        utilisation=row.number("utilisation"),
        repeats=1 if repeats is None else repeats,
        usd_per_h=_price(row),
        location=row.text("location"),
        pue=row.number("pue"),
        place=row.place,
    )
    try:
        check(job)
        _ = job.accelerator
    except SettingsError as error:
        raise row.refusal(_column_of(str(error)), str(error)) from None
    return job


def _column_of(problem: str) -> str:
    """The column that a problem begins with; of others the accelerator's is the cause."""
    first = problem.partition(" ")[0].rstrip(":")
    return first if first in COLUMNS else "gpu"


def _count(row: Row, gpus: int | None) -> int:
    if gpus is not None:
        return gpus
    return 1 if "gpu" in row.cells or "gpu_watts" in row.cells else 0


def _watts(row: Row, column: str) -> Figure | None:
    given = row.number(column)
    return None if given is None else Figure.exactly(given, "as given")


def _price(row: Row) -> tuple[float, float] | None:
    text = row.text("usd_per_hour")
    if text is None:
        return None
    try:
        return price(text)
    except SettingsError as error:
        raise row.refusal("usd_per_hour", str(error)) from None
