"""Energy that several runs counted: a joule counts once in a group, and once in all of them.

Runs that measured one machine at the same time all keep their figures, so a sum over them
holds the same joules several times. What each two have in common is stored when one ends
(``store/overlaps.py``). Of the runs on one device, sorted by their start, the time in
which a run is not alone with its energy begins, seen from those before it, always with its
own start; so what they counted already is the longest of its overlaps with them, and

    counted twice = Σ over segments and devices of max over earlier ones of their overlap.

It holds for any number of runs, and for a run within another, which is one long overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from tracker.store.overlaps import SharedEnergy

RunBoard = tuple[UUID, str]
"""A run and one of its boards (``history.energy.board_of``)."""


def counted_already_j(
    shared: Iterable[SharedEnergy], runs: Collection[UUID]
) -> dict[RunBoard, float]:
    """Joules of each run and board that another run of the group counts already.

    Take them off the sum of the runs' energies, and every joule is in it once.

    Args:
        shared: what pairs of runs have in common.
        runs: the group.
    """
    longest_j: dict[tuple[UUID, RunBoard], float] = {}
    for one in shared:
        run_id, segment_id = one.later
        if run_id in runs and one.earlier[0] in runs:
            key = segment_id, (run_id, one.board)
            longest_j[key] = max(longest_j.get(key, 0.0), one.energy_j)
    already_j: defaultdict[RunBoard, float] = defaultdict(float)
    for (_, run_board), energy_j in longest_j.items():
        already_j[run_board] += energy_j
    return dict(already_j)


def shared_j(
    shared: Collection[SharedEnergy], group: Collection[UUID], everything: Collection[UUID]
) -> float:
    """Joules of a group of runs that runs outside it count too.

    By inclusion and exclusion: the group and the rest, each with a joule counted once, are
    together more than all of it by what both hold.

    Args:
        shared: what pairs of runs have in common.
        group: the runs of one group.
        everything: the runs of all groups, this one's included.
    """
    within = set(group)
    rest = set(everything) - within
    twice_j = [
        sum(counted_already_j(shared, runs).values()) for runs in (within | rest, within, rest)
    ]
    return max(twice_j[0] - twice_j[1] - twice_j[2], 0.0)
