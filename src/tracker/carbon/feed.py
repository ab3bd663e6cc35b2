"""Carbon intensities for a stretch of time: a chain of providers, the cache before each.

What one provider lacks, the next one of the chain is asked for; the last is the yearly table,
which has a figure for any time. Nothing that a provider does comes out of here as an error:
it becomes a note, and the minutes are booked by the next in the chain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from tracker.carbon.gaps import Span, fill
from tracker.errors import GridError, GridUnavailable, IntensityMissing, StoreError
from tracker.model.beside import PricingNote
from tracker.model.carbon import MAX_G_PER_KWH, CarbonIntensity, PricedStretch
from tracker.ports.cache import Answer, IntensityCache
from tracker.ports.grid import ForecastingGrid, Grid, GridFacts

AT_LEAST: Final = timedelta(minutes=10)
"""A value that may be revised is not asked for again sooner."""

DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(seconds=1)


class Link(Struct, frozen=True):
    """One provider of a chain.

    Attributes:
        name: the plugin's.
        zone: as this provider is asked for it.
        series: the name under which the cache keeps its figures: provider and options.
        timeless: it has one figure for any time, asks nobody and is not cached.
        told: what it said beside its answers: values it refused, a clock that is wrong.
    """

    name: str
    grid: Grid
    zone: str
    facts: GridFacts
    series: str
    timeless: bool = False
    told: list[str] = field(default_factory=list)


class Booked(Struct, frozen=True):
    """Intensities for every instant of a stretch of time.

    Attributes:
        stretches: in order of time, without gaps.
        notes: what the providers could not do.
        settled: no minute would get another figure if all were asked again later.
    """

    stretches: tuple[PricedStretch, ...]
    notes: tuple[PricingNote, ...]
    settled: bool


class Feed:
    """Asks a chain of providers.

    Args:
        chain: in the order in which they are asked.
        cache: keeps what they answered; ``None`` where nothing can be kept.
        now: tells the time, UTC.
        wide: ask for whole days, so that the next run of the day asks nobody.
    """

    def __init__(
        self,
        chain: Sequence[Link],
        cache: IntensityCache | None,
        now: Callable[[], datetime],
        *,
        wide: bool = True,
    ) -> None:
        self.chain = tuple(chain)
        self._cache = cache
        self._now = now
        self._wide = wide

    def offline(self) -> Feed:
        """The same chain without those who must be asked."""
        timeless = [link for link in self.chain if link.timeless]
        return Feed(timeless, None, self._now)

    def book(self, start: datetime, end: datetime) -> Booked:
        """An intensity for every instant from ``start`` to ``end`` (UTC).

        Raises:
            IntensityMissing: the whole chain has nothing for some of it.
        """
        ledger = _Ledger(missing=[(start, max(end, start + _INSTANT))])
        for link in self.chain:
            self._ask(link, ledger)
        if ledger.missing:
            first, last = ledger.missing[0]
            said = "; ".join(f"{note.provider}: {note.reason}" for note in ledger.notes)
            raise IntensityMissing(
                f"no carbon intensity for {_span(first, last)}" + (f": {said}" if said else "")
            )
        stretches = sorted(ledger.stretches, key=lambda one: one.start)
        return Booked(tuple(stretches), tuple(ledger.notes), ledger.settled)

    def _ask(self, link: Link, ledger: _Ledger) -> None:
        missing, ledger.missing = ledger.missing, []
        for number, (start, end) in enumerate(missing):
            try:
                values = self.values(link, start, end)
            except GridError as error:
                ledger.settled &= not isinstance(error, GridUnavailable)
                ledger.notes.append(PricingNote(self._now(), link.name, link.zone, str(error)))
                self._take_known(link, ledger, missing[number:])
                return
            finally:
                ledger.notes += self._told(link)
            self._take(link, ledger, values, (start, end))

    def _told(self, link: Link) -> list[PricingNote]:
        """What a provider said beside its answer, each once."""
        told = list(dict.fromkeys(link.told))
        link.told.clear()
        named = f"{link.name}: "
        return [
            PricingNote(self._now(), link.name, link.zone, text.removeprefix(named))
            for text in told
        ]

    def _take(
        self, link: Link, ledger: _Ledger, values: Sequence[CarbonIntensity], span: Span
    ) -> None:
        if link.timeless:
            ledger.stretches.append(PricedStretch(*span, values[0]))
            return
        found, gaps = fill(values, *span)
        final_before = self._now() - link.facts.final_after
        ledger.stretches += found
        ledger.missing += gaps
        ledger.settled &= all(end <= final_before for _, end in gaps)
        ledger.settled &= all(
            not one.intensity.estimated or (one.end or span[1]) <= final_before for one in found
        )
        ledger.notes += [
            PricingNote(self._now(), link.name, link.zone, f"has nothing for {_span(*gap)}")
            for gap in gaps
        ]

    def _take_known(self, link: Link, ledger: _Ledger, missing: Sequence[Span]) -> None:
        """What was answered earlier by somebody who does not answer now."""
        for start, end in missing:
            known = () if link.timeless else self._known(link.series, link.zone, start, end)[0]
            found, gaps = fill(known, start, end)
            ledger.stretches += found
            ledger.missing += gaps

    def values(self, link: Link, start: datetime, end: datetime) -> tuple[CarbonIntensity, ...]:
        """What a provider has for ``start`` to ``end``, in order of time; from the cache first.

        Raises:
            ZoneUnknown: not one of its zones.
            GridUnavailable: it cannot be asked now, or what it says cannot be.
        """
        if link.timeless:
            return tuple(_called(link, lambda: link.grid.intensity(link.zone, start, end)))
        known, missing = self._known(link.series, link.zone, start, end)
        if not missing:
            return known
        asked = self._asked_span(link, missing[0][0], missing[-1][1])
        try:
            got = _called(link, lambda: link.grid.intensity(link.zone, *asked))
        except IntensityMissing:
            got = []
        self._keep(link, asked, got)
        new = [one for one in got if one.valid_from < end and one.valid_to > start]
        kept = [one for one in known if not any(_touch(one, other) for other in new)]
        return tuple(sorted([*kept, *new], key=lambda one: one.valid_from))

    def forecast(self, link: Link) -> tuple[CarbonIntensity, ...]:
        """What a provider expects, in order of time; from the cache for one step of its grid.

        Raises:
            ZoneUnknown: not one of its zones.
            IntensityMissing: it makes no forecast, or none for the zone.
            GridUnavailable: it cannot be asked now.
        """
        grid, now = link.grid, self._now()
        if not isinstance(grid, ForecastingGrid):
            raise IntensityMissing(f"{link.name} makes no forecast")
        series, horizon = f"{link.series} forecast", now + 4 * DAY
        known, missing = self._known(series, link.zone, now, horizon)
        if not missing or missing[0][0] > now:
            return known
        got = _called(link, lambda: grid.forecast(link.zone))
        if self._cache is not None and got:
            expires = now + max(link.facts.step, AT_LEAST)
            answer = Answer(series, link.zone, now, horizon, got, now, expires)
            _quietly(self._cache, answer)
        return tuple(got)

    def _known(
        self, series: str, zone: str, start: datetime, end: datetime
    ) -> tuple[tuple[CarbonIntensity, ...], Sequence[Span]]:
        if self._cache is not None:
            try:
                known = self._cache.known(series, zone, start, end, self._now())
            except StoreError:
                return (), [(start, end)]
            return known.values, known.missing
        return (), [(start, end)]

    def _asked_span(self, link: Link, start: datetime, end: datetime) -> Span:
        if not self._wide or link.facts.batch < DAY:
            return start, end
        midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
        whole = end.replace(**midnight) + DAY  # type: ignore[arg-type]
        return start.replace(**midnight), max(end, min(whole, self._now()))  # type: ignore[arg-type]

    def _keep(self, link: Link, asked: Span, got: Sequence[CarbonIntensity]) -> None:
        """Keep an answer: what is older than ``final_after`` for good, the rest for a step."""
        if self._cache is None:
            return
        now = self._now()
        start, end = asked
        final_before = min(max(now - link.facts.final_after, start), end)
        expires = now + max(link.facts.step, AT_LEAST)
        for begin, until, expiry in ((start, final_before, None), (final_before, end, expires)):
            if begin < until:
                values = [one for one in got if begin <= _held_from(one, start) < until]
                answer = Answer(link.series, link.zone, begin, until, values, now, expiry)
                _quietly(self._cache, answer)


class _Ledger(Struct):
    """What is booked so far, and what is not."""

    missing: list[Span]
    stretches: list[PricedStretch] = field(default_factory=list)
    notes: list[PricingNote] = field(default_factory=list)
    settled: bool = True


def _called(link: Link, ask: Callable[[], Sequence[CarbonIntensity]]) -> list[CarbonIntensity]:
    """What a provider says, checked; whatever else it raises is an error of the grid's.

    Raises:
        GridError: as the provider raises it, or where what it says cannot be.
    """
    try:
        values = list(ask())
    except GridError:
        raise
    except Exception as error:
        raise GridUnavailable(f"{link.name} failed: {type(error).__name__}: {error}") from error
    sound = [one for one in values if _can_be(one.g_per_kwh)]
    if values and not sound:
        raise GridUnavailable(
            f"{link.name} says {values[0].g_per_kwh:g} g/kWh for {link.zone}, which no grid has"
        )
    return sorted(sound, key=lambda one: one.valid_from)


def _can_be(g_per_kwh: float) -> bool:
    return math.isfinite(g_per_kwh) and 0 <= g_per_kwh <= MAX_G_PER_KWH


def _touch(one: CarbonIntensity, other: CarbonIntensity) -> bool:
    return one.valid_from < other.valid_to and other.valid_from < one.valid_to


def _held_from(value: CarbonIntensity, start: datetime) -> datetime:
    return max(value.valid_from, start)


def _quietly(cache: IntensityCache, answer: Answer) -> None:
    """Keep an answer; where that is refused, it is asked for again, and nothing is lost."""
    try:
        cache.keep(answer)
    except StoreError:
        return


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
