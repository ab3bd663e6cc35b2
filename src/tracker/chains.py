"""Which grid providers a run or a question is priced by, in which order, wired up.

An intensity of one's own comes first, then the provider that was chosen, then those that
serve the zone without a key or have one (only online, those of the fewest zones first), and
last the yearly table, which has a figure for any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from tracker.carbon.feed import Link
from tracker.errors import PluginError, SettingsError
from tracker.model.carbon import (
    CarbonIntensity,
    Location,
    Scope,
    Signal,
    area_of,
    own_code_in,
)
from tracker.ports import discovery
from tracker.ports.grid import Grid, GridFacts, facts_of

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.carbon.fetch import World
    from tracker.settings import Settings

TABLE: Final = "table"
FIXED: Final = "fixed"
WORLD: Final = "WORLD"

COARSER_RATIO: Final = 1.5
"""A country's range is widened so on both sides where only a part of it was meant: our
judgement; eGRID's subregions lie up to a factor of 3.2 below and 2.0 above their country."""


class Wish(Struct, frozen=True):
    """What is wanted of a chain.

    Attributes:
        provider: chosen by name; ``None`` for the zone's own.
        signal: which one, or ``None`` for any.
        scope: which one, or ``None`` for any.
        online: whether the network may be asked.
        alone: no other provider may stand in.
    """

    provider: str | None = None
    signal: Signal | None = None
    scope: Scope | None = None
    online: bool = False
    alone: bool = False


def chain_for(
    assembly: Assembly, settings: Settings, location: Location, wish: Wish
) -> tuple[Link, ...]:
    """The providers for a location, in the order in which they are asked.

    Raises:
        SettingsError: there is no such provider, or none that has what is wished for.
    """
    chosen = names(settings, location, wish)
    links = [_link(assembly, settings, location, wish, name) for name in chosen]
    fitting = tuple(
        link
        for link in links
        if wish.signal in {None, link.grid.signal} and _has_scope(link, wish.scope)
    )
    if not fitting:
        wanted = " ".join(filter(None, (wish.signal, wish.scope, "intensities")))
        asked = ", ".join(link.name for link in links)
        hint = "" if wish.online else "; online is off, so that only tables were looked at"
        raise SettingsError(f"nobody has {wanted} for {location.zone} ({asked} looked at){hint}")
    return fitting


def _has_scope(link: Link, scope: Scope | None) -> bool:
    """A table says with each figure which scope it has; ``Grid.scope`` is that of most."""
    return scope is None or link.grid.scope is scope


def names(settings: Settings, location: Location, wish: Wish) -> tuple[str, ...]:
    """The providers' names, in order, without opening any.

    Raises:
        SettingsError: there is no provider of the name that was chosen.
    """
    if location.g_per_kwh is not None:
        return (FIXED,)
    if wish.provider is not None:
        _loaded(wish.provider)
        alone = wish.alone or wish.provider == TABLE
        return (wish.provider,) if alone else (wish.provider, TABLE)
    return (*(_own(settings, location, wish) if wish.online else ()), TABLE)


def is_asked(name: str) -> bool:
    """Whether a provider is asked over the network.

    Raises:
        SettingsError: there is none of that name.
    """
    return bool(facts_of(_loaded(name)).home_url)


def _own(settings: Settings, location: Location, wish: Wish) -> Iterator[str]:
    """Providers that serve a location without having been named.

    The country of a place on the map is a guess: only those find its grid that take coordinates.
    """
    zone, found = grid_zone(location), []
    for name in discovery.own_names("grid"):
        facts = facts_of(_loaded(name))
        if not facts.home_url or facts.experimental:
            continue
        if (wish.signal or facts.signals[0]) not in facts.signals:
            continue
        if wish.signal is None and facts.signals[0] is not Signal.AVERAGE:
            continue
        options = settings.grid.get(name)
        has_key = options is not None and options.key is not None
        if location.is_on_the_map and not facts.takes_coordinates:
            continue
        if zone in facts.free_zones:
            found.append((0, len(facts.free_zones), name))
        elif has_key:
            found.append((1, 0, name))
    yield from (name for _, _, name in sorted(found))


def _loaded(name: str) -> ModuleType:
    try:
        return discovery.load("grid", name)
    except PluginError as error:
        raise SettingsError(str(error)) from error


def _link(
    assembly: Assembly, settings: Settings, location: Location, wish: Wish, name: str
) -> Link:
    facts = facts_of(_loaded(name))
    timeless = not facts.home_url
    more: dict[str, object] = {}
    if location.g_per_kwh is not None:
        more["g_per_kwh"] = location.g_per_kwh
    if wish.scope in facts.scopes[1:]:
        more["scope"] = wish.scope
    if wish.signal in facts.signals[1:]:
        more["signal"] = wish.signal
    online = wish.online and not timeless
    told: list[str] = []
    world = None if not online else _world(told)
    grid = assembly.open_grid(name, settings, online=online, more=more, world=world)
    zone = location.zone if timeless else _asked_zone(location, facts)
    if name == TABLE:
        grid, zone = _table(grid, zone)
    series = _series(name, settings, more)
    return Link(name, grid, zone, facts, series, timeless=timeless, told=told)


def _world(told: list[str]) -> World:
    from tracker.carbon.fetch import World  # noqa: PLC0415 - only where the network is asked

    return World(tell=told.append)


def _series(name: str, settings: Settings, more: Mapping[str, object]) -> str:
    """Another address or scope gives other figures: they are kept apart."""
    options = settings.grid.get(name)
    parts = [name]
    if options is not None and options.url:
        parts.append(urlsplit(options.url).netloc.rpartition("@")[2] + urlsplit(options.url).path)
    return " ".join([*parts, *(str(value) for value in more.values())])


def grid_zone(location: Location) -> str:
    """The location as an Electricity Maps key: ``FR`` of ``aws:eu-west-3``."""
    area = area_of(location.zone)
    if ":" not in area:
        return area
    from tracker.data.tables import cloud_regions  # noqa: PLC0415 - only for a cloud region

    region = cloud_regions().get(area)
    return area if region is None else region.zone or region.country


def _asked_zone(location: Location, facts: GridFacts) -> str:
    """As a provider is asked for it: with a place on the map only if that helps it."""
    understood = not location.is_on_the_map or facts.takes_coordinates
    return location.zone if own_code_in(location.zone) and understood else grid_zone(location)


def _table(table: Grid, zone: str) -> tuple[Grid, str]:
    """The yearly table, and the zone of it that holds a finer one."""
    area, finer = area_of(zone), own_code_in(zone)
    known = table.zones() if "-" in zone or finer else {zone: ""}
    if zone in known:
        return table, zone
    country = area.partition("-")[0]
    return Coarser(table, finer or zone), country if country in known else WORLD


class Coarser:
    """The yearly table, asked for a larger area than was meant: its range is wider.

    Args:
        table: the provider that is asked.
        meant: the zone that it does not have.
    """

    def __init__(self, table: Grid, meant: str) -> None:
        self._table = table
        self._meant = meant
        self.signal = table.signal
        self.scope = table.scope

    def zones(self) -> Mapping[str, str]:
        """Those of the table."""
        return self._table.zones()

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The larger area's figure.

        Raises:
            ZoneUnknown: it does not have that either.
        """
        found = self._table.intensity(zone, start, end)
        return tuple(
            replace(
                one,
                low=one.low / COARSER_RATIO,
                high=one.high * COARSER_RATIO,
                source=f"{one.source}; of {zone}, as there is none of {self._meant}",
            )
            for one in found
        )
