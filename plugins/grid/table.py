"""Yearly carbon intensities that are shipped: no key, no network, every country.

Countries and aggregates are Ember's (life cycle, domestic production mix); subregions of
the United States are eGRID's (direct, production mix). A cloud region has its eGRID
subregion's figure where it has one, else its country's.

The range says within which bounds the intensity lies, about 19 times in 20, that a run of
hours at some place in the zone really met. Four things keep a yearly figure from it:

* hours: Denmark's figure is 100 g/kWh (Ember 2025), and its zone DK2 went from 49 to 272
  within the 24 hours of 22 August 2026 (Electricity Maps);
* places: eGRID's 27 subregions go from 110 to 702 where the United States are 350;
* imports: a production mix leaves them out. For 16 of 195 countries the consumption mix
  differs by more than 40 %; Slovakia's is 216 against 96, Albania's 80 against 24;
* years: of 92 countries with a figure for 2025 and one before, 89 moved by less than a
  factor of 1.5.

``COUNTRY_FACTOR`` 3 (of the odds, see ``_spread.by_odds``) holds 25 of the 27 subregions,
Slovakia, and DK2 but for the highest hours; Albania falls just outside. In a subregion the
place is settled and the other three remain: ``SUBREGION_FACTOR`` 2.5, about what DK2 moved.
Scope is no part of the range: a direct figure stays a direct one, and is named so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from tracker.data import tables
from tracker.errors import ZoneUnknown
from tracker.grid._spread import by_members, by_odds
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid, GridFacts

COUNTRY_FACTOR: Final = 3.0
SUBREGION_FACTOR: Final = 2.5

WORLD: Final = "WORLD"
EU: Final = "EU"
_AGGREGATES: Final = {
    WORLD: ("World", "World average"),
    EU: ("EU", "European Union, average"),
    "AFRICA": ("Africa", "Africa, average"),
    "ASIA": ("Asia", "Asia, average"),
    "EUROPE": ("Europe", "Europe, average"),
    "LATIN-AMERICA": ("Latin America and Caribbean", "Latin America and Caribbean, average"),
    "MIDDLE-EAST": ("Middle East", "Middle East, average"),
    "NORTH-AMERICA": ("North America", "North America, average"),
    "OCEANIA": ("Oceania", "Oceania, average"),
}
"""A continent's members are in no table, so its range is that of the world's countries."""
_EU_MEMBERS: Final = tuple(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()  # noqa: SIM905 - a line, not 27
)
_CLOUDS: Final = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "hlrs": "HLRS",
    "itenos": "ITENOS",
    "ovh": "OVHcloud",
}


FACTS: Final = GridFacts(
    scopes=(Scope.LIFECYCLE,),
    step=timedelta(days=365),
    final_after=timedelta(0),
    attribution="Ember, CC BY 4.0; EPA eGRID, public domain; Our World in Data, CC BY",
)


class Table:
    """The shipped tables as a grid provider.

    ``scope`` is that of countries and aggregates; each intensity states its own.
    """

    signal = Signal.AVERAGE
    scope = Scope.LIFECYCLE

    def zones(self) -> Mapping[str, str]:
        """Aggregates, countries, eGRID subregions and cloud regions, with their names."""
        found = {zone: name for zone, (_, name) in _AGGREGATES.items()}
        found |= {code: country.name for code, country in tables.countries().items()}
        found |= {
            f"US-{code}": f"{subregion.name}, United States"
            for code, subregion in tables.subregions().items()
        }
        found |= {code: _cloud_name(region) for code, region in tables.cloud_regions().items()}
        return found

    def intensity(
        self,
        zone: str,
        start: datetime,  # noqa: ARG002 - the port's; a yearly table has one answer
        end: datetime,  # noqa: ARG002 - the same
    ) -> Sequence[CarbonIntensity]:
        """The zone's one yearly figure, whatever the time; valid in the table's own year.

        The figure's ``zone`` is the grid's: ``FR`` for ``aws:eu-west-3``.

        Raises:
            ZoneUnknown: not one of ``zones()``.
        """
        grid = _grid_of(zone)
        if grid in _AGGREGATES:
            return (_of_aggregate(grid),)
        if grid in tables.countries():
            return (_of_country(tables.countries()[grid]),)
        code = grid.removeprefix("US-")
        if code != grid and code in tables.subregions():
            return (_of_subregion(tables.subregions()[code]),)
        raise ZoneUnknown(f"the yearly table has no zone {zone!r}")


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:  # noqa: ARG001 - asks nobody
    """The provider; it takes no options and reads its tables when first asked."""
    return Table()


def _grid_of(zone: str) -> str:
    region = tables.cloud_regions().get(zone)
    if region is None:
        return zone
    return f"US-{region.egrid_subregion}" if region.egrid_subregion else region.country


def _cloud_name(region: tables.CloudRegion) -> str:
    country = tables.countries()[region.country].name
    return f"{_CLOUDS.get(region.provider, region.provider)} {region.place}, {country}"


def _of_aggregate(zone: str) -> CarbonIntensity:
    area = tables.aggregates()[_AGGREGATES[zone][0]]
    members = _EU_MEMBERS if zone == EU else tables.countries()
    return _of_area(zone, area, "aggregates.csv", _spread_of(members))


def _of_country(country: tables.AreaIntensity) -> CarbonIntensity:
    if country.stands_in:
        spread = _spread_of(tables.countries())
    else:
        spread = by_odds(country.g_per_kwh, COUNTRY_FACTOR)
    return _of_area(country.code, country, "country_intensity.csv", spread)


def _spread_of(members: Sequence[str] | Mapping[str, object]) -> tuple[float, float]:
    rows = (tables.countries()[code] for code in members)
    return by_members([row.g_per_kwh for row in rows if not row.stands_in])


def _of_area(
    zone: str, area: tables.AreaIntensity, table: str, spread: tuple[float, float]
) -> CarbonIntensity:
    credit = tables.provenance(table).credit_for(area.source)
    return _yearly(
        zone=zone,
        g_per_kwh=area.g_per_kwh,
        spread=spread,
        scope=Scope.LIFECYCLE,
        year=area.year,
        estimated=area.stands_in,
        source=f"{credit}; yearly average {area.year}, life cycle, production mix",
    )


def _of_subregion(subregion: tables.Subregion) -> CarbonIntensity:
    credit = tables.provenance("egrid2023_rates.csv").credit
    return _yearly(
        zone=f"US-{subregion.code}",
        g_per_kwh=subregion.g_per_kwh,
        spread=by_odds(subregion.g_per_kwh, SUBREGION_FACTOR),
        scope=Scope.DIRECT,
        year=subregion.year,
        estimated=False,
        source=f"{credit}; yearly average {subregion.year}, direct, production mix",
    )


def _yearly(
    *,
    zone: str,
    g_per_kwh: float,
    spread: tuple[float, float],
    scope: Scope,
    year: int,
    estimated: bool,
    source: str,
) -> CarbonIntensity:
    return CarbonIntensity(
        g_per_kwh=g_per_kwh,
        low=spread[0],
        high=spread[1],
        zone=zone,
        signal=Signal.AVERAGE,
        scope=scope,
        valid_from=datetime(year, 1, 1, tzinfo=UTC),
        valid_to=datetime(year + 1, 1, 1, tzinfo=UTC),
        provider="table",
        estimated=estimated,
        fetched_at=None,
        source=source,
    )
