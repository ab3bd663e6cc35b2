"""Intensity of a mix: megawatts by fuel times grams by fuel.

What a mix cannot tell is in its range: each fuel's published spread, and the imports that a
mix of what is produced leaves out.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from tracker.data import grids
from tracker.grid._series import Row
from tracker.grid._spread import HOURLY_CEILING_G_PER_KWH, IMPORTS_FACTOR, by_odds

STORAGE: Final = frozenset({"hydro_pumped", "battery"})
"""What comes out of it was generated before, and is counted there."""
BIG_SHARE: Final = 0.02
"""A fuel below this share of the window may be missing from a step."""
OUTLIER: Final = 10.0
UNKNOWN_FACTOR: Final = 3.0
STAND_IN_FACTOR: Final = 1.5

Mix = Mapping[datetime, Mapping[str, float | None]]
"""Megawatts by fuel for each step's start; ``None`` where the source says null."""


def rows_of(mix: Mix, step: timedelta) -> Iterator[Row]:
    """A row a step; its value is ``None`` where a big fuel is missing or cannot be.

    Small negative figures (a plant's own use at night) count as nothing.
    """
    typical_mw = _typical_mw(mix)
    for start, by_fuel in mix.items():
        known = {fuel: max(mw, 0.0) for fuel, mw in by_fuel.items() if mw is not None}
        if not _is_whole(known, typical_mw):
            yield Row(start, start + step, None)
            continue
        value, bounds = _intensity(known)
        yield Row(start, start + step, value, bounds=bounds)


def _typical_mw(mix: Mix) -> Mapping[str, float]:
    """Each fuel's median where it runs, storage left out."""
    found: dict[str, list[float]] = {}
    for by_fuel in mix.values():
        for fuel, mw in by_fuel.items():
            found.setdefault(fuel, [])
            if mw is not None and mw > 0:
                found[fuel].append(mw)
    return {fuel: statistics.median(values) if values else 0.0 for fuel, values in found.items()}


def _is_whole(known: Mapping[str, float], typical_mw: Mapping[str, float]) -> bool:
    whole_mw = sum(mw for fuel, mw in typical_mw.items() if fuel not in STORAGE)
    if sum(mw for fuel, mw in known.items() if fuel not in STORAGE) <= 0:
        return False
    for fuel, usual_mw in typical_mw.items():
        if fuel in STORAGE:
            continue
        if fuel not in known and usual_mw > BIG_SHARE * whole_mw:
            return False
        if known.get(fuel, 0.0) > max(OUTLIER * usual_mw, whole_mw):
            return False
    return True


def _intensity(known: Mapping[str, float]) -> tuple[float, tuple[float, float]]:
    factors = grids.fuel_factors()
    total_mw = value = low = high = 0.0
    for fuel, mw in known.items():
        if fuel in STORAGE:
            continue
        factor = factors.get(fuel, factors["unknown"])
        least, most = _bounds(factor)
        total_mw += mw
        value += mw * factor.g_per_kwh
        low += mw * least
        high += mw * most
    low, high = low / total_mw, high / total_mw
    ceiling = HOURLY_CEILING_G_PER_KWH
    return value / total_mw, (
        by_odds(low, IMPORTS_FACTOR, ceiling)[0],
        by_odds(high, IMPORTS_FACTOR, ceiling)[1],
    )


def _bounds(factor: grids.FuelFactor) -> tuple[float, float]:
    if factor.low is not None and factor.high is not None:
        return factor.low, factor.high
    unsure = "unknown" in {factor.fuel, factor.source.rpartition(":")[2]}
    return by_odds(factor.g_per_kwh, UNKNOWN_FACTOR if unsure else STAND_IN_FACTOR)
