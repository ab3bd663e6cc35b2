"""How far a figure may be from what a kilowatt-hour really caused: low and high."""

from __future__ import annotations

import statistics
from collections.abc import Collection
from typing import Final

CEILING_G_PER_KWH: Final = 1400.0
"""No grid lies above: the bound at which the yearly tables were checked; all lie below it."""


def by_odds(g_per_kwh: float, factor: float) -> tuple[float, float]:
    """The range in which the true intensity lies, given a yearly figure.

    A grid moves between its cleanest and its dirtiest plants, so a clean one can rise
    several times over where a coal grid cannot. With ``x`` the share of the ceiling, the
    odds ``x / (1 - x)`` are divided and multiplied by ``factor``: far below the ceiling
    that is the figure itself divided and multiplied, near it the range closes.

    Args:
        g_per_kwh: the yearly figure, above 0 and below ``CEILING_G_PER_KWH``.
        factor: above 1.

    Returns:
        Low and high in g/kWh, between 0 and the ceiling.
    """
    share = g_per_kwh / CEILING_G_PER_KWH
    odds = share / (1 - share)
    low, high = odds / factor, odds * factor
    return CEILING_G_PER_KWH * low / (1 + low), CEILING_G_PER_KWH * high / (1 + high)


def by_members(figures: Collection[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile of the figures of an area's members, in g/kWh.

    For a place of which no more is known than that it lies in the area: how its members
    differ outweighs how any of them moves over a day.
    """
    cuts = statistics.quantiles(figures, n=20, method="inclusive")
    return cuts[0], cuts[-1]
