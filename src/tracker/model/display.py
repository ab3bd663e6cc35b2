"""Quantities and names as text for people.

A unit by size, three significant digits, never an exponent; what is unknown is a dash.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tracker.model.text import cells, harmless, shortened

if TYPE_CHECKING:
    from tracker.model.run import RunTotals

UNKNOWN: Final = "\N{EN DASH}"
"""What stands where a quantity is not known: never a zero."""


class _Unit(Struct, frozen=True):
    """A unit and from which size on it is used, both in the quantity's base unit."""

    name: str
    size: float
    starts_at: float


_ENERGY: Final = (
    _Unit("mJ", 1e-3, 0),
    _Unit("J", 1, 1),
    _Unit("Wh", 3.6e3, 1e3),
    _Unit("kWh", 3.6e6, 3.6e6),
    _Unit("MWh", 3.6e9, 3.6e9),
    _Unit("GWh", 3.6e12, 3.6e12),
)
_MASS: Final = (_Unit("mg", 1e-3, 0), _Unit("g", 1, 1), _Unit("kg", 1e3, 1e3), _Unit("t", 1e6, 1e6))
_POWER: Final = (
    _Unit("mW", 1e-3, 0),
    _Unit("W", 1, 1),
    _Unit("kW", 1e3, 1e3),
    _Unit("MW", 1e6, 1e6),
)
_BYTES: Final = (_Unit("B", 1, 0), _Unit("kB", 1e3, 1e3), _Unit("MB", 1e6, 1e6))
_SMALLEST_SHOWN: Final = 0.001


def number_text(value: float | None, digits: int = 3) -> str:
    """A logged value, which may be of any size, with ``digits`` significant digits.

    >>> number_text(12345), number_text(0.98765), number_text(7), number_text(3e-7)
    ('12,300', '0.988', '7', '3e-07')
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value and not 1e-4 <= abs(value) < 1e15:  # noqa: PLR2004 - where zeros stop being readable
        return f"{value:.{digits}g}"
    return _fixed(value, digits, trim=float(value).is_integer())


def _fixed(value: float, digits: int, *, trim: bool = False) -> str:
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if rounded and math.floor(math.log10(abs(rounded))) > digits - 1 - places:
        places -= 1
    return f"{rounded:,.{0 if trim else max(places, 0)}f}"


def _unit_for(value: float, ladder: Sequence[_Unit]) -> _Unit:
    """The largest unit that ``value`` reaches as it will be printed: 999.7 W is 1.00 kW."""
    chosen = ladder[0]
    for unit in ladder[1:]:
        printed = float(_fixed(abs(value) / chosen.size, 3).replace(",", "")) * chosen.size
        if printed < unit.starts_at * (1 - 1e-9):
            break
        chosen = unit
    return chosen


def _quantity_text(value: float | None, ladder: Sequence[_Unit], zero: str) -> str:
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return zero
    unit = _unit_for(value, ladder)
    scaled = value / unit.size
    if abs(scaled) < _SMALLEST_SHOWN:
        return f"{'-' if value < 0 else ''}<{_SMALLEST_SHOWN} {unit.name}"
    return f"{_fixed(scaled, 3)} {unit.name}"


def energy_text(energy_j: float | None) -> str:
    """Joules as ``mJ``, ``J``, ``Wh``, ``kWh``, ``MWh`` or ``GWh``.

    >>> energy_text(540), energy_text(44_300), energy_text(3.6e9)
    ('540 J', '12.3 Wh', '1.00 MWh')
    """
    return _quantity_text(energy_j, _ENERGY, "0 J")


def carbon_text(carbon_g: float | None) -> str:
    """Grams as ``mg``, ``g``, ``kg`` or ``t``; whoever prints it says "CO2e"."""
    return _quantity_text(carbon_g, _MASS, "0 g")


def scope_text(scope: str) -> str:
    """Which emissions a carbon figure counts, as one says it: ``life-cycle``, ``direct``."""
    return {"lifecycle": "life-cycle", "unknown": "not stated"}.get(scope, scope)


def power_text(power_w: float | None) -> str:
    """Watts as ``mW``, ``W``, ``kW`` or ``MW``."""
    return _quantity_text(power_w, _POWER, "0 W")


def size_text(size_bytes: float | None) -> str:
    """Bytes as ``B``, ``kB`` or ``MB``."""
    return _quantity_text(size_bytes, _BYTES, "0 B")


def energy_range_text(low_j: float | None, high_j: float | None) -> str:
    """``11.5`` to ``13.2 Wh`` with a dash between: both ends in the unit of the upper one."""
    return _range_text(low_j, high_j, _ENERGY)


def carbon_range_text(low_g: float | None, high_g: float | None) -> str:
    """``0.52`` to ``0.87 g`` with a dash between: both ends in the unit of the upper one."""
    return _range_text(low_g, high_g, _MASS)


def _range_text(low: float | None, high: float | None, ladder: Sequence[_Unit]) -> str:
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    unit = _unit_for(max(abs(low), abs(high)), ladder) if low or high else ladder[1]
    dash = " to " if low < 0 else "\N{EN DASH}"
    return f"{_fixed(low / unit.size, 3)}{dash}{_fixed(high / unit.size, 3)} {unit.name}"


def share_text(ratio: float | None) -> str:
    """A ratio as whole percent; ``<1 %`` where something would round to nothing."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    percent = ratio * 100
    return "<1 %" if 0 < percent < 0.5 else f"{percent:.0f} %"  # noqa: PLR2004 - rounds to 0


def duration_text(duration_s: float | None) -> str:
    """Seconds as ``0.52 s``, ``12.3 s``, ``2 min 31 s``, ``3 h 05 min`` or ``2 d 03 h``."""
    if duration_s is None or not math.isfinite(duration_s):
        return UNKNOWN
    if duration_s == 0:
        return "0 s"
    if duration_s < 0:
        return f"-{duration_text(-duration_s)}"
    if duration_s < 59.95:  # noqa: PLR2004 - what would be printed as 60.0 s
        whole = float(duration_s).is_integer()
        return f"{int(duration_s) if whole else _seconds(duration_s)} s"
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,} d {hours:02} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def _seconds(duration_s: float) -> str:
    if 0 < duration_s < _SMALLEST_SHOWN:
        return f"<{_SMALLEST_SHOWN}"
    return f"{duration_s:.3f}" if duration_s < 0.1 else _fixed(duration_s, 3)  # noqa: PLR2004 - whole ms


def when_text(at: datetime | None, now: datetime) -> str:
    """A time in ``now``'s zone: ``today 14:22``, ``yesterday 09:05``, ``2026-05-03 14:22``."""
    if at is None:
        return UNKNOWN
    local = at.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"today {local:%H:%M}"
    if local.date() == (now - timedelta(days=1)).date():
        return f"yesterday {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


_LIVE_NAME_CELLS: Final = 24


def live_line(name: str, totals: RunTotals, open_phases: Sequence[str], width: int) -> str:
    """A run's state in one line of at most ``width`` columns.

    What matters least goes first where the line is narrow: phases, power, time, name.

    Args:
        name: the run's.
        totals: its figures so far; a provisional carbon figure has a ``~``.
        open_phases: names of the phases under way, outermost first.
        width: columns of the terminal; use one less than it has, or some wrap.
    """
    about = "~" if totals.provisional else ""
    power_w = sum(totals.power_w.values()) if totals.power_w else None
    parts = [
        shortened(harmless(name), _LIVE_NAME_CELLS),
        duration_text(math.floor(totals.duration_s)),
        power_text(power_w),
        energy_text(totals.energy_j),
        f"{about}{carbon_text(totals.carbon_g)} CO2e",
        harmless(" > ".join(open_phases)),
    ]
    for dispensable in ("phases", "power", "time", "name"):
        line = "  ".join(part for part in parts if part)
        if cells(line) <= width:
            return line
        parts[{"name": 0, "time": 1, "power": 2, "phases": 5}[dispensable]] = ""
    return shortened("  ".join(part for part in parts if part), width)


_CENT: Final = 0.01


def usd_text(usd: float | None) -> str:
    """US dollars with three digits; less than a cent is said to be that."""
    if usd is None or not math.isfinite(usd):
        return UNKNOWN
    return "<0.01 USD" if 0 < usd < _CENT else f"{number_text(usd)} USD"


_CHARGE_G: Final = 12.4
_CAR_KM_G: Final = 244.0
_CAR_YEAR_G: Final = 4.29e6
_NEXT_TO_NOTHING: Final = 0.001


def equivalent_text(carbon_g: float | None) -> str:
    """The mass of CO2e in words, one sentence; empty where nothing is known or emitted.

    The factors are the US EPA's, "Greenhouse Gas Equivalencies Calculator: Calculations
    and References", edition with eGRID2022 and FHWA 2022 data: 12.4 g CO2 a smartphone
    charge (electricity as delivered in the US), 0.393 kg CO2e a mile driven in the average
    gasoline passenger vehicle (0.244 kg a kilometre), 4.29 t CO2e a year of driving it.
    """
    if carbon_g is None or not math.isfinite(carbon_g) or carbon_g <= 0:
        return ""
    if carbon_g < _CHARGE_G * _NEXT_TO_NOTHING:
        return "less than a thousandth of one smartphone charge (US grid, EPA)"
    return f"about as much as {_likeness(carbon_g)}"


def _likeness(carbon_g: float) -> str:
    charges, distance_km = carbon_g / _CHARGE_G, carbon_g / _CAR_KM_G
    if charges < 0.95:  # noqa: PLR2004 - 95 % and more reads as one charge
        return f"{_fixed(charges * 100, 2)} % of one smartphone charge (US grid, EPA)"
    if distance_km < 1:
        return f"{_counted(charges, 'smartphone charge')} (US grid, EPA)"
    if carbon_g < _CAR_YEAR_G / 12:
        return f"driving an average US gasoline car {_fixed(distance_km, 2)} km (EPA)"
    months = carbon_g / _CAR_YEAR_G * 12
    span = _counted(months, "month") if months < 24 else _counted(months / 12, "year")  # noqa: PLR2004 - 2 years
    return f"driving an average US gasoline car for {span} (EPA)"


def _counted(count: float, noun: str) -> str:
    return f"1 {noun}" if count < 1.05 else f"{_fixed(count, 2)} {noun}s"  # noqa: PLR2004 - rounds to 1
