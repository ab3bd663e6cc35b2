"""When to start: the two ways of Dodge et al. 2022 (arXiv 2206.05229), pure.

*Flexible start* moves the whole job to the start with the lowest mean intensity. *Pause and
resume* works in the hours of the lowest intensity and rests in the others. Both see the
forecast as the truth: what they promise is what would be saved if it came true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from tracker.errors import IntensityMissing
from tracker.model.carbon import CarbonIntensity

Span = tuple[datetime, datetime]
_NOTHING = timedelta()


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


def mean_over(values: Sequence[CarbonIntensity], start: datetime, end: datetime) -> float:
    """Mean intensity from ``start`` to ``end``, weighted by time, in g/kWh.

    Raises:
        IntensityMissing: the values, which are in order of time, leave a part of it out.
    """
    weighted, covered = 0.0, _NOTHING
    for value in values:
        part = min(value.valid_to, end) - max(value.valid_from, start)
        if part > _NOTHING:
            weighted += value.g_per_kwh * part.total_seconds()
            covered += part
    if covered < end - start or end <= start:
        raise IntensityMissing(
            f"the forecast does not hold all of {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        )
    return weighted / covered.total_seconds()


def starts(
    values: Sequence[CarbonIntensity], now: datetime, duration: timedelta, within: timedelta
) -> list[Start]:
    """Starts of which one is the best possible, in order of time; that of now is the first.

    Between two of them the mean changes evenly, so that none in between is better. A start
    whose job would outlast the values is left out.

    Raises:
        IntensityMissing: not even a job that starts now fits.
    """
    mean_over(values, now, now + duration)
    edges = {edge for value in values for edge in (value.valid_from, value.valid_to)}
    moments = {now, *edges, *(edge - duration for edge in edges)}
    found = []
    for at in sorted(moments):
        if now <= at <= now + within:
            try:
                found.append(Start(at, mean_over(values, at, at + duration)))
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
