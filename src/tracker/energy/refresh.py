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


class _Rhythm(Struct, frozen=True):
    """Publications every ``period_ns``, the last bracketed one at ``last``."""

    last: _Mark
    period_ns: float
    period_error_ns: float

    def phase_ns(self, time_ns: int) -> float:
        """Time since the publication before ``time_ns``."""
        return (time_ns - self.last.time_ns) % self.period_ns

    def sharp_until_ns(self, error_ns: float) -> int:
        periods = max(error_ns - self.last.error_ns, 0) / max(self.period_error_ns, 1)
        return int(self.last.time_ns + periods * self.period_ns)

    def error_ns(self, time_ns: int) -> int:
        periods = abs(time_ns - self.last.time_ns) / self.period_ns
        return int(self.last.error_ns + periods * self.period_error_ns)


class RefreshClock:
    """Dates the values of one counter.

    Args:
        longest_ns: the longest period that the device may have.
    """

    def __init__(self, longest_ns: int) -> None:
        self._longest_ns = longest_ns
        self._first: _Mark | None = None
        self._periods = 0
        self._rhythm: _Rhythm | None = None

    @property
    def learned(self) -> bool:
        """Whether values can be dated."""
        return self._rhythm is not None

    @property
    def period_ns(self) -> float:
        """The period learned; before that, the longest there may be."""
        return self._rhythm.period_ns if self._rhythm else float(self._longest_ns)

    def error_ns(self, time_ns: int) -> int:
        """How far a publication around ``time_ns`` may be from where it is expected."""
        return self._rhythm.error_ns(time_ns) if self._rhythm else self._longest_ns

    def sharp_until_ns(self, error_ns: float) -> int:
        """Until when publications are known to ``error_ns``; 0 before they are learned."""
        return self._rhythm.sharp_until_ns(error_ns) if self._rhythm else 0

    def forget_if_lost(self, time_ns: int) -> bool:
        """Start anew where nothing was bracketed for so long that a date would be a guess."""
        lost = self.learned and self.error_ns(time_ns) > self.period_ns * MAX_DRIFT_SHARE
        if lost:
            self._first = self._rhythm = None
        return lost

    def observe(self, before_ns: int, after_ns: int) -> None:
        """A publication happened after ``before_ns`` and not after ``after_ns``."""
        width_ns = after_ns - before_ns
        if width_ns > self.period_ns * MAX_BRACKET_SHARE:
            return
        mark = _Mark((before_ns + after_ns) // 2, width_ns // 2)
        if self._rhythm is not None:
            self._sharpen(self._rhythm, mark)
        elif self._first is None:
            self._first = mark
        else:
            self._learn(self._first, mark)

    def _learn(self, first: _Mark, mark: _Mark) -> None:
        distance_ns = mark.time_ns - first.time_ns
        if distance_ns > self._longest_ns * (1 + MAX_DRIFT_SHARE):
            self._first = mark  # publications were missed: the distance is no period
            return
        self._periods = 1
        self._rhythm = _Rhythm(mark, float(distance_ns), first.error_ns + mark.error_ns)

    def _sharpen(self, rhythm: _Rhythm, mark: _Mark) -> None:
        assert self._first is not None  # noqa: S101 - a rhythm began with it
        distance_ns = mark.time_ns - rhythm.last.time_ns
        count = round(distance_ns / rhythm.period_ns)
        off_ns = abs(distance_ns - count * rhythm.period_ns)
        if off_ns > rhythm.period_ns * MAX_DRIFT_SHARE:
            self._first, self._rhythm = mark, None
        elif count > 0:
            self._periods += count
            # Both ends off to opposite sides by all they may be hardly ever happens; the
            # larger one alone stands for the two.
            self._rhythm = _Rhythm(
                mark,
                (mark.time_ns - self._first.time_ns) / self._periods,
                max(self._first.error_ns, mark.error_ns) / self._periods,
            )

    def published_ns(self, read_ns: int) -> int:
        """The instant at which a value that was read at ``read_ns`` was published."""
        assert self._rhythm is not None  # noqa: S101 - asked only once learned
        return int(read_ns - self._rhythm.phase_ns(read_ns))

    def next_ns(self, time_ns: int) -> int:
        """The first publication after ``time_ns``."""
        return int(self.published_ns(time_ns) + self.period_ns)
