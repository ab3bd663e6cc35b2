"""A grid provider that says what a test lets it say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from tracker.carbon.feed import Link
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.grid import GridFacts

HALF_HOUR = timedelta(minutes=30)
START = datetime(2026, 1, 1, tzinfo=UTC)
Say = Callable[[datetime, datetime], Sequence[CarbonIntensity]]


def value(
    g_per_kwh: float,
    start: datetime,
    *,
    lasts: timedelta = HALF_HOUR,
    estimated: bool = False,
    provider: str = "fake",
) -> CarbonIntensity:
    return CarbonIntensity(
        g_per_kwh,
        g_per_kwh * 0.9,
        g_per_kwh * 1.1,
        "GB",
        Signal.AVERAGE,
        Scope.DIRECT,
        start,
        start + lasts,
        provider,
        estimated,
        datetime(2026, 3, 6, tzinfo=UTC),
        f"{provider}, a test",
    )


class FakeGrid:
    """Half-hours whose figure is the minute of the day divided by ten, unless told otherwise."""

    signal = Signal.AVERAGE
    scope = Scope.DIRECT

    def __init__(self, say: Say | None = None, ahead: Sequence[CarbonIntensity] = ()) -> None:
        self.asked: list[tuple[datetime, datetime]] = []
        self._say = say or half_hours
        self._ahead = ahead

    def zones(self) -> Mapping[str, str]:
        return {"GB": "Great Britain"}

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        self.asked.append((start, end))
        return self._say(start, end)

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        self.asked.append((START, START))
        return self._ahead


def half_hours(start: datetime, end: datetime) -> list[CarbonIntensity]:
    at = start.replace(minute=start.minute // 30 * 30, second=0, microsecond=0)
    found = []
    while at < end:
        found.append(value((at.hour * 60 + at.minute) / 10, at))
        at += HALF_HOUR
    return found


class Yearly(FakeGrid):
    """One figure for any time."""

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        self.asked.append((start, end))
        year = datetime(2025, 1, 1, tzinfo=UTC)
        return [value(216, year, lasts=timedelta(days=365), provider="table")]


def link(grid: FakeGrid, name: str = "fake") -> Link:
    timeless = isinstance(grid, Yearly)
    facts = GridFacts(home_url="" if timeless else "https://example.org", step=HALF_HOUR)
    return Link("table" if timeless else name, grid, "GB", facts, name, timeless=timeless)
