"""What values leave open, and what bridges it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from tracker.model.carbon import CarbonIntensity, PricedStretch

Span = tuple[datetime, datetime]

CARRY: Final = timedelta(hours=1)
"""A gap as long as this is bridged by the value before it; a grid moves little in an hour."""

CARRIED_RATIO: Final = 1.3
"""By how much a carried value's range is widened on both sides: our judgement."""


def fill(
    values: Iterable[CarbonIntensity], start: datetime, end: datetime
) -> tuple[list[PricedStretch], list[Span]]:
    """Stretches from values in order of time, and what they leave open.

    A gap of an hour at most is bridged by the value before it, marked as estimated and with
    a wider range; a longer one is left open whole.
    """
    stretches: list[PricedStretch] = []
    gaps: list[Span] = []
    reached = start
    for value in values:
        begin, until = max(value.valid_from, reached), min(value.valid_to, end)
        if begin >= until:
            continue
        _bridge(stretches, gaps, reached, begin)
        stretches.append(PricedStretch(begin, until, value))
        reached = until
    _bridge(stretches, gaps, reached, end)
    return stretches, gaps


def _bridge(
    stretches: list[PricedStretch], gaps: list[Span], reached: datetime, begin: datetime
) -> None:
    if begin <= reached:
        return
    if stretches and stretches[-1].end == reached and begin - reached <= CARRY:
        stretches.append(PricedStretch(reached, begin, _carried(stretches[-1].intensity)))
    else:
        gaps.append((reached, begin))


def _carried(value: CarbonIntensity) -> CarbonIntensity:
    return replace(
        value,
        low=value.low / CARRIED_RATIO,
        high=value.high * CARRIED_RATIO,
        estimated=True,
        source=f"{value.source}; carried forward",
    )
