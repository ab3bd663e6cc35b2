"""Reading the tables that are shipped.

A table is read when it is first asked for, once a process. ``sources.toml`` beside the
tables says where each comes from; a table without an entry there is not read.
"""

from __future__ import annotations

import csv
import io
import pkgutil
import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

PACKAGE: Final = "tracker.data"


class Provenance(Struct, frozen=True):
    """Where a table comes from.

    Attributes:
        credit: names source and licence in one line, as CC BY asks for.
        credits: the same for single rows, by the row's own source.
        retrieved: year and month, or a date.
        changes: what was changed against the source, one line each.
    """

    title: str
    source: str
    edition: str
    licence: str
    credit: str
    retrieved: str
    changes: tuple[str, ...]
    credits: Mapping[str, str] = field(default_factory=dict)

    def credit_for(self, row_source: str) -> str:
        """The line that names source and licence beside a figure of that row."""
        return self.credits.get(row_source, self.credit)


class AreaIntensity(Struct, frozen=True):
    """A yearly carbon intensity of a country or an aggregate, life cycle, in g CO2e/kWh.

    Attributes:
        code: ISO 3166 alpha-2 (Namibia is ``NA``), or the aggregate's own name.
        iso3: ISO 3166 alpha-3; empty for an aggregate.
        source: the row's own source; ``ember-co2js:Africa`` is a continent's figure that
            stands in for a country's.
    """

    code: str
    iso3: str
    name: str
    g_per_kwh: float
    year: int
    source: str

    @property
    def stands_in(self) -> bool:
        """Whether the figure is that of a larger area."""
        return ":" in self.source


class Subregion(Struct, frozen=True):
    """A yearly output rate of an eGRID subregion, direct, in g CO2e/kWh."""

    code: str
    name: str
    g_per_kwh: float
    year: int


class CloudRegion(Struct, frozen=True):
    """A cloud provider's region.

    Attributes:
        country: ISO 3166 alpha-2.
        zone: the grid's, as Electricity Maps writes it; may be empty.
        egrid_subregion: as ``CAMX``; empty outside the United States.
        pue: as published for this region, or ``None``.
        pue_year: the year of that figure.
    """

    provider: str
    region: str
    place: str
    country: str
    zone: str
    egrid_subregion: str
    pue: float | None
    pue_year: int | None

    @property
    def code(self) -> str:
        """As a location is written: ``aws:eu-west-3``."""
        return f"{self.provider}:{self.region}"


def provenance(name: str) -> Provenance:
    """Where the table ``name`` (a file's name) comes from.

    Raises:
        LookupError: ``sources.toml`` has no entry for it.
    """
    try:
        return sources()[name]
    except KeyError:
        raise LookupError(f"the table {name} has no entry in {PACKAGE}/sources.toml") from None


@cache
def sources() -> Mapping[str, Provenance]:
    """Every entry of ``sources.toml``, by file name."""
    entries = tomllib.loads(text("sources.toml"))
    return MappingProxyType(
        {
            name: Provenance(**{**entry, "changes": tuple(entry["changes"])})
            for name, entry in entries.items()
        }
    )


@cache
def countries() -> Mapping[str, AreaIntensity]:
    """Yearly intensities by ISO 3166 alpha-2 code (``country_intensity.csv``)."""
    found = rows("country_intensity.csv")
    return MappingProxyType({row["iso2"]: _area(row, row["iso2"], row["name"]) for row in found})


@cache
def aggregates() -> Mapping[str, AreaIntensity]:
    """Yearly intensities of groups of countries: ``World``, ``EU``, ``Africa`` and others."""
    found = rows("aggregates.csv")
    return MappingProxyType({row["area"]: _area(row, row["area"], row["area"]) for row in found})


@cache
def subregions() -> Mapping[str, Subregion]:
    """Subregions of eGRID by their code, such as ``CAMX`` (``egrid2023_rates.csv``)."""
    found = (row for row in rows("egrid2023_rates.csv") if row["type"] == "subregion")
    return MappingProxyType(
        {
            row["code"]: Subregion(
                code=row["code"],
                name=row["name"],
                g_per_kwh=float(row["co2e_g_per_kwh"]),
                year=int(row["data_year"]),
            )
            for row in found
        }
    )


@cache
def cloud_regions() -> Mapping[str, CloudRegion]:
    """Cloud regions as a location is written: ``aws:eu-west-3`` (``cloud_regions.csv``)."""
    found = (_cloud_region(row) for row in rows("cloud_regions.csv"))
    return MappingProxyType({region.code: region for region in found})


@cache
def time_zone_countries() -> Mapping[str, str]:
    """ISO 3166 alpha-2 codes by IANA time zone name (``tz_country.csv``)."""
    return MappingProxyType({row["tz"]: row["iso2"] for row in rows("tz_country.csv")})


def _area(row: Mapping[str, str], code: str, name: str) -> AreaIntensity:
    return AreaIntensity(
        code=code,
        iso3=row.get("iso3", ""),
        name=name,
        g_per_kwh=float(row["gco2e_per_kwh"]),
        year=int(row["year"]),
        source=row["source"],
    )


def _cloud_region(row: Mapping[str, str]) -> CloudRegion:
    return CloudRegion(
        provider=row["provider"],
        region=row["region"],
        place=row["place"],
        country=row["country_iso2"],
        zone=row["em_zone"],
        egrid_subregion=row["egrid_subregion"],
        pue=float(row["pue"]) if row["pue"] else None,
        pue_year=int(row["pue_year"]) if row["pue_year"] else None,
    )


def rows(name: str) -> list[dict[str, str]]:
    """The rows of the table ``name`` (a csv file's name), each by its column."""
    # The csv module, and nothing that guesses: Namibia's code is the text NA.
    return list(csv.DictReader(io.StringIO(text(name))))


def text(name: str) -> str:
    """What the file ``name`` of this folder holds.

    Raises:
        FileNotFoundError: it is not there: the installation is incomplete.
    """
    # pkgutil, as importlib.resources takes 10 ms more to import and does no more here.
    content = pkgutil.get_data(PACKAGE, name)
    if content is None:
        raise FileNotFoundError(f"{PACKAGE} holds no {name}: the installation is incomplete")
    return content.decode("utf-8")
