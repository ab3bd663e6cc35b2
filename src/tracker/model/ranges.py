"""The 95 % range of a sum of energies, and of the carbon it causes.

A figure is ``read``; the truth is ``read`` times a gain, give or take a random part. What
is known of the gain is its interval (``Accuracy``), and what it shares with other figures
decides how it adds up:

==================  ==========================  =======================================
error               the same for                adds up
==================  ==========================  =======================================
common gain         all boards of a class       linearly over boards and time
own gain            one board                   linearly over time, in quadrature over
                                                boards
slack, bridges      one interval                in quadrature over everything
==================  ==========================  =======================================

Classes are independent of each other: they add in quadrature. An interval that is not
centred on 1 moves the range, and never the figure: that stays what the sensor says.
The rule of adding: JCGM 100:2008 (GUM), section 5; the intervals: ``docs/ranges.md``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tracker.model.device import Accuracy
from tracker.model.units import kwh_from_j

RESERVE_RATIO: Final = 0.2
"""What a sum over many boards gets on top: of several boards one may be worse than its class
allows, and their gains need not be spread as assumed (simulated: docs/ranges.md)."""


class Share(Struct, frozen=True):
    """What one board gave to a sum.

    Attributes:
        board: what tells one board from another, over hosts too.
        energy_j: as the device states it, in joules; negative in a difference.
        slack_j: random error of that energy, a half-width of about 95 %, in joules.
    """

    board: str
    accuracy: Accuracy
    energy_j: float
    slack_j: float


class Range(Struct, frozen=True):
    """The interval that holds the truth in about 95 of 100 cases, in the figure's unit."""

    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """Its centre, which need not be the figure."""
        return (self.low + self.high) / 2

    @property
    def half_width(self) -> float:
        """Half the distance from low to high."""
        return (self.high - self.low) / 2

    def at_least_zero(self) -> Range:
        """The same, cut at zero: no device gives energy back."""
        return Range(max(self.low, 0.0), max(self.high, 0.0))


_REMAINDER_LOW: Final = 0.5
_REMAINDER_HIGH: Final = 1.75

NOTHING: Final = Range(0.0, 0.0)
"""The range of a sum without shares."""


def energy_range(shares: Iterable[Share]) -> Range:
    """The range of the sum of all shares, in joules; never below 0."""
    return _range_of(shares).at_least_zero()


def difference_range(minuend: Iterable[Share], subtrahend: Iterable[Share]) -> Range:
    """The range of one sum minus another, in joules.

    On the same board a gain cancels as far as the energies do.
    """
    taken = (replace(share, energy_j=-share.energy_j) for share in subtrahend)
    return _range_of([*minuend, *taken])


def carbon_range(energy_j: Range, g_per_kwh: Range, pue: float = 1.0) -> Range:
    """The range of grams from those of an energy and of the mean intensity it met.

    The two are independent, and both are known to a factor rather than to so many units:
    their logarithms add, and the half-widths of the logarithms add in quadrature. Where
    one may be 0 there is no factor; the variances of the product are added then
    (Goodman 1960, doi 10.1080/01621459.1960.10483369).

    Args:
        energy_j: in joules.
        g_per_kwh: in grams of CO2e a kilowatt-hour.
        pue: facility energy over IT energy; taken as exact.
    """
    product = _product_of_factors if min(energy_j.low, g_per_kwh.low) > 0 else _product
    bounds = product(energy_j, g_per_kwh)
    return Range(kwh_from_j(bounds.low) * pue, kwh_from_j(bounds.high) * pue).at_least_zero()


def remainder_range(energy_j: Range, ratio: float) -> Range:
    """The range of a remainder, in joules: a share of an energy that is itself a range.

    The share is known to a factor: where 0.2 is given, machines have had 0.1 to 0.35
    (``docs/shared-machines.md``).
    """
    share = Range(ratio * _REMAINDER_LOW, ratio * _REMAINDER_HIGH)
    product = _product_of_factors if min(energy_j.low, share.low) > 0 else _product
    return product(energy_j, share).at_least_zero()


def _product_of_factors(one: Range, other: Range) -> Range:
    centre = math.sqrt(one.low * one.high * other.low * other.high)
    factor = math.exp(
        math.hypot(math.log(one.high / one.low), math.log(other.high / other.low)) / 2
    )
    return Range(centre / factor, centre * factor)


def _product(one: Range, other: Range) -> Range:
    centre = one.midpoint * other.midpoint
    half = math.hypot(
        one.midpoint * other.half_width,
        other.midpoint * one.half_width,
        one.half_width * other.half_width,
    )
    return Range(centre - half, centre + half)


class BoardSum(Struct, frozen=True):
    """All that a range needs of one board's energy; sums of a board add up field by field.

    Attributes:
        centre_j: energy times the middle of what is known of its gain.
        common_j: energy times the half-width of the common gain.
        own_j: energy times the half-width of the board's own gain.
        slack_j2: squares of the slacks.
    """

    board: str
    accuracy_class: str
    energy_j: float
    centre_j: float
    common_j: float
    own_j: float
    slack_j2: float

    @classmethod
    def of(cls, share: Share) -> BoardSum:
        """Of a single share."""
        accuracy, energy_j = share.accuracy, share.energy_j
        return cls(
            share.board,
            accuracy.accuracy_class,
            energy_j,
            energy_j * _bias(accuracy),
            energy_j * accuracy.common_ratio.half_width,
            energy_j * accuracy.own_ratio.half_width,
            share.slack_j**2,
        )

    def times(self, energy_j: float, slack_j: float) -> BoardSum:
        """Where this is of one joule: of so many of the same board, with their slack."""
        return BoardSum(
            self.board,
            self.accuracy_class,
            energy_j,
            self.centre_j * energy_j,
            self.common_j * energy_j,
            self.own_j * energy_j,
            slack_j**2,
        )


def range_of_sums(sums: Iterable[BoardSum]) -> Range:
    """The range of the sum of all, in joules; below 0 only in a difference."""
    centre_j = slack_j2 = 0.0
    own_j: defaultdict[tuple[str, str], float] = defaultdict(float)
    common_j: defaultdict[str, float] = defaultdict(float)
    for one in sums:
        centre_j += one.centre_j
        slack_j2 += one.slack_j2
        own_j[one.board, one.accuracy_class] += one.own_j
        common_j[one.accuracy_class] += one.common_j
    half_j = math.hypot(*own_j.values(), *common_j.values(), math.sqrt(slack_j2))
    squares = [one**2 for one in own_j.values()]
    half_j *= reserve(sum(squares), max(squares, default=0.0))
    return Range(centre_j - half_j, centre_j + half_j)


def reserve(own_j2: float, most_j2: float) -> float:
    """What a half-width is multiplied by: 1 where one board's own error is all there is.

    Args:
        own_j2: the boards' own errors squared, added up.
        most_j2: the largest of these squares.
    """
    spread = 1 - min(most_j2 / own_j2, 1.0) if own_j2 > 0 else 0.0
    return 1 + RESERVE_RATIO * spread


def _range_of(shares: Iterable[Share]) -> Range:
    return range_of_sums(map(BoardSum.of, shares))


def _bias(accuracy: Accuracy) -> float:
    """True over read where both parts of the gain are in the middle of their intervals.

    The two deviations from 1 are added, as ``Accuracy.of`` took them apart.
    """
    return accuracy.common_ratio.midpoint + accuracy.own_ratio.midpoint - 1
