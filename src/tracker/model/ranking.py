"""Runs in the order of what they reached, and months in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tracker.model.report import RunSummary
    from tracker.model.totals import GroupTotal


class Ranked(Struct, frozen=True):
    """A run and what it reached for what it used.

    Attributes:
        value: the last one of the metric.
        cost: joules, grams or seconds.
        score: value over cost; of a metric that is to be low, value times cost.
    """

    run: RunSummary
    value: float
    cost: float
    score: float


class TrendPoint(Struct, frozen=True):
    """A project's month.

    Attributes:
        month: what its runs came to.
        mean_j: joules a run, of those that were read; ``None`` where none was.
        mean_g: grams of CO2e a run.
        change: of ``mean_j`` since the month before that has runs, as a ratio: -0.1 is a
            tenth less.
    """

    month: GroupTotal
    mean_j: float | None
    mean_g: float | None
    change: float | None
