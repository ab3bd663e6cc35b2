"""Sums of runs with their range, each board's errors added as those of one board."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from tracker.model.figures import Part
from tracker.model.ranges import BoardSum, Range, carbon_range, reserve
from tracker.model.totals import GroupTotal
from tracker.model.units import kwh_from_j

_Board = tuple[str, str]
"""Accuracy class and board."""


class Group(Struct):
    """Runs, or parts of them, added up.

    Attributes:
        own_j: by accuracy class and board; ``own_j2`` holds the squares of those that
            were added up before, ``own_most_j2`` the largest of these.
        twice_j: joules that another run of the group counted already.
        twice_g: their grams.
        shared_j: joules that runs outside the group counted too.
    """

    runs: int = 0
    unread_runs: int = 0
    duration_s: float = 0.0
    energy_j: float = 0.0
    unpriced_j: float = 0.0
    carbon_g: float = 0.0
    carbon_at_low_g: float = 0.0
    carbon_at_high_g: float = 0.0
    centre_j: float = 0.0
    slack_j2: float = 0.0
    own_j2: float = 0.0
    own_most_j2: float = 0.0
    twice_j: float = 0.0
    twice_g: float = 0.0
    shared_j: float = 0.0
    common_j: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    own_j: defaultdict[_Board, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, part: Part) -> None:
        """A run, or a part of one."""
        self.add_sums(part)
        for board in part.boards:
            self._add_board(board)

    def add_sums(self, row: Any) -> None:  # noqa: ANN401 - a part, or a row with the same names
        """Sums without what their range is made of."""
        self.runs += row.runs
        self.unread_runs += row.unread_runs
        self.duration_s += row.duration_s
        self.energy_j += row.energy_j
        self.unpriced_j += row.unpriced_j
        self.carbon_g += row.carbon_g
        self.carbon_at_low_g += row.carbon_at_low_g
        self.carbon_at_high_g += row.carbon_at_high_g

    def _add_board(self, board: BoardSum) -> None:
        self.centre_j += board.centre_j
        self.slack_j2 += board.slack_j2
        self.common_j[board.accuracy_class] += board.common_j
        self.own_j[board.accuracy_class, board.board] += board.own_j

    def add_class(self, row: Any) -> None:  # noqa: ANN401 - SQLAlchemy's row
        """A class of boards that were added up in the store."""
        self.centre_j += row.centre_j
        self.slack_j2 += row.slack_j2
        self.common_j[row.accuracy_class] += row.common_j
        self.own_j2 += row.own_j2
        self.own_most_j2 = max(self.own_most_j2, row.own_most_j2)

    def take_out(self, accuracy_class: str, board: str, own_j: float) -> None:
        """A board that was added up in the store, and to which more is to be added."""
        self.own_j2 = max(self.own_j2 - own_j**2, 0.0)
        self.own_j[accuracy_class, board] += own_j

    def count_once(self, energy_j: float, carbon_g: float) -> None:
        """Joules that were added once too often, and their grams."""
        self.twice_j += energy_j
        self.twice_g += carbon_g

    def total(self, group: str) -> GroupTotal:
        """As people see it."""
        read, priced = self.runs > self.unread_runs, self.unpriced_j < self.energy_j
        once = 1 - self.twice_j / self.energy_j if self.energy_j > 0 else 1.0
        bounds = self._bounds_j(once)
        grams = self._bounds_g(bounds, once) if priced else None
        return GroupTotal(
            group=group,
            runs=self.runs,
            unread_runs=self.unread_runs,
            duration_s=self.duration_s,
            energy_j=self.energy_j - self.twice_j if read else None,
            energy_low_j=bounds.low if read else None,
            energy_high_j=bounds.high if read else None,
            carbon_g=self.carbon_g - self.twice_g if grams else None,
            carbon_low_g=grams.low if grams else None,
            carbon_high_g=grams.high if grams else None,
            unpriced_j=self.unpriced_j,
            shared_j=self.shared_j,
        )

    def _bounds_j(self, once: float) -> Range:
        """Of what counts once: its error is taken to be in proportion."""
        squares = (*self.common_j.values(), *self.own_j.values())
        half_j = math.hypot(*squares, math.sqrt(self.own_j2 + self.slack_j2))
        own_j2 = [one**2 for one in self.own_j.values()]
        # A board that was taken out may have been the largest one of those before.
        most_j2 = max(min(self.own_most_j2, self.own_j2), *own_j2, 0.0)
        half_j *= reserve(self.own_j2 + sum(own_j2), most_j2)
        bounds = Range((self.centre_j - half_j) * once, (self.centre_j + half_j) * once)
        return bounds.at_least_zero()

    def _bounds_g(self, energy_j: Range, once: float) -> Range:
        priced_j = self.energy_j - self.unpriced_j
        share = priced_j / self.energy_j
        kwh = kwh_from_j(priced_j)
        mean = Range(self.carbon_at_low_g / kwh, self.carbon_at_high_g / kwh)
        counted = Range(energy_j.low * share, energy_j.high * share)
        return carbon_range(counted, mean) if once > 0 else Range(0.0, 0.0)


def summed(parts: Iterable[Part]) -> Group:
    """All parts in one group."""
    group = Group()
    for part in parts:
        group.add(part)
    return group
