"""When to start: the two ways of Dodge et al. 2022 (arXiv 2206.05229), pure.

*Flexible start* moves the whole job to the start with the lowest mean intensity. *Pause and
resume* works in the hours of the lowest intensity and rests in the others. Both see the
forecast as the truth: what they promise is what would be saved if it came true.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

from msgspec import Struct

from tracker.errors import IntensityMissing
from tracker.model.carbon import CarbonIntensity

Span = tuple[datetime, datetime]
_NOTHING: Final = timedelta()
_MICROSECOND_S: Final = 1e-6


class Start(Struct, frozen=True):
    """One start of a job that runs through.

    Attributes:
        at: UTC.
        g_per_kwh: mean over the job, weighted by time.
    """

    at: datetime
    g_per_kwh: float


class Plan(Struct, frozen=True):
    """Stretches in which a job works, in order of time, and its mean intensity."""

    stretches: tuple[Span, ...]
    g_per_kwh: float

    @property
    def pauses(self) -> int:
        """How often the job rests."""
        return len(self.stretches) - 1


class Curve:
    """Values as their integral over time, so that any mean is two look-ups.

    Args:
        values: in order of time, none lying over another.
    """

    def __init__(self, values: Sequence[CarbonIntensity]) -> None:
        self.edges = sorted({edge for one in values for edge in (one.valid_from, one.valid_to)})
        self._values = values
        self._starts = [one.valid_from for one in values]
        weighted = [one.g_per_kwh * _seconds(one) for one in values]
        self._weighted = [0.0, *accumulate(weighted)]
        self._covered_s = [0.0, *accumulate(map(_seconds, values))]

    def mean(self, start: datetime, end: datetime) -> float:
        """Mean intensity from ``start`` to ``end``, weighted by time, in g/kWh.

        Raises:
            IntensityMissing: the values leave a part of it out.
        """
        before, before_s = self._until(start)
        after, after_s = self._until(end)
        length_s = (end - start).total_seconds()
        if length_s <= 0 or after_s - before_s < length_s - _MICROSECOND_S:
            raise IntensityMissing(
                f"the forecast does not hold all of {start:%Y-%m-%d %H:%M} to"
                f" {end:%Y-%m-%d %H:%M} UTC"
            )
        return (after - before) / length_s

    def _until(self, at: datetime) -> tuple[float, float]:
        """Integral up to an instant, and the seconds that it holds."""
        number = bisect_right(self._starts, at) - 1
        if number < 0:
            return 0.0, 0.0
        value = self._values[number]
        into_s = (min(at, value.valid_to) - value.valid_from).total_seconds()
        return (
            self._weighted[number] + value.g_per_kwh * into_s,
            self._covered_s[number] + into_s,
        )


def _seconds(value: CarbonIntensity) -> float:
    return (value.valid_to - value.valid_from).total_seconds()


def starts(
    values: Sequence[CarbonIntensity], now: datetime, duration: timedelta, within: timedelta
) -> list[Start]:
    """Starts of which one is the best possible, in order of time; that of now is the first.

    Between two of them the mean changes evenly, so that none in between is better. A start
    whose job would outlast the values is left out.

    Raises:
        IntensityMissing: not even a job that starts now fits.
    """
    curve = Curve(values)
    found = [Start(now, curve.mean(now, now + duration))]
    moments = {*curve.edges, *(edge - duration for edge in curve.edges)}
    for at in sorted(moments):
        if now < at <= now + within:
            try:
                found.append(Start(at, curve.mean(at, at + duration)))
            except IntensityMissing:
                continue
    return found


def flexible_start(
    values: Sequence[CarbonIntensity], now: datetime, duration: timedelta, within: timedelta
) -> Start:
    """The start within that time whose job meets the lowest mean; the earliest of equals.

    Raises:
        IntensityMissing: not even a job that starts now fits.
    """
    return min(starts(values, now, duration, within), key=lambda one: (one.g_per_kwh, one.at))


def pause_and_resume(
    values: Sequence[CarbonIntensity], now: datetime, duration: timedelta, within: timedelta
) -> Plan:
    """The stretches of the lowest intensity until ``duration`` is reached.

    They lie within the time that a job of flexible start may take: ``within`` and
    ``duration`` from now on.

    Raises:
        IntensityMissing: the values do not hold that much time.
    """
    end = now + within + duration
    usable = [value for value in values if value.valid_to > now and value.valid_from < end]
    left, weighted, chosen = duration, 0.0, []
    for value in sorted(usable, key=lambda one: (one.g_per_kwh, one.valid_from)):
        begin, until = max(value.valid_from, now), min(value.valid_to, end)
        until = min(until, begin + left)
        chosen.append((begin, until))
        weighted += value.g_per_kwh * (until - begin).total_seconds()
        left -= until - begin
        if left <= _NOTHING:
            return Plan(_joined(sorted(chosen)), weighted / duration.total_seconds())
    raise IntensityMissing(f"the forecast does not hold {duration} of work")


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for begin, until in spans:
        if joined and joined[-1][1] >= begin:
            joined[-1] = (joined[-1][0], until)
        else:
            joined.append((begin, until))
    return tuple(joined)
