"""What a kilowatt-hour causes, where and when, and what a run was priced with."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tracker.model.beside import PricingNote, Tariff, WaterUse


MAX_G_PER_KWH: Final = 2000.0
"""Above every grid: the highest yearly figure of a country is 1306 (Turkmenistan, 2023)."""


class Signal(StrEnum):
    """Which kilowatt-hour is meant: the mix's, or the one more that is asked for."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class Scope(StrEnum):
    """Which emissions are in the figure."""

    LIFECYCLE = "lifecycle"
    DIRECT = "direct"
    UNKNOWN = "unknown"


class CarbonIntensity(Struct, frozen=True):
    """Grams of CO2e a kilowatt-hour, with its range and where it comes from.

    Attributes:
        low: lowest plausible value, about 95 %, in g/kWh.
        high: highest plausible value, in g/kWh.
        zone: whose grid: an Electricity Maps key, ``US-CAMX``, ``WORLD`` or ``fixed``.
        valid_from: UTC; of a yearly value, the year's begin.
        valid_to: UTC, exclusive.
        provider: the plugin's name.
        estimated: the provider says that it is an estimate.
        fetched_at: UTC; ``None`` for a table that is shipped.
        source: whose figure, edition and licence, for people.
    """

    g_per_kwh: float
    low: float
    high: float
    zone: str
    signal: Signal
    scope: Scope
    valid_from: datetime
    valid_to: datetime
    provider: str
    estimated: bool
    fetched_at: datetime | None
    source: str


class Location(Struct, frozen=True):
    """Where the electricity is used, and who says so.

    Attributes:
        zone: ``FR``, ``US-CAMX``, ``aws:eu-west-3``, ``WORLD``, ``fixed``; with what only some
            providers understand after an ``@``: ``FR@48.85,2.35``, ``US-CAL-CISO@CAISO_NORTH``.
        name: for people.
        origin: ``argument``, ``TRACKER_LOCATION``, a file's name, ``time zone``, ``default``.
        g_per_kwh: the value itself where the caller gave one, else ``None``.
    """

    zone: str
    name: str
    origin: str
    g_per_kwh: float | None = None

    @property
    def is_on_the_map(self) -> bool:
        """Whether latitude and longitude are known, and the area is no more than likely."""
        return coordinates_in(self.zone) is not None


def area_of(zone: str) -> str:
    """A zone without what only some providers understand."""
    return zone.partition("@")[0]


def own_code_in(zone: str) -> str:
    """What only some providers understand of a zone; empty where there is nothing of it."""
    return zone.partition("@")[2]


def coordinates_in(zone: str) -> tuple[float, float] | None:
    """Latitude and longitude in degrees, where a zone has them."""
    latitude, comma, longitude = own_code_in(zone).partition(",")
    return (float(latitude), float(longitude)) if comma else None


class PricedStretch(Struct, frozen=True):
    """A stretch of a run and the intensity it is priced with.

    Attributes:
        start: UTC.
        end: UTC, exclusive; ``None`` while the run may still go on.
    """

    start: datetime
    end: datetime | None
    intensity: CarbonIntensity


class Pricing(Struct, frozen=True):
    """One way of turning a run's energy into carbon, kept as a record.

    Attributes:
        provider: the one that was chosen; each stretch names the one that gave its figure.
        basis: ``location`` (the grid's) or ``market`` (a contract's).
        pue: facility energy over IT energy, at least 1; enters ``carbon_g`` alone.
        pue_source: who says so.
        what_if: an answer to "what would it have been"; never current.
        provisional: not all minutes are booked with final values yet.
        stretches: in order of time, without gaps.
        tariff: what the electricity costs; ``None`` where nobody said.
        water: litres a kilowatt-hour; ``None`` where nobody said.
        notes: what the providers could not do.
    """

    id: UUID
    run_id: UUID
    made_at: datetime
    provider: str
    location: Location
    signal: Signal
    scope: Scope
    basis: str
    pue: float
    pue_source: str
    what_if: bool
    provisional: bool
    stretches: tuple[PricedStretch, ...]
    tariff: Tariff | None = None
    water: WaterUse | None = None
    notes: tuple[PricingNote, ...] = ()
