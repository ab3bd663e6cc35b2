"""The shipped tables of hardware and published estimates; read when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from tracker.data import tables

DATACENTRE: Final = "datacentre"


class Accelerator(Struct, frozen=True):
    """A GPU or TPU.

    Attributes:
        name: as its maker calls it, without the maker.
        aliases: other names in use.
        tdp_w: thermal design power of one board; of the larger where there are several.
        tdp_low_w: of the smallest board of that name.
        tdp_high_w: of the largest board of that name.
        kind: ``datacentre`` or ``workstation``.
        embodied_kg: CO2e of making it and its share of the host.
        system_w: mean power of a system per accelerator as Patterson et al. 2021 measured
            it; ``None`` where they did not.
        usd_per_h: lowest and highest published price of an hour in a cloud, or ``None``.
        source: whose figures.
    """

    name: str
    aliases: tuple[str, ...]
    tdp_w: float
    tdp_low_w: float
    tdp_high_w: float
    kind: str
    embodied_kg: float
    system_w: float | None
    usd_per_h: tuple[float, float] | None
    source: str


class PublishedFigure(Struct, frozen=True):
    """One row of a published table: what was printed, and the inputs printed beside it.

    Attributes:
        rule: how it is recomputed: ``energy``, ``cited`` (not at all), ``sum``,
            ``bloom-embodied``.
        whole_w: mean power of the whole job; else ``each_w``, that of one accelerator.
        g_per_kwh: carbon intensity that the authors used.
        usd_per_h: lowest and highest price of an accelerator's hour.
        kwh: printed energy, PUE included.
        co2: printed mass in ``co2_unit``, ``lb`` or ``t``.
        kwh_tolerance: how far a recomputed figure may be off and still be the printed
            one; half of the last digit printed unless ``note`` says otherwise. The other
            tolerances likewise, in the unit of their figure.
        electricity_usd: printed cost of the electricity.
        note: why printed inputs do not give the printed output, or what was found since.
    """

    table: str
    name: str
    rule: str
    count: int | None
    whole_w: float | None
    each_w: float | None
    hours: float | None
    pue: float | None
    g_per_kwh: float | None
    usd_per_h: tuple[float, float] | None
    kwh: float | None
    kwh_tolerance: float
    co2: float | None
    co2_tolerance: float
    co2_unit: str
    usd: tuple[float, float] | None
    usd_tolerance: float
    electricity_usd: float | None
    note: str


class Likeness(Struct, frozen=True):
    """Something familiar and what it emits.

    Attributes:
        kind: groups what differs in size alone.
        name: of one.
        plural: of several.
        carbon_g: of one, in grams of CO2e.
        region: where that holds.
        year: of the data.
        source: whose figure, and which edition.
    """

    kind: str
    name: str
    plural: str
    carbon_g: float
    region: str
    year: int
    source: str


@cache
def likenesses() -> tuple[Likeness, ...]:
    """Familiar things (``equivalents.csv``)."""
    return tuple(
        Likeness(
            kind=row["kind"],
            name=row["name"],
            plural=row["plural"],
            carbon_g=float(row["g"]),
            region=row["region"],
            year=int(row["year"]),
            source=row["source"],
        )
        for row in tables.rows("equivalents.csv")
    )


@cache
def accelerators() -> Mapping[str, Accelerator]:
    """Accelerators by name (``accelerators.csv``)."""
    found = (_accelerator(row) for row in tables.rows("accelerators.csv"))
    return MappingProxyType({each.name: each for each in found})


@cache
def published() -> tuple[PublishedFigure, ...]:
    """Every row of every published table, in the tables' order (``published_figures.csv``)."""
    return tuple(_published(row) for row in tables.rows("published_figures.csv"))


def _accelerator(row: Mapping[str, str]) -> Accelerator:
    return Accelerator(
        name=row["name"],
        aliases=tuple(filter(None, row["aliases"].split(";"))),
        tdp_w=float(row["tdp_w"]),
        tdp_low_w=float(row["tdp_low_w"]),
        tdp_high_w=float(row["tdp_high_w"]),
        kind=row["kind"],
        embodied_kg=float(row["embodied_kg"]),
        system_w=_number(row["system_w"]),
        usd_per_h=_pair(row["usd_per_h_low"], row["usd_per_h_high"]),
        source=row["source"],
    )


def _published(row: Mapping[str, str]) -> PublishedFigure:
    return PublishedFigure(
        table=row["table"],
        name=row["name"],
        rule=row["rule"],
        count=int(row["count"]) if row["count"] else None,
        whole_w=_number(row["whole_w"]),
        each_w=_number(row["each_w"]),
        hours=_number(row["hours"]),
        pue=_number(row["pue"]),
        g_per_kwh=_g_per_kwh(row["kg_per_kwh"]),
        usd_per_h=_pair(row["usd_per_h_low"], row["usd_per_h_high"]),
        kwh=_number(row["kwh"]),
        kwh_tolerance=_number(row["kwh_tolerance"]) or 0.0,
        co2=_number(row["co2"]),
        co2_tolerance=_number(row["co2_tolerance"]) or 0.0,
        co2_unit=row["co2_unit"],
        usd=_pair(row["usd_low"], row["usd_high"]),
        usd_tolerance=_number(row["usd_tolerance"]) or 0.0,
        electricity_usd=_number(row["electricity_usd"]),
        note=row["note"],
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _pair(low: str, high: str) -> tuple[float, float] | None:
    return (float(low), float(high)) if low and high else None


def _g_per_kwh(text: str) -> float | None:
    return float(text) * 1000 if text else None
