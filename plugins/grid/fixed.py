"""A carbon intensity that the user states, as in ``location="57 g/kWh"``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from tracker.errors import SettingsError, ZoneUnknown
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid

ZONE: Final = "fixed"


class Fixed:
    """One value for any time; whoever states it vouches for it, so it has no range."""

    signal = Signal.AVERAGE
    scope = Scope.UNKNOWN

    def __init__(self, g_per_kwh: float) -> None:
        self._g_per_kwh = g_per_kwh

    def zones(self) -> Mapping[str, str]:
        """The one zone, ``fixed``."""
        return {ZONE: f"{self._g_per_kwh:g} g/kWh, as set"}

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The stated value, for just the time that was asked for.

        Raises:
            ZoneUnknown: another zone than ``fixed``.
        """
        if zone != ZONE:
            raise ZoneUnknown(f"the grid provider fixed has the zone {ZONE!r} alone, not {zone!r}")
        value = CarbonIntensity(
            g_per_kwh=self._g_per_kwh,
            low=self._g_per_kwh,
            high=self._g_per_kwh,
            zone=ZONE,
            signal=self.signal,
            scope=self.scope,
            valid_from=start,
            valid_to=end,
            provider="fixed",
            estimated=False,
            fetched_at=None,
            source="as set by the user",
        )
        return (value,)


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:  # noqa: ARG001 - asks nobody
    """The provider with the value of ``options["g_per_kwh"]``, in g CO2e/kWh.

    Raises:
        SettingsError: the option is missing, no number, negative or not finite.
    """
    value = options.get("g_per_kwh")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingsError(f"the grid provider fixed needs g_per_kwh, a number; found {value!r}")
    if not math.isfinite(value) or value < 0:
        raise SettingsError(f"g_per_kwh = {value!r}: a carbon intensity is 0 or more")
    return Fixed(float(value))
