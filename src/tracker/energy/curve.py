"""A device's energy over time: a rising line through knots."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tracker.model.device import Method
from tracker.model.units import ns_from_s, s_from_ns

SHORTEST_SEEN_NS: Final = ns_from_s(0.015)
"""The mean power of a shorter piece is mostly the error of its two ends."""

EVEN_ERROR_RATIO: Final = 0.3
"""Error of the power of a time that was not read, where it was even before. Our judgement."""

BEND_FROM: Final = 0.2
"""Two powers that differ by less than this share of the larger one are no turn."""


STEADY_NS: Final = ns_from_s(0.2)
"""A power is taken as the mean over at least this, where so much is known."""


class Stretch(Struct, frozen=True):
    """A straight piece of the curve.

    Attributes:
        start_ns: on the monotonic clock.
        end_ns: on the monotonic clock.
        energy_j: what was used in it.
        slack_j: random error of that energy.
        method: how it was obtained.
        coverage: share of it that was read, 0 to 1.
    """

    start_ns: int
    end_ns: int
    energy_j: float
    slack_j: float
    method: Method
    coverage: float

    def part(self, start_ns: int, end_ns: int) -> Stretch:
        """The piece between two instants inside it, its energy spread evenly.

        The random errors of all parts come to the whole's, in quadrature.
        """
        share = (end_ns - start_ns) / (self.end_ns - self.start_ns)
        return Stretch(
            start_ns,
            end_ns,
            self.energy_j * share,
            self.slack_j * math.sqrt(share),
            self.method,
            self.coverage,
        )


class EnergyCurve:
    """Cumulative joules of one device at rising instants; knows only its recent past."""

    def __init__(self) -> None:
        self._times_ns: list[int] = []
        self._levels_j: list[float] = []
        self._stretches: list[Stretch] = []
        self._least_w, self._most_w = math.inf, -math.inf

    @property
    def empty(self) -> bool:
        """Whether no knot was set yet."""
        return not self._times_ns

    @property
    def start_ns(self) -> int:
        """The oldest instant still known."""
        return self._times_ns[0]

    @property
    def end_ns(self) -> int:
        """The instant up to which the energy is known."""
        return self._times_ns[-1]

    @property
    def end_level_j(self) -> float:
        """The energy at the end of the curve."""
        return self._levels_j[-1]

    @property
    def is_a_point(self) -> bool:
        """Whether it has begun, and nothing is known beyond that."""
        return not self._stretches

    @property
    def power_w(self) -> float:
        """Mean power over the last pieces; 0 before there is one."""
        return _mean_w(reversed(self._stretches))

    @property
    def first_power_w(self) -> float:
        """Mean power over the oldest pieces still known; 0 before there is one."""
        return _mean_w(self._stretches)

    def unread_error_j(self, power_w: float, seconds: float) -> float:
        """How far energy of a time that was not read may be off, taken at some power.

        The power may have been as high or as low as it ever was (simulated with gaps and
        resets: docs/ranges.md); where it was even so far, it need not have been then.
        """
        swing_w = max(self._most_w - power_w, power_w - self._least_w, 0.0)
        return max(swing_w, EVEN_ERROR_RATIO * power_w) * seconds

    def begin(self, time_ns: int) -> None:
        """Set the first knot, at 0 J."""
        self._times_ns, self._levels_j = [time_ns], [0.0]

    def extend(
        self,
        time_ns: int,
        energy_j: float,
        *,
        method: Method,
        slack_j: float = 0.0,
        coverage: float = 1.0,
    ) -> None:
        """Add a knot ``energy_j`` above the last; one that is not later only lifts the last."""
        if time_ns <= self.end_ns:
            self._levels_j[-1] += energy_j
            return
        lasted_ns = time_ns - self.end_ns
        if method is not Method.BRIDGED and lasted_ns >= SHORTEST_SEEN_NS:
            power_w = energy_j / s_from_ns(lasted_ns)
            self._least_w = min(self._least_w, power_w)
            self._most_w = max(self._most_w, power_w)
        stretch = Stretch(self.end_ns, time_ns, energy_j, slack_j, method, coverage)
        self._stretches.append(stretch)
        self._times_ns.append(time_ns)
        self._levels_j.append(self._levels_j[-1] + energy_j)

    def bend(self, first_w: float, last_w: float) -> None:
        """Let the power turn once within the last piece, from ``first_w`` to ``last_w``.

        When it turned follows from the energy of the piece, which stays. Where no instant
        inside the piece explains it, the piece stays straight.
        """
        if not self._stretches or abs(first_w - last_w) <= BEND_FROM * max(first_w, last_w):
            return
        whole = self._stretches[-1]
        whole_ns = whole.end_ns - whole.start_ns
        first_ns = round((whole.energy_j * 1e9 - last_w * whole_ns) / (first_w - last_w))
        if not 0 < first_ns < whole_ns:
            return
        before_j = first_w * first_ns / 1e9
        bend_ns = whole.start_ns + first_ns
        self._stretches[-1:] = [
            replace(
                whole,
                end_ns=bend_ns,
                energy_j=before_j,
                slack_j=whole.slack_j * first_ns / whole_ns,
            ),
            replace(
                whole,
                start_ns=bend_ns,
                energy_j=whole.energy_j - before_j,
                slack_j=whole.slack_j * (1 - first_ns / whole_ns),
            ),
        ]
        self._times_ns.insert(-1, bend_ns)
        self._levels_j.insert(-1, self._levels_j[-2] + before_j)

    def level_j(self, time_ns: int) -> float:
        """Joules at an instant; before the curve begins 0 more than its first level."""
        if time_ns >= self.end_ns:
            return self._levels_j[-1]
        index = bisect_right(self._times_ns, time_ns)
        if index == 0:
            return self._levels_j[0]
        start_ns, end_ns = self._times_ns[index - 1], self._times_ns[index]
        low_j, high_j = self._levels_j[index - 1], self._levels_j[index]
        return low_j + (high_j - low_j) * (time_ns - start_ns) / (end_ns - start_ns)

    def between(self, start_ns: int, end_ns: int) -> Iterator[Stretch]:
        """The straight pieces between two instants, cut at both."""
        index = max(bisect_right(self._times_ns, start_ns) - 1, 0)
        for stretch in self._stretches[index:]:
            low, high = max(stretch.start_ns, start_ns), min(stretch.end_ns, end_ns)
            if low >= high:
                break
            whole = low == stretch.start_ns and high == stretch.end_ns
            yield stretch if whole else stretch.part(low, high)

    def forget_before(self, time_ns: int) -> None:
        """Drop knots that nobody will ask for; the one at or before ``time_ns`` stays."""
        index = bisect_left(self._times_ns, time_ns) - 1
        if index > 0:
            del self._times_ns[:index], self._levels_j[:index], self._stretches[:index]


def _mean_w(pieces: Iterable[Stretch]) -> float:
    """Mean power over the first of some pieces, so many that their dates' errors matter little.

    On a busy machine two publications can seem milliseconds apart; what was used between
    them is right, and the power is not.
    """
    lasted_ns, energy_j = 0, 0.0
    for piece in pieces:
        lasted_ns += piece.end_ns - piece.start_ns
        energy_j += piece.energy_j
        if lasted_ns >= STEADY_NS:
            break
    return energy_j * 1e9 / lasted_ns if lasted_ns else 0.0
