"""The power that a fake GPU draws, and its exact integral; the C code has the same."""

from __future__ import annotations

import math

from msgspec import Struct


class Waveform(Struct, frozen=True):
    """Half a period high, half a period low, for ever.

    Attributes:
        low_w: power in the second half of each period, in watts.
        high_w: power in the first half, in watts.
        period_s: length of both halves, in seconds.
        phase_s: how far into its period the wave is at the epoch, in seconds.
    """

    low_w: float
    high_w: float
    period_s: float = 1.0
    phase_s: float = 0.0

    @classmethod
    def constant(cls, power_w: float) -> Waveform:
        """The same power at all times."""
        return cls(power_w, power_w)

    def power_w(self, elapsed_s: float) -> float:
        """Power at ``elapsed_s`` seconds after the epoch, in watts."""
        in_period_s = (elapsed_s + self.phase_s) % self.period_s
        return self.high_w if in_period_s < self.period_s / 2 else self.low_w

    def energy_j(self, start_s: float, end_s: float) -> float:
        """Energy between two instants after the epoch, in joules."""
        return self._from_zero_j(end_s) - self._from_zero_j(start_s)

    def _from_zero_j(self, elapsed_s: float) -> float:
        whole, rest_s = divmod(elapsed_s + self.phase_s, self.period_s)
        half_s = self.period_s / 2
        high_s = whole * half_s + min(rest_s, half_s)
        low_s = whole * half_s + max(rest_s - half_s, 0.0)
        return math.fsum((high_s * self.high_w, low_s * self.low_w))
