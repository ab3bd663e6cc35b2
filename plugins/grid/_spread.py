"""How far a figure may be from what a kilowatt-hour really caused: low and high."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

CEILING_G_PER_KWH: Final = 1400.0
"""No grid lies above: the bound at which the yearly tables were checked; all lie below it."""


HOURLY_CEILING_G_PER_KWH: Final = 2100.0
"""An hour may lie above any year; what is above 2000 was refused before."""

MEASURED_FACTOR: Final = 1.25
"""For a value of the hour itself: two authorities' direct factors of coal are 937 (National
Energy System Operator) and 760 (Electricity Maps' default), of gas 394 and 370."""

ESTIMATED_FACTOR: Final = 1.5
"""For an estimate or a forecast of the hour: where France's actual values ended on 4 October
2026 the forecast went on at 49 after 60 (Energy-Charts), on top of what a measured one has."""

IMPORTS_FACTOR: Final = 1.4
"""For a mix of what is produced: in 179 of 195 countries the mix of what is consumed differs
by less than 40 % over a year."""


def by_odds(
    g_per_kwh: float, factor: float, ceiling: float = CEILING_G_PER_KWH
) -> tuple[float, float]:
    """The range in which the true intensity lies, given a yearly figure.

    A grid moves between its cleanest and its dirtiest plants, so a clean one can rise
    several times over where a coal grid cannot. With ``x`` the share of the ceiling, the
    odds ``x / (1 - x)`` are divided and multiplied by ``factor``: far below the ceiling
    that is the figure itself divided and multiplied, near it the range closes.

    Args:
        g_per_kwh: the figure, from 0 to below ``ceiling``.
        factor: above 1.
        ceiling: no such figure lies above.

    Returns:
        Low and high in g/kWh, between 0 and the ceiling.
    """
    share = g_per_kwh / ceiling
    odds = share / (1 - share)
    low, high = odds / factor, odds * factor
    return ceiling * low / (1 + low), ceiling * high / (1 + high)


def by_members(figures: Collection[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile of the figures of an area's members, in g/kWh.

    For a place of which no more is known than that it lies in the area: how its members
    differ outweighs how any of them moves over a day.
    """
    import statistics  # noqa: PLC0415 - with fractions and decimal, 2 ms of a start

    cuts = statistics.quantiles(figures, n=20, method="inclusive")
    return cuts[0], cuts[-1]
