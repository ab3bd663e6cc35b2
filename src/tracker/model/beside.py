"""What stands beside a pricing's carbon: cost, water, and what its providers could not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime


class TariffBand(Struct, frozen=True):
    """Hours of the day with a price of their own.

    Attributes:
        start_minute: local time, in minutes since midnight.
        end_minute: exclusive; at or before the start where the band goes over midnight.
        per_kwh: price of a kilowatt-hour in the tariff's currency.
    """

    start_minute: int
    end_minute: int
    per_kwh: float

    def holds_at(self, minute: int) -> bool:
        """Whether a minute of the day lies in the band."""
        if self.start_minute < self.end_minute:
            return self.start_minute <= minute < self.end_minute
        return minute >= self.start_minute or minute < self.end_minute


class Tariff(Struct, frozen=True):
    """What electricity costs.

    Attributes:
        currency: as the user writes it, ``EUR``.
        per_kwh: price of a kilowatt-hour outside the bands.
        bands: the first that holds counts.
        time_zone: IANA name of the zone that the bands' hours are in.
        source: who says so, for people.
    """

    currency: str
    per_kwh: float
    bands: tuple[TariffBand, ...]
    time_zone: str
    source: str


class WaterUse(Struct, frozen=True):
    """Litres of water a kilowatt-hour of IT energy; ``None`` where there is no figure.

    Attributes:
        site_l_per_kwh: what cooling evaporates on site (WUE).
        grid_l_per_kwh: what power plants evaporate.
        source: who says so, for people.
    """

    site_l_per_kwh: float | None
    grid_l_per_kwh: float | None
    source: str


class PricingNote(Struct, frozen=True):
    """Why a provider's figure was not used.

    Attributes:
        at: when it was asked, UTC.
        provider: the plugin's name.
        zone: which it was asked for.
        reason: for people, without keys.
    """

    at: datetime
    provider: str
    zone: str
    reason: str
