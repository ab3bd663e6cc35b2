"""What electricity costs: one syntax, and the price at any time.

    0.25 EUR/kWh
    0.25 EUR/kWh, 17:00-21:00 0.41, 22:00-06:00 0.15
    0.25 EUR/kWh, 22:00-06:00 0.15, Europe/Paris

The first price holds outside the hours that are named; those are local time, of the zone
that is named or else of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tracker.errors import SettingsError
from tracker.model.beside import Tariff, TariffBand

_NUMBER: Final = r"(?P<price>\d+\.?\d*|\.\d+)"
_BASE: Final = re.compile(
    rf"{_NUMBER}\s*(?P<currency>[^\W\d_]{{3}}|[€$£¥])\s*/\s*kWh", re.IGNORECASE
)
_BAND: Final = re.compile(rf"(?P<from>[0-2]?\d:[0-5]\d)\s*-\s*(?P<to>[0-2]?\d:[0-5]\d)\s+{_NUMBER}")
_MINUTES_A_DAY: Final = 24 * 60
_FORM: Final = "write '0.25 EUR/kWh' or '0.25 EUR/kWh, 22:00-06:00 0.15, Europe/Paris'"


def parse(text: str, origin: str, local_zone: str | None = None) -> Tariff:
    """What the user wrote, as a tariff.

    Args:
        text: in the syntax above.
        origin: who wrote it: ``argument``, ``TRACKER_TARIFF``, a file's name.
        local_zone: this machine's time zone; UTC where it is not known.

    Raises:
        SettingsError: it cannot be read, or the time zone does not exist.
    """
    shown = f"tariff = {text!r} ({origin})"
    first, *others = [part.strip() for part in text.split(",")]
    base = _BASE.fullmatch(first)
    if base is None:
        raise SettingsError(f"{shown}: no price with its currency; {_FORM}")
    bands, zone = [], local_zone or "UTC"
    for number, part in enumerate(others):
        band = _BAND.fullmatch(part)
        if band is not None:
            bands.append(
                TariffBand(
                    _minute(band["from"], shown), _minute(band["to"], shown), float(band["price"])
                )
            )
        elif number == len(others) - 1 and "/" in part:
            zone = part
        else:
            raise SettingsError(f"{shown}: {part!r} is no '22:00-06:00 0.15'; {_FORM}")
    _zone(zone, shown)
    currency = base["currency"].upper()
    return Tariff(currency, float(base["price"]), tuple(bands), zone, origin)


def prices(tariff: Tariff, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """From when on which price holds, the first from ``start`` on; times in UTC."""
    if not tariff.bands:
        return [(start, tariff.per_kwh)]
    zone = ZoneInfo(tariff.time_zone)
    found = [(start, price_at(tariff, start))]
    for at in _changes(tariff, zone, start, end):
        price = price_at(tariff, at)
        if price != found[-1][1]:
            found.append((at, price))
    return found


def price_at(tariff: Tariff, at: datetime) -> float:
    """A kilowatt-hour's price at an instant."""
    local = at.astimezone(ZoneInfo(tariff.time_zone))
    minute = local.hour * 60 + local.minute
    return next((band.per_kwh for band in tariff.bands if band.holds_at(minute)), tariff.per_kwh)


def cost(found: Sequence[tuple[datetime, float]], energies_kwh: Sequence[float]) -> float:
    """What the energies cost, one for each price."""
    return sum(price * kwh for (_, price), kwh in zip(found, energies_kwh, strict=True))


def _changes(tariff: Tariff, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """When a band may begin or end between the two, in order."""
    minutes = {minute for band in tariff.bands for minute in (band.start_minute, band.end_minute)}
    day, found = start.astimezone(zone).date(), []
    while day <= end.astimezone(zone).date():
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for minute in minutes:
            at = (midnight + timedelta(minutes=minute % _MINUTES_A_DAY)).astimezone(UTC)
            if start < at < end:
                found.append(at)
        day += timedelta(days=1)
    return sorted(found)


def _minute(text: str, shown: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if hour * 60 + minute > _MINUTES_A_DAY:
        raise SettingsError(f"{shown}: {text} is no time of day")
    return (hour * 60 + minute) % _MINUTES_A_DAY


def _zone(name: str, shown: str) -> None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise SettingsError(f"{shown}: no time zone {name!r}; write one as Europe/Paris") from error
