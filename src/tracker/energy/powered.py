"""Booking a device by its power readings."""

from __future__ import annotations

import math
from typing import Final

from tracker.energy.curve import EnergyCurve
from tracker.model.device import Method
from tracker.model.reading import PowerReading
from tracker.model.units import ns_from_s, s_from_ns

AVERAGED_ERROR_60S: Final = 0.023
"""Random error over 60 s of 1-s averages taken every second (simulated: docs/ranges.md)."""

SAMPLED_ERROR_10S: Final = 0.2
"""Random error over 10 s of readings that leave gaps between their windows (the same)."""

LATE_NS: Final = ns_from_s(2)
"""Readings further apart than this leave time that was not read."""

HALF: Final = 0.5
"""What was read to less than this share is a bridge."""


class PowerBooking:
    """Books mean powers on the windows they cover, and instants by the trapezoid.

    Args:
        curve: the device's energy.
        is_model: the readings are computed, not measured.
    """

    def __init__(self, curve: EnergyCurve, *, is_model: bool) -> None:
        self._curve = curve
        self._is_model = is_model
        self.last: PowerReading | None = None

    @property
    def method(self) -> Method:
        """How the energy that is booked here was obtained."""
        return Method.MODEL if self._is_model else Method.POLLED

    def take(self, reading: PowerReading) -> None:
        """Book a reading, unless most of its window is booked already."""
        time_ns = _covered_to_ns(reading)
        before, self.last = self.last, reading
        if self._curve.empty:
            self._curve.begin(time_ns)
            return
        gap_ns = time_ns - self._curve.end_ns
        window_ns = ns_from_s(reading.window_s)
        if gap_ns <= 0 or gap_ns < 0.9 * window_ns:
            return
        before_w = before.power_w if before else reading.power_w
        if window_ns >= gap_ns / 2:
            energy_j = max(self._window_energy_j(reading, time_ns, before_w), 0.0)
        else:
            energy_j = (before_w + reading.power_w) / 2 * s_from_ns(gap_ns)
        coverage = min(1.0, max(window_ns, LATE_NS) / gap_ns)
        gap_s = s_from_ns(gap_ns)
        unread_j = self._curve.unread_error_j(energy_j / gap_s, (1 - coverage) * gap_s)
        random_j = self._random_error_ratio(gap_ns, window_ns) * energy_j
        self._curve.extend(
            time_ns,
            energy_j,
            method=self.method if coverage > HALF else Method.BRIDGED,
            slack_j=math.hypot(random_j, unread_j),
            coverage=coverage,
        )

    def _window_energy_j(self, reading: PowerReading, time_ns: int, before_w: float) -> float:
        """Joules since the curve's end, by a mean over a window that about reaches there."""
        from_ns = time_ns - ns_from_s(reading.window_s)
        energy_j = reading.power_w * reading.window_s
        if from_ns > self._curve.end_ns:  # late: the time before the window was not read
            gap_s = s_from_ns(from_ns - self._curve.end_ns)
            return energy_j + (before_w + reading.power_w) / 2 * gap_s
        if from_ns < self._curve.start_ns:  # the window began before anything was known
            from_ns = self._curve.start_ns
            energy_j = reading.power_w * s_from_ns(time_ns - from_ns)
        return energy_j - (self._curve.end_level_j - self._curve.level_j(from_ns))

    def _random_error_ratio(self, gap_ns: int, window_ns: int) -> float:
        if self._is_model:  # its range is the class's, which no averaging narrows
            return 0.0
        if window_ns >= 0.9 * gap_ns:
            return AVERAGED_ERROR_60S * math.sqrt(60 / s_from_ns(gap_ns))
        return SAMPLED_ERROR_10S * math.sqrt(10 / s_from_ns(gap_ns))

    def carried_j(self, time_ns: int) -> float:
        """Joules between the curve's end and an instant after it, by the last reading."""
        reading = self.last
        if reading is None:
            return 0.0
        end_ns, covered_ns = self._curve.end_ns, min(_covered_to_ns(reading), time_ns)
        if covered_ns <= end_ns or reading.window_s <= 0:
            return reading.power_w * s_from_ns(time_ns - end_ns)
        inside_j = max(self._window_energy_j(reading, covered_ns, reading.power_w), 0.0)
        return inside_j + reading.power_w * s_from_ns(time_ns - covered_ns)


def _covered_to_ns(reading: PowerReading) -> int:
    """The end of the window: on average half a refresh before the read."""
    return reading.monotonic_ns - ns_from_s(reading.refresh_s / 2)
