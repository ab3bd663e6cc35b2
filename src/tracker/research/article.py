"""The article's projection to 1 % error, from the published fit, and what is wrong with it.

Articles on Thompson et al. printed that 1 % error on ImageNet would take 10^20 USD and
10^20 lb of CO2. The fits below are the least-squares lines through the ImageNet results of
the authors' release of 4 August 2022 (github.com/MIT-FutureTech/
TheComputationalLimitsOfDeepLearning), up to a year; the table itself is theirs (GPL-3) and is
not shipped.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from tracker.model.units import g_from_lb
from tracker.research.convert import Constants, Cost, cost_of
from tracker.research.project import height

ERROR: Final = 0.01
CLAIMED_LOG10_USD: Final = 20
CLAIMED_LOG10_LB: Final = 20
_G_PER_T: Final = 1e6


class PublishedFit(Struct, frozen=True):
    """A polynomial fit of ImageNet's top-1 error, as published; fields as in ``Line``.

    Attributes:
        until: year of the newest results in it.
    """

    until: int
    n: int
    a: float
    b: float
    se_a: float
    se_b: float
    r2: float

    @property
    def log10_flop(self) -> float:
        """log10 of the FLOP that the article's error would take."""
        return (height("polynomial", ERROR) - self.a) / self.b


FITS: Final = (
    PublishedFit(2020, 47, -0.807175, 0.075985, 0.169977, 0.008727, 0.6275),
    PublishedFit(2022, 102, -1.067277, 0.090756, 0.120397, 0.006033, 0.6936),
)

SLIPS: Final = (
    (
        "Tonnes against kilograms: the article turns 10^20 lb into 45 x 10^18 metric tonnes;"
        f" 10^20 lb are {g_from_lb(1e20) / 1e3:.2e} kg, which is"
        f" {g_from_lb(1e20) / _G_PER_T:.2e} t, a thousandth of that."
    ),
    "Rounding: the same fit and constants give 10^19.4 lb where 10^20 was printed.",
    (
        "Vintage of the data: its figures stand on results up to 2020; by those up to 2022 the"
        " same error takes a thousandth of the compute."
    ),
)


def costs(constants: Constants | None = None) -> tuple[tuple[PublishedFit, Cost], ...]:
    """Each fit with what the article's error would take by it."""
    used = constants or Constants()
    used.check()
    return tuple((each, cost_of(each.log10_flop, used)) for each in FITS)


def to_dict(constants: Constants | None = None) -> dict[str, Any]:
    """The reproduction as JSON values; each fit in the form of ``Fit.to_dict``."""
    fits = []
    for each, cost in costs(constants):
        target = {"error": ERROR, "log10_flop": each.log10_flop, "low": None, "high": None}
        values = {"model": "polynomial", "until": each.until, "n": each.n, "a": each.a, "b": each.b}
        values |= {"se_a": each.se_a, "se_b": each.se_b, "r2": each.r2}
        fits.append({**values, "targets": [target | cost.to_dict()]})
    claimed = {"error": ERROR, "log10_usd": CLAIMED_LOG10_USD, "log10_lb": CLAIMED_LOG10_LB}
    return {"claimed": claimed, "fits": fits, "slips": list(SLIPS)}
