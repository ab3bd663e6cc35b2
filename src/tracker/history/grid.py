"""What grids say: intensities of a time, of now and ahead, and who can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tracker.carbon.feed import Feed, Link
from tracker.carbon.schedule import Plan, Start, flexible_start, pause_and_resume, starts
from tracker.chains import TABLE, WORLD, Wish, grid_zone
from tracker.errors import GridError, IntensityMissing
from tracker.model.carbon import CarbonIntensity, Location
from tracker.model.plain import plain
from tracker.ports import discovery
from tracker.ports.grid import GridFacts, facts_of
from tracker.store.intensities import StoredIntensities

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.settings import Settings
    from tracker.store.database import Database

LISTED = ("g_per_kwh", "valid_from", "valid_to", "zone", "provider", "signal", "scope", "estimated")
"""What a listed intensity shows."""


class ProviderOutlook(Struct, frozen=True):
    """A provider as one zone sees it.

    Attributes:
        serves: whether it has the zone, as far as can be told without asking.
        usable: whether it could be asked now: it needs no key or has one.
    """

    name: str
    serves: bool
    usable: bool
    needs_key: bool
    experimental: bool
    forecasts: bool
    signal: str
    scope: str
    attribution: str


class Outlook(Struct, frozen=True):
    """A zone's grid.

    Attributes:
        now: the intensity of this moment.
        forecast: from now on, in order of time; empty where there is none.
        forecast_by: who made it; empty where nobody did.
        notes: what could not be had, and why.
    """

    location: Location
    now: CarbonIntensity
    forecast: tuple[CarbonIntensity, ...]
    forecast_by: str
    providers: tuple[ProviderOutlook, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The outlook as JSON values."""
        values: dict[str, Any] = plain(self)
        return values


class Advice(Struct, frozen=True):
    """When to start a job.

    Attributes:
        now: what a start at once would meet.
        best: the best start.
        saves_ratio: of the emissions of a start at once, 0 to 1.
        pause_and_resume: the alternative: work in the best hours and rest in the others.
        pause_saves_ratio: the same of that.
        within_s: how far ahead was looked: as asked, or as far as the forecast goes.
        forecast_until: where the forecast ends, UTC.
    """

    location: Location
    provider: str
    signal: str
    scope: str
    attribution: str
    duration_s: float
    within_s: float
    now: Start
    best: Start
    saves_ratio: float
    pause_and_resume: Plan
    pauses: int
    pause_saves_ratio: float
    forecast_until: datetime

    def to_dict(self) -> dict[str, Any]:
        """The advice as JSON values."""
        values: dict[str, Any] = plain(self)
        return values


class GridDesk:
    """Answers questions about grids, with a store as its memory.

    Args:
        assembly: wires the providers.
        settings: hold addresses and keys.
        database: opened for writing; ``None`` where nothing can be kept.
    """

    def __init__(self, assembly: Assembly, settings: Settings, database: Database | None) -> None:
        self._assembly = assembly
        self._settings = settings
        self._cache = None if database is None else StoredIntensities(database)

    def _feed(self, location: Location, wish: Wish) -> Feed:
        return self._assembly.feed(self._settings, location, wish, self._cache, wide=False)

    def between(
        self, location: Location, wish: Wish, start: datetime, end: datetime
    ) -> tuple[CarbonIntensity, ...]:
        """What the first of the chain has for a time, in order.

        Raises:
            SettingsError: there is no such provider.
            GridError: it has nothing; the message names provider and zone.
        """
        feed = self._feed(location, wish)
        link = feed.chain[0]
        try:
            values = feed.values(link, start, end)
        except GridError as error:
            raise type(error)(f"{link.name}, zone {link.zone}: {error}") from error
        if not values:
            raise IntensityMissing(
                f"{link.name}, zone {link.zone}: it has no intensity from"
                f" {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
            )
        return values

    def outlook(self, location: Location, wish: Wish) -> Outlook:
        """The zone's intensity now, what is expected, and who can be asked.

        Raises:
            SettingsError: there is no such provider.
            GridError: nobody has anything for the zone.
        """
        feed, now = self._feed(location, wish), datetime.now(UTC)
        booked = feed.book(now, now)
        notes = [f"{note.provider}, zone {note.zone}: {note.reason}" for note in booked.notes]
        forecast: Sequence[CarbonIntensity] = ()
        by = ""
        try:
            link, forecast = self._forecast(feed, location.zone, wish)
            by = link.name
        except GridError as error:
            notes.append(str(error))
        current = booked.stretches[0].intensity
        return Outlook(
            location, current, tuple(forecast), by, tuple(self._providers(location)), tuple(notes)
        )

    def _forecast(
        self, feed: Feed, zone: str, wish: Wish
    ) -> tuple[Link, tuple[CarbonIntensity, ...]]:
        """The forecast of the first that makes one.

        Raises:
            IntensityMissing: nobody does; the message says what each said.
        """
        said = []
        for link in feed.chain:
            if not link.facts.forecasts:
                continue
            try:
                values = feed.forecast(link)
            except GridError as error:
                said.append(f"{link.name}, zone {link.zone}: {error}")
                continue
            if values:
                return link, values
        none = "nobody is asked, as the network is not allowed (--online)"
        if wish.online:
            none = "of the providers that can be asked, none makes one"
        if zone == WORLD:
            none = "it is no place; name one, as in FR"
        raise IntensityMissing(f"no forecast for {zone}: {'; '.join(said) or none}")

    def advice(
        self, location: Location, wish: Wish, duration: timedelta, within: timedelta
    ) -> Advice:
        """When to start a job of that length within that time.

        Raises:
            SettingsError: there is no such provider.
            IntensityMissing: nobody has a forecast, or it is shorter than the job.
        """
        feed = self._feed(location, wish)
        link, values = self._forecast(feed, location.zone, wish)
        now = max(datetime.now(UTC), values[0].valid_from)
        until = values[-1].valid_to
        reach = max(min(within, until - now - duration), timedelta())
        at_once = starts(values, now, duration, timedelta())[0]
        best = flexible_start(values, now, duration, reach)
        plan = pause_and_resume(values, now, duration, reach)
        return Advice(
            location=location,
            provider=link.name,
            signal=values[0].signal,
            scope=values[0].scope,
            attribution=link.facts.attribution,
            duration_s=duration.total_seconds(),
            within_s=reach.total_seconds(),
            now=at_once,
            best=best,
            saves_ratio=_saved(at_once.g_per_kwh, best.g_per_kwh),
            pause_and_resume=plan,
            pauses=plan.pauses,
            pause_saves_ratio=_saved(at_once.g_per_kwh, plan.g_per_kwh),
            forecast_until=until,
        )

    def _providers(self, location: Location) -> Iterator[ProviderOutlook]:
        zone = grid_zone(location)
        for name in discovery.own_names("grid"):
            facts = facts_of(discovery.load("grid", name))
            options = self._settings.grid.get(name)
            has_key = options is not None and options.key is not None
            yield ProviderOutlook(
                name=name,
                serves=self._serves(name, facts, zone, location),
                usable=has_key or not facts.needs_key,
                needs_key=facts.needs_key,
                experimental=facts.experimental,
                forecasts=facts.forecasts,
                signal=facts.signals[0],
                scope=facts.scopes[0],
                attribution=facts.attribution,
            )

    def _serves(self, name: str, facts: GridFacts, zone: str, location: Location) -> bool:
        if location.is_on_the_map:
            return facts.takes_coordinates or name == TABLE
        if zone in facts.free_zones:
            return True
        more = {"g_per_kwh": 0.0} if name == "fixed" else {}
        grid = self._assembly.open_grid(name, self._settings, online=False, more=more)
        return zone in grid.zones()


def _saved(before: float, after: float) -> float:
    return 1 - after / before if before > 0 else 0.0


def listed(value: CarbonIntensity) -> dict[str, Any]:
    """An intensity as it is listed, as JSON values."""
    return {name: plain(getattr(value, name)) for name in LISTED}
