"""Locations that the yearly table has no line for: zones of providers, subdivisions, the map.

They are priced by a provider that knows them, and by their country's figure with a wider range
where none does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from tracker.data import grids, tables
from tracker.errors import SettingsError
from tracker.model.carbon import Location

_ON_THE_MAP: Final = re.compile(r"(?P<lat>[+-]?\d+(?:\.\d+)?),(?P<lon>[+-]?\d+(?:\.\d+)?)")
_SUBDIVISION: Final = re.compile(r"(?P<country>[a-z]{2})-(?P<part>[a-z0-9]{1,3})")
_PROVIDERS: Final = ("entsoe", "eia", "open_electricity", "uk_carbon")
_MOST_LATITUDE: Final = 90.0
_MOST_LONGITUDE: Final = 180.0


def find(plain: str, zones: Mapping[str, str], origin: str) -> Location | None:
    """What was written, without blanks and in lower case, as a location, or ``None``.

    Args:
        plain: ``dk-dk1``, ``us-cal-ciso``, ``10yfr-rte------c``, ``de-by``, ``37.8,-122.4``.
        zones: every zone that the yearly table prices, with its name.
        origin: who wrote it.

    Raises:
        SettingsError: a place on the map that no known zone holds.
    """
    if place := _ON_THE_MAP.fullmatch(plain):
        return _on_the_map(float(place["lat"]), float(place["lon"]), zones, origin)
    if zone := _codes().get(plain):
        return Location(zone=zone, name=_name(zone, zones), origin=origin)
    part = _SUBDIVISION.fullmatch(plain)
    if part and part["country"].upper() in zones:
        zone = plain.upper()
        return Location(zone=zone, name=_name(zone, zones), origin=origin)
    return None


def _on_the_map(
    latitude: float, longitude: float, zones: Mapping[str, str], origin: str
) -> Location:
    from tracker.data.polygons import subregion_at  # noqa: PLC0415 - reads 140 kB

    on_earth = abs(latitude) <= _MOST_LATITUDE and abs(longitude) <= _MOST_LONGITUDE
    code = subregion_at(latitude, longitude) if on_earth else None
    shown = f"location = '{latitude:g},{longitude:g}' ({origin})"
    if not on_earth:
        raise SettingsError(f"{shown}: no place on Earth; write latitude,longitude in degrees")
    if code is None:
        raise SettingsError(
            f"{shown}: not in the United States, whose subregions alone are found by the map;"
            " write the country (FR) or the grid's zone (DK-DK1)"
        )
    zone = f"US-{code}"
    return Location(zone=zone, name=zones.get(zone, zone), origin=origin)


@cache
def _codes() -> Mapping[str, str]:
    """Grid zones by their key and by their providers' own codes, in lower case."""
    found = {zone.lower(): zone for zone in grids.cloud_zones().values() if "-" in zone}
    for provider in _PROVIDERS:
        for zone, code in grids.zone_codes(provider).items():
            found[zone.lower()] = zone
            if provider == "entsoe":
                found[code.lower()] = zone
    return found


def _name(zone: str, zones: Mapping[str, str]) -> str:
    country, _, part = zone.partition("-")
    known = tables.countries().get(country)
    name = known.name if known else zones.get(country, country)
    return f"{name}, {part}" if part else name
