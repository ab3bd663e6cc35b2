"""Reading the tables that grid providers share: codes of zones, factors of fuels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from msgspec import Struct

from tracker.data import tables


class FuelFactor(Struct, frozen=True):
    """Life-cycle intensity of one fuel's electricity, in g CO2e/kWh.

    Attributes:
        low: lowest published figure, or ``None`` where only the median is known.
        high: highest published figure, or ``None``.
        source: ``ipcc-ar5``, ``electricity-maps``, or ``stand-in:coal``.
    """

    fuel: str
    g_per_kwh: float
    low: float | None
    high: float | None
    source: str


@cache
def zone_codes(provider: str) -> Mapping[str, str]:
    """A provider's own code of each zone that is written as an Electricity Maps key.

    Args:
        provider: ``eia``, ``entsoe``, ``open_electricity``; ``uk_carbon`` gives names.
    """
    return MappingProxyType(_maps()[provider])


@cache
def fuels_by_psr_type() -> Mapping[str, str]:
    """The fuel of ENTSO-E's production types: ``B14`` is ``nuclear``."""
    return MappingProxyType(_maps()["psr"])


@cache
def fuel_factors() -> Mapping[str, FuelFactor]:
    """Factors by fuel (``fuel_factors.csv``)."""
    return MappingProxyType({row["fuel"]: _factor(row) for row in tables.rows("fuel_factors.csv")})


@cache
def cloud_zones() -> Mapping[str, str]:
    """The Electricity Maps key of each cloud region: ``aws:eu-west-3`` is ``FR``."""
    return _cloud_column("em_zone")


@cache
def cloud_watttime_regions() -> Mapping[str, str]:
    """The WattTime region of each cloud region of which it is known."""
    return _cloud_column("wt_region")


@cache
def watttime_grids() -> Mapping[str, str]:
    """The grid of each WattTime region that is known of: its zone, or its country."""
    zones = cloud_zones()
    found: dict[str, str] = {}
    for cloud, region in cloud_watttime_regions().items():
        zone = zones.get(cloud, "")
        known = found.setdefault(region, zone)
        found[region] = zone if known == zone else zone.partition("-")[0]
    return MappingProxyType(found)


def _cloud_column(name: str) -> Mapping[str, str]:
    found = tables.rows("cloud_regions.csv")
    codes = {f"{row['provider']}:{row['region']}": row[name] for row in found}
    return MappingProxyType({code: value for code, value in codes.items() if value})


@cache
def _maps() -> dict[str, dict[str, str]]:
    maps: dict[str, dict[str, str]] = json.loads(tables.text("zone_maps.json"))
    return maps


def _factor(row: Mapping[str, str]) -> FuelFactor:
    low, high = row["low"], row["high"]
    return FuelFactor(
        fuel=row["fuel"],
        g_per_kwh=float(row["g_per_kwh"]),
        low=float(low) if low else None,
        high=float(high) if high else None,
        source=row["source"],
    )
