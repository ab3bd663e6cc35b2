"""When a counter publishes: learned from reads that lie close together.

A GPU publishes its energy every 20 to 100 ms, so a value read now belongs to an instant
up to 100 ms ago. Two reads close together with different values bracket a publication;
two such brackets give the period, later ones sharpen it, and from then on every value
can be dated to the instant at which it was true.
"""

from __future__ import annotations

from msgspec import Struct

MAX_BRACKET_SHARE = 0.3
"""A bracket wider than this share of the period says too little."""

MAX_DRIFT_SHARE = 0.3
"""A publication further than this share of a period from where it was expected: start again."""


class _Mark(Struct, frozen=True):
    """A publication that was bracketed: ``time_ns`` plus or minus ``error_ns``."""

    time_ns: int
    error_ns: int


class RefreshClock:
    """Dates the values of one counter; asked several times a reading, so kept flat.

    Attributes:
        learned: whether values can be dated.
        period_ns: the period learned; before that, the longest there may be.

    Args:
        longest_ns: the longest period that the device may have.
    """

    def __init__(self, longest_ns: int) -> None:
        self.learned = False
        self.period_ns = float(longest_ns)
        self._longest_ns = longest_ns
        self._first: _Mark | None = None
        self._last = _Mark(0, longest_ns)
        self._periods = 0
        self._period_error_ns = 0.0

    def error_ns(self, time_ns: int) -> int:
        """How far a publication around ``time_ns`` may be from where it is expected."""
        if not self.learned:
            return self._longest_ns
        periods = abs(time_ns - self._last.time_ns) / self.period_ns
        return int(self._last.error_ns + periods * self._period_error_ns)

    def sharp_until_ns(self, error_ns: float) -> int:
        """Until when publications are known to ``error_ns``; 0 before they are learned."""
        if not self.learned:
            return 0
        periods = max(error_ns - self._last.error_ns, 0) / max(self._period_error_ns, 1)
        return int(self._last.time_ns + periods * self.period_ns)

    def forget_if_lost(self, time_ns: int) -> bool:
        """Start anew where nothing was bracketed for so long that a date would be a guess."""
        lost = self.learned and self.error_ns(time_ns) > self.period_ns * MAX_DRIFT_SHARE
        if lost:
            self._begin_anew(None)
        return lost

    def _begin_anew(self, first: _Mark | None) -> None:
        self.learned = False
        self.period_ns = float(self._longest_ns)
        self._first = first

    def observe(self, before_ns: int, after_ns: int) -> None:
        """A publication happened after ``before_ns`` and not after ``after_ns``."""
        width_ns = after_ns - before_ns
        if width_ns > self.period_ns * MAX_BRACKET_SHARE:
            return
        mark = _Mark((before_ns + after_ns) // 2, width_ns // 2)
        if self._first is None:
            self._first = mark
        elif self.learned:
            self._sharpen(self._first, mark)
        else:
            self._learn(self._first, mark)

    def _learn(self, first: _Mark, mark: _Mark) -> None:
        distance_ns = mark.time_ns - first.time_ns
        if distance_ns > self._longest_ns * (1 + MAX_DRIFT_SHARE):
            self._first = mark  # publications were missed: the distance is no period
            return
        self.learned = True
        self._periods = 1
        self._last = mark
        self.period_ns = float(distance_ns)
        self._period_error_ns = float(first.error_ns + mark.error_ns)

    def _sharpen(self, first: _Mark, mark: _Mark) -> None:
        distance_ns = mark.time_ns - self._last.time_ns
        count = round(distance_ns / self.period_ns)
        off_ns = abs(distance_ns - count * self.period_ns)
        if off_ns > self.period_ns * MAX_DRIFT_SHARE:
            self._begin_anew(mark)
        elif count > 0:
            self._periods += count
            self._last = mark
            self.period_ns = (mark.time_ns - first.time_ns) / self._periods
            # Both ends off to opposite sides by all they may be hardly ever happens; the
            # larger one alone stands for the two.
            self._period_error_ns = max(first.error_ns, mark.error_ns) / self._periods

    def published_ns(self, read_ns: int) -> int:
        """The instant at which a value that was read at ``read_ns`` was published.

        Asked only once the period is learned.
        """
        return int(read_ns - (read_ns - self._last.time_ns) % self.period_ns)

    def next_ns(self, time_ns: int) -> int:
        """The first publication after ``time_ns``."""
        return int(self.published_ns(time_ns) + self.period_ns)
