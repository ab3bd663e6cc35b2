"""Does a counter agree with the power that the same device tells?"""

from __future__ import annotations

from typing import Final

from tracker.model.energy import CounterCheck
from tracker.model.reading import PowerReading
from tracker.model.units import ns_from_s, s_from_ns

SHORTEST_WINDOW_S: Final = 0.5
"""A mean over less than this, taken once a second, says little of the second."""

JUDGED_S: Final = 30.0
"""So much time is looked at before a judgement."""

AGREES_FROM: Final = 0.8
AGREES_TO: Final = 1.25
"""Polled over counted, of a pair that agrees: both are of one sensor, or of two that err by
some per cent each."""


class RunningCheck:
    """Sums mean powers beside what the counter counted over their windows.

    Only means whose windows lie end to end are taken: an instantaneous power that is read
    once a second may meet the same moment of every training step, and tell nothing of the rest.
    """

    def __init__(self) -> None:
        self.is_suspect = False
        self.words = ""
        self._last: tuple[int, float] | None = None
        self._all = [0.0, 0.0]
        self._now = [0.0, 0.0]
        self._seconds = 0.0
        self._is_news = False

    @property
    def sums(self) -> CounterCheck | None:
        """Both figures so far; ``None`` before there are any."""
        return CounterCheck(*self._all) if any(self._all) else None

    def pause(self) -> None:
        """The counter started anew: what lies between is not compared."""
        self._last = None

    def take(self, reading: PowerReading, counted_j: float) -> None:
        """A power, and the counter's joules so far."""
        if reading.window_s < SHORTEST_WINDOW_S:
            return
        now_ns, window_ns = reading.monotonic_ns, ns_from_s(reading.window_s)
        before_ns, before_j = self._last or (now_ns, counted_j)
        gap_ns = now_ns - before_ns
        if self._last is not None and gap_ns < 0.9 * window_ns:
            return
        self._last = now_ns, counted_j
        if 0 < gap_ns <= 1.5 * window_ns:
            self._add(counted_j - before_j, reading.power_w * s_from_ns(gap_ns), s_from_ns(gap_ns))

    def _add(self, counted_j: float, polled_j: float, seconds: float) -> None:
        for sums in (self._all, self._now):
            sums[0] += counted_j
            sums[1] += polled_j
        self._seconds += seconds
        if self._seconds >= JUDGED_S:
            self._judge(CounterCheck(*self._now), self._seconds)
            self._now, self._seconds = [0.0, 0.0], 0.0

    def _judge(self, check: CounterCheck, seconds: float) -> None:
        agrees = check.ratio is not None and AGREES_FROM <= check.ratio <= AGREES_TO
        if agrees or self.is_suspect:
            return
        self.is_suspect = self._is_news = True
        self.words = (
            f"counted {check.counted_j:.0f} J in {seconds:.0f} s, in which its power readings come"
            f" to {check.polled_j:.0f} J; the counter is booked, and the range holds both"
        )

    def turned_suspect(self) -> bool:
        """Whether that has just been found; says so once."""
        is_news, self._is_news = self._is_news, False
        return is_news
