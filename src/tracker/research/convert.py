"""What floating-point operations cost: the named constants of the projection.

Thompson, Greenewald, Lee and Manso's own, from the code of their site computerprogress.com.
"""

from __future__ import annotations

import math
from typing import Any, Final

from msgspec import Struct

from tracker.errors import SettingsError

_LARGEST_LOG10: Final = 308.0


class Constants(Struct, frozen=True):
    """What FLOP are converted by.

    Attributes:
        flop_per_usd: 14.13e12 FLOP/s, the peak of a V100 PCIe in single precision, for 3600 s
            at 0.74 USD, a pre-emptible hour (Strubell et al. 2019, note 7): 6.874e16.
        flop_per_lb: as the authors' site has it; it comes to 0.1454 lb CO2e a V100-hour, and
            how they derived it is not known.
        lb_per_kwh: the US average that Strubell et al. took (EPA 2018); turns pounds into
            the facility's kWh.
    """

    flop_per_usd: float = 68_740_540_540_540_600
    flop_per_lb: float = 349_756_347_991_684_000
    lb_per_kwh: float = 0.954

    def check(self) -> None:
        """See that they can be meant.

        Raises:
            SettingsError: one is not above 0.
        """
        for name in ("flop_per_usd", "flop_per_lb", "lb_per_kwh"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise SettingsError(f"{name} = {value:g}: must be above 0")


class Cost(Struct, frozen=True):
    """log10 of what an amount of compute takes: USD, lb CO2e and the facility's kWh."""

    log10_usd: float
    log10_lb: float
    log10_kwh: float

    def to_dict(self) -> dict[str, Any]:
        """The plain values; ``None`` where a number cannot hold them (above 1e308)."""
        return {
            "usd": _power(self.log10_usd),
            "lb": _power(self.log10_lb),
            "kwh": _power(self.log10_kwh),
        }


def cost_of(log10_flop: float, constants: Constants) -> Cost:
    """What ``10 ** log10_flop`` floating-point operations take."""
    log10_lb = log10_flop - math.log10(constants.flop_per_lb)
    return Cost(
        log10_usd=log10_flop - math.log10(constants.flop_per_usd),
        log10_lb=log10_lb,
        log10_kwh=log10_lb - math.log10(constants.lb_per_kwh),
    )


def _power(log10: float) -> float | None:
    return 10**log10 if log10 < _LARGEST_LOG10 else None
