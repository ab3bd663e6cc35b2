"""Adding up a counter's values: what they come to, and when the counter last moved."""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

from tracker.energy.counter import CounterStep, StepKind, counter_step
from tracker.model.reading import EnergyReading
from tracker.model.units import ns_from_s, s_from_ns

STILL_NS: Final = ns_from_s(1)
"""A counter that did not move for so long holds up nobody who waits for it."""

TRUSTED_JUMPS: Final = 3
"""After so many jumps in a row it is the bound that is wrong, and not the counter."""


class Count(Struct, frozen=True):
    """A counter's value, and the joules it has counted since the first."""

    time_ns: int
    raw_j: float
    total_j: float
    began_ns: int


class Tally:
    """The joules of one counter, over wraps, resets and times when it was left.

    Attributes:
        last: the latest value; ``None`` before the first, and after ``leave``.

    Args:
        refresh_ns: the longest time between two publications.
    """

    def __init__(self, refresh_ns: int) -> None:
        self.last: Count | None = None
        self._refresh_ns = refresh_ns
        self._total_j = 0.0
        self._moved_ns = 0
        self._jumps = 0
        self._stuck_at_j: float | None = None

    @property
    def total_j(self) -> float:
        """Joules counted so far."""
        return self.last.total_j if self.last else self._total_j

    def still_ns(self, now_ns: int) -> int:
        """For how long the counter has answered with the same value; 0 if it does not answer."""
        return now_ns - self._moved_ns if self.last else 0

    def is_still_since(self, time_ns: int) -> bool:
        """Whether the counter was read well after an instant and has not moved since."""
        last = self.last
        return last is not None and last.time_ns - max(time_ns, self._moved_ns) > STILL_NS

    def begin(self, reading: EnergyReading) -> Count | None:
        """The first value; ``None`` where the counter still stands where it was left."""
        if reading.energy_j == self._stuck_at_j:
            return None
        self._stuck_at_j = None
        self._moved_ns = reading.monotonic_ns
        self.last = Count(reading.monotonic_ns, reading.energy_j, self._total_j, _began_ns(reading))
        return self.last

    def leave(self) -> None:
        """The counter fell silent or stands still: once it moves, counting begins anew."""
        if self.last is not None:
            self._total_j, self._stuck_at_j = self.last.total_j, self.last.raw_j
        self.last = None

    def add(self, before: Count, reading: EnergyReading, power_w: float) -> CounterStep | None:
        """The step since ``before``; ``None`` where 0 after more is a failed read.

        Args:
            before: the value before, ``last``.
            reading: the value now.
            power_w: the device's last power, by which rounds that were not seen are guessed.
        """
        if reading.energy_j == 0 < before.raw_j:
            return None
        now_ns = reading.monotonic_ns
        step = counter_step(
            before.raw_j,
            reading.energy_j,
            reading.wraps_at_j,
            most_j=self._most_j(reading),
            expected_j=power_w * s_from_ns(now_ns - before.time_ns),
        )
        if step.kind is StepKind.JUMP:
            self._jumps += 1
        elif step.energy_j > 0 and self._jumps < TRUSTED_JUMPS:
            self._jumps = 0
        if reading.energy_j != before.raw_j:
            self._moved_ns = now_ns
        self.last = Count(
            now_ns, reading.energy_j, before.total_j + step.energy_j, _began_ns(reading)
        )
        return step

    def _most_j(self, reading: EnergyReading) -> float:
        """More than can have been used since the counter last moved."""
        if reading.most_w is None or self._jumps >= TRUSTED_JUMPS:
            return math.inf
        since_ns = reading.monotonic_ns - self._moved_ns + 2 * self._refresh_ns
        return reading.most_w * s_from_ns(since_ns)


def _began_ns(reading: EnergyReading) -> int:
    return reading.monotonic_ns if reading.began_ns is None else reading.began_ns
