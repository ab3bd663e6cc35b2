"""Runs by what they reached for what they used, and how a project goes on over the months."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from tracker.errors import SettingsError
from tracker.history.listing import Line, Query, lines
from tracker.history.status import Vantage
from tracker.model.ranking import Ranked, TrendPoint
from tracker.model.report import RunSummary
from tracker.model.totals import GroupTotal, Totals
from tracker.store.reader import Reader

_CHUNK: Final = 500
_COST: Final[dict[str, Callable[[RunSummary], float | None]]] = {
    "energy_j": lambda run: run.energy_j,
    "carbon_g": lambda run: run.carbon_g,
    "duration_s": lambda run: run.duration_s,
}


def ranking_of(
    reader: Reader,
    query: Query,
    vantage: Vantage,
    *,
    metric: str,
    per: str,
    limit: int,
    lower_is_better: bool = False,
) -> tuple[Ranked, ...]:
    """Runs with a metric, best first; ``limit`` at most.

    Args:
        reader: of the store.
        query: which runs.
        vantage: from where they are looked at.
        metric: its name; the last value that a run logged counts.
        per: ``energy_j``, ``carbon_g`` or ``duration_s``.
        limit: so many at most.
        lower_is_better: the metric is an error or a loss: then the product of value and
            cost ranks, the smallest first.

    Raises:
        SettingsError: there is no such cost.
        StoreError: the store cannot be read.
    """
    if per not in _COST:
        raise SettingsError(f"per = {per!r}: must be one of {', '.join(_COST)}")
    found = (
        Ranked(line.summary, value, cost, value * cost if lower_is_better else value / cost)
        for line, value in _valued(reader, lines(reader, query, vantage), metric)
        if (cost := _COST[per](line.summary))
    )
    if lower_is_better:
        return tuple(heapq.nsmallest(limit, found, key=lambda one: one.score))
    return tuple(heapq.nlargest(limit, found, key=lambda one: one.score))


def _valued(reader: Reader, every: Iterator[Line], metric: str) -> Iterator[tuple[Line, float]]:
    while some := tuple(islice(every, _CHUNK)):
        values = reader.last_metrics([line.run.id for line in some], metric)
        for line in some:
            if math.isfinite(value := values.get(line.run.id, math.nan)):
                yield line, value


def trend_of(months: Totals) -> tuple[TrendPoint, ...]:
    """How the months follow each other; a month without runs is not there."""
    points: list[TrendPoint] = []
    for month in months.groups:
        mean_j = _mean(month.energy_j, month)
        before_j = points[-1].mean_j if points else None
        change = mean_j / before_j - 1 if mean_j is not None and before_j else None
        points.append(TrendPoint(month, mean_j, _mean(month.carbon_g, month), change))
    return tuple(points)


def _mean(figure: float | None, month: GroupTotal) -> float | None:
    read = month.runs - month.unread_runs
    return figure / read if figure is not None and read else None
