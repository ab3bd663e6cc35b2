"""A joule counts once in a group and once in all of them, whatever overlaps whatever."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.history.shared import counted_already_j, shared_j
from tracker.store.overlaps import SharedEnergy

POWER_W = (100, 0, 300, 50, 700, 20, 400, 10, 90, 60, 800, 30)
"""By second: what the one device drew."""

Life = tuple[int, int]

lives = st.tuples(st.integers(0, 11), st.integers(1, 12)).filter(lambda life: life[0] < life[1])


def run_id(number: int) -> UUID:
    return UUID(int=number)


def joules(seconds: Collection[int]) -> int:
    return sum(POWER_W[second] for second in seconds)


def seconds_of(lives: Sequence[Life], numbers: Collection[int]) -> set[int]:
    return {second for number in numbers for second in range(*lives[number])}


def shared_by(lives: Sequence[Life]) -> list[SharedEnergy]:
    """What the store would hold of runs that lived so, all on one device."""
    found = []
    for one, other in combinations(range(len(lives)), 2):
        earlier, later = sorted((one, other), key=lambda number: (lives[number][0], number))
        both = set(range(*lives[one])) & set(range(*lives[other]))
        if both:
            pair = [(run_id(number), run_id(100 + number)) for number in (later, earlier)]
            found.append(SharedEnergy("host/gpu:0", pair[0], pair[1], float(joules(both))))
    return found


@given(st.lists(lives, min_size=1, max_size=7), st.sets(st.integers(0, 6)))
def test_every_joule_is_counted_once(lives: list[Life], chosen: set[int]) -> None:
    everything = set(range(len(lives)))
    group = chosen & everything
    shared = shared_by(lives)
    for members in (everything, group):
        total_j = sum(joules(range(*lives[number])) for number in members)
        already_j = counted_already_j(shared, {run_id(number) for number in members})
        once_j = joules(seconds_of(lives, members))
        assert total_j - sum(already_j.values()) == pytest.approx(once_j)
    both = seconds_of(lives, group) & seconds_of(lives, everything - group)
    runs = [{run_id(number) for number in members} for members in (group, everything)]
    assert shared_j(shared, *runs) == pytest.approx(joules(both))


def test_a_run_within_another_is_wholly_counted_already() -> None:
    shared = shared_by([(0, 12), (3, 6)])
    already_j = counted_already_j(shared, {run_id(0), run_id(1)})
    assert already_j == {(run_id(1), "host/gpu:0"): joules(range(3, 6))}
    assert counted_already_j(shared, {run_id(1)}) == {}


def test_boards_are_counted_each_by_itself() -> None:
    pair = (run_id(2), run_id(102)), (run_id(1), run_id(101))
    shared = [SharedEnergy(f"host/gpu:{n}", *pair, 10.0 * (n + 1)) for n in range(2)]
    already_j = counted_already_j(shared, {run_id(1), run_id(2)})
    assert sorted(already_j.values()) == [10.0, 20.0]
