"""A figure with its range, and how ranges combine.

Errors of different figures are taken as independent. In a product the relative errors add
in quadrature, low and high sides on their own, on a logarithmic scale: a factor that may be
half or double as large is treated alike on both sides. In a sum the absolute ones do.
"""

from __future__ import annotations

import math
from typing import Self

from msgspec import Struct
from msgspec.structs import replace


class Figure(Struct, frozen=True):
    """A value, the bounds that hold the truth in about 95 of 100 cases, and its source.

    The unit is that of whoever names it.
    """

    value: float
    low: float
    high: float
    source: str = ""

    @classmethod
    def exactly(cls, value: float, source: str = "") -> Self:
        """A figure that is taken as it is given."""
        return cls(value, value, value, source)

    @property
    def is_exact(self) -> bool:
        """Whether there is no range."""
        return self.low == self.value == self.high

    def times(self, factor: float) -> Figure:
        """The figure and its range, multiplied by a number that has no error."""
        return replace(
            self, value=self.value * factor, low=self.low * factor, high=self.high * factor
        )

    def without_range(self) -> Figure:
        """The value alone."""
        return Figure.exactly(self.value, self.source)


def product(*factors: Figure) -> Figure:
    """The product of non-negative figures."""
    value = math.prod(each.value for each in factors)
    if value == 0:
        return Figure(
            0.0,
            math.prod(each.low for each in factors),
            math.prod(each.high for each in factors),
        )
    if any(each.low <= 0 for each in factors):
        low = 0.0
    else:
        low = value * math.exp(-math.hypot(*(math.log(f.value / f.low) for f in factors)))
    high = value * math.exp(math.hypot(*(math.log(f.high / f.value) for f in factors)))
    return Figure(value, low, high)


def total(*parts: Figure) -> Figure:
    """The sum of figures."""
    value = math.fsum(each.value for each in parts)
    low = math.hypot(*(each.value - each.low for each in parts))
    high = math.hypot(*(each.high - each.value for each in parts))
    return Figure(value, value - low, value + high)
