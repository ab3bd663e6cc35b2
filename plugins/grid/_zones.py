"""Zones as they are written, and their names for people."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.data import grids, tables
from tracker.errors import ZoneUnknown
from tracker.model.carbon import area_of


def grid_zone(zone: str) -> str:
    """The grid of a cloud region (``aws:eu-west-3`` is ``FR``); another zone by its area."""
    area = area_of(zone)
    return grids.cloud_zones().get(area, area)


def name_of(zone: str) -> str:
    """A zone's name for people: ``Denmark, DK1``."""
    code, _, rest = zone.partition("-")
    country = tables.countries().get(code)
    name = country.name if country else code
    return f"{name}, {rest}" if rest else name


def names_of(zones: Mapping[str, str] | frozenset[str]) -> Mapping[str, str]:
    """Zones in order, with their names."""
    return {zone: name_of(zone) for zone in sorted(zones)}


def code_in(provider: str, codes: Mapping[str, str], zone: str) -> tuple[str, str]:
    """A zone's key and the provider's own code of it; the code itself is understood too.

    Raises:
        ZoneUnknown: the provider has no such zone.
    """
    key = grid_zone(zone)
    if key in codes:
        return key, codes[key]
    for known, code in codes.items():
        if code == zone:
            return known, code
    raise ZoneUnknown(f"the grid provider {provider} has no zone {zone!r}")
