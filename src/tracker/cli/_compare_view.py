"""Runs beside the first of them, and whether they differ by more than their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rich.text import Text

from tracker.cli._parts import heading
from tracker.cli._table import Column, Row, table
from tracker.model.comparison import Comparison, Difference, RunDifference
from tracker.model.display import (
    UNKNOWN,
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    scope_text,
)
from tracker.model.report import RunSummary
from tracker.model.text import harmless

_COLUMNS: Final = (
    Column("what", weight=100, least=12),
    Column("base", weight=80, right=True),
    Column("other", weight=85, right=True),
    Column("difference", weight=90, right=True),
    Column("in %", weight=70, right=True),
    Column("range", weight=60, right=True, style="dim"),
    Column("verdict", weight=95),
)
_TextOf = Callable[[float | None], str]
_RangeOf = Callable[[float | None, float | None], str]


def compare_view(compared: Comparison, width: int) -> list[Text]:
    """A table for each run that is compared with the first."""
    lines: list[Text] = []
    for other in compared.others:
        lines += [Text()] if lines else []
        lines += [_title(compared.base, other.run), *table(_COLUMNS, list(_rows(other)), width)]
        lines += _remarks(other)
    return lines


def _remarks(other: RunDifference) -> list[Text]:
    base, its = other.scopes
    if base == its or base is None or its is None:
        return []
    counts = f"{scope_text(base)} emissions against {scope_text(its)}"
    return [Text(f"CO2e is {counts}: not to be compared as it stands.", style="dim")]


def _title(base: RunSummary, other: RunSummary) -> Text:
    title = heading(harmless(other.name)).append(f"  {other.short_id}", style="not bold")
    title.append("  against  ", style="not bold dim")
    return title.append(harmless(base.name)).append(f"  {base.short_id}", style="not bold")


def _rows(other: RunDifference) -> Iterator[Row]:
    yield _row(other.duration_s, duration_text, lambda _low, _high: "", exact=True)
    yield _energy(other.energy_j)
    yield _row(other.carbon_g, carbon_text, carbon_range_text)
    yield from _below(other.devices)
    yield from _below(other.phases)
    if other.per_epoch_j is not None:
        yield _energy(other.per_epoch_j)
    for each in other.per_metric_j:
        yield {**_energy(each), "what": f"for each unit of {harmless(each.what)}"}


def _below(some: Iterable[Difference]) -> Iterator[Row]:
    for each in some:
        yield {**_energy(each), "what": f"  {harmless(each.what)}"}


def _energy(each: Difference) -> Row:
    return _row(each, energy_text, energy_range_text)


def _row(each: Difference, text_of: _TextOf, range_of: _RangeOf, *, exact: bool = False) -> Row:
    return {
        "what": harmless(each.what),
        "base": text_of(each.base),
        "other": text_of(each.other),
        "difference": _signed(each.difference, text_of),
        "in %": UNKNOWN if each.ratio is None else f"{100 * each.ratio:+.1f}",
        "range": range_of(each.low, each.high) if each.difference is not None else "",
        "verdict": "" if exact else _verdict(each),
    }


def _signed(value: float | None, text_of: _TextOf) -> str:
    if value is None:
        return UNKNOWN
    return f"{'-' if value < 0 else '+'}{text_of(abs(value))}" if value else text_of(0.0)


def _verdict(each: Difference) -> Text:
    if each.difference is None:
        neither = each.base is None and each.other is None
        return Text("neither has it" if neither else "only one has it", style="dim")
    if not each.exceeds_error:
        return Text("within the error", style="dim")
    return Text("less", style="green") if each.difference < 0 else Text("more", style="red")
