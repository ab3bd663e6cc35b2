"""Locations that the yearly table has no line for: zones of providers, subdivisions, the map.

They are priced by a provider that knows them, and by their country's figure with a wider range
where none does. A place on the map outside the United States lies in no zone of a table: the
country of the machine's time zone is taken to be its, or else the world, and the name says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

from tracker.data import grids, tables
from tracker.errors import SettingsError
from tracker.model.carbon import Location, area_of, own_code_in

_ON_THE_MAP: Final = re.compile(
    r"(?:(?P<area>[a-z-]+)@)?(?P<lat>[+-]?\d+(?:\.\d+)?),(?P<lon>[+-]?\d+(?:\.\d+)?)"
)
_SUBDIVISION: Final = re.compile(r"(?P<country>[a-z]{2})-(?P<part>[a-z0-9]{1,3})")
_REGION: Final = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)+")
_PROVIDERS: Final = ("entsoe", "eia", "open_electricity", "uk_carbon")
_WORLD: Final = "WORLD"
_ISO_LETTERS: Final = 2
_MOST_LATITUDE: Final = 90.0
_MOST_LONGITUDE: Final = 180.0


def find(
    plain: str, zones: Mapping[str, str], origin: str, likely: Callable[[], Location | None]
) -> Location | None:
    """What was written, without blanks and in lower case, as a location, or ``None``.

    Args:
        plain: ``dk-dk1``, ``us-cal-ciso``, ``10yfr-rte------c``, ``de-by``, ``37.8,-122.4``.
        zones: every zone that the yearly table prices, with its name.
        origin: who wrote it.
        likely: the country that a place on the map is taken to lie in.

    Raises:
        SettingsError: no place on Earth.
    """
    if place := _ON_THE_MAP.fullmatch(plain):
        written = _checked(float(place["lat"]), float(place["lon"]), origin)
        return _on_the_map(written, (place["area"] or "").upper(), zones, origin, likely)
    if zone := _codes().get(plain) or _of_like_regions(plain):
        return Location(zone=zone, name=_name(zone, zones), origin=origin)
    part = _SUBDIVISION.fullmatch(plain)
    if part and part["country"].upper() in zones:
        zone = plain.upper()
        return Location(zone=zone, name=_name(zone, zones), origin=origin)
    return None


def _checked(latitude: float, longitude: float, origin: str) -> str:
    written = f"{latitude:g},{longitude:g}"
    if abs(latitude) > _MOST_LATITUDE or abs(longitude) > _MOST_LONGITUDE:
        raise SettingsError(
            f"location = {written!r} ({origin}): no place on Earth;"
            " write latitude,longitude in degrees"
        )
    return written


def _on_the_map(
    written: str,
    area: str,
    zones: Mapping[str, str],
    origin: str,
    likely: Callable[[], Location | None],
) -> Location | None:
    from tracker.data.polygons import subregion_at  # noqa: PLC0415 - reads 140 kB

    if area:
        found = Location(f"{area}@{written}", f"{zones.get(area)}, at {written}", origin)
        return found if area in zones else None
    latitude, longitude = map(float, written.split(","))
    if code := subregion_at(latitude, longitude):
        zone = f"US-{code}"
        return Location(zone=zone, name=zones.get(zone, zone), origin=origin)
    if country := likely():
        name = f"{written}, in {country.name} by the time zone"
        return Location(f"{country.zone}@{written}", name, origin)
    name = f"{written}, in a country that is not known: write it, as in FR@{written}"
    return Location(f"{_WORLD}@{written}", name, origin)


@cache
def _codes() -> Mapping[str, str]:
    """Grid zones by their key and by their providers' own codes, in lower case.

    A code of two letters or of ISO's three is the country's: ``SC`` is the Seychelles.
    """
    found = {
        code.lower(): f"{zone}@{code}"
        for code, zone in [*_own_codes(), *grids.watttime_grids().items()]
        if len(code) > _ISO_LETTERS and code not in _iso3()
    }
    found |= {zone.lower(): zone for zone in found.values()}
    found |= {zone.lower(): zone for zone in grids.cloud_zones().values() if "-" in zone}
    for provider in _PROVIDERS:
        found |= {zone.lower(): zone for zone in grids.zone_codes(provider)}
    return found | {code.lower(): zone for zone, code in grids.zone_codes("entsoe").items()}


def _own_codes() -> Iterator[tuple[str, str]]:
    for provider in ("eia", "open_electricity"):
        for zone, code in grids.zone_codes(provider).items():
            yield code, zone


def _iso3() -> frozenset[str]:
    return frozenset(country.iso3 for country in tables.countries().values())


def _of_like_regions(plain: str) -> str | None:
    """A WattTime region of which no more is known than others of its operator's."""
    code = plain.rpartition("@")[2].upper()
    operator, joined, _ = code.partition("_")
    grids_of = {
        zone.partition("-")[0]
        for region, zone in grids.watttime_grids().items()
        if joined and region.startswith(f"{operator}_")
    }
    if len(grids_of) != 1 or not _REGION.fullmatch(code):
        return None
    return f"{grids_of.pop()}@{code}"


def _name(zone: str, zones: Mapping[str, str]) -> str:
    area, code = area_of(zone), own_code_in(zone)
    country, _, part = area.partition("-")
    known = tables.countries().get(country)
    name = known.name if known else zones.get(country, country)
    return f"{name}, {code or part}" if code or part else name
