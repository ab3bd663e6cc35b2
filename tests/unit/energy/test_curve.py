from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.energy.curve import EnergyCurve
from tracker.model.device import Method


def curve_through(*knots: tuple[int, float]) -> EnergyCurve:
    curve = EnergyCurve()
    curve.begin(knots[0][0])
    level_j = 0.0
    for time_ns, knot_j in knots[1:]:
        curve.extend(time_ns, knot_j - level_j, method=Method.COUNTER)
        level_j = knot_j
    return curve


def test_a_level_between_knots_lies_on_the_line() -> None:
    curve = curve_through((0, 0.0), (100, 10.0), (300, 10.0))
    assert [curve.level_j(t) for t in (0, 50, 100, 200, 300, 400)] == [0, 5, 10, 10, 10, 10]


def test_a_knot_that_is_not_later_only_lifts_the_last() -> None:
    curve = curve_through((0, 0.0), (100, 10.0))
    curve.extend(100, 2.0, method=Method.COUNTER)
    assert (curve.end_ns, curve.end_level_j) == (100, 12.0)


def test_pieces_are_cut_at_both_ends() -> None:
    curve = curve_through((0, 0.0), (100, 10.0), (200, 40.0))
    pieces = list(curve.between(50, 150))
    assert [(p.start_ns, p.end_ns, p.energy_j) for p in pieces] == [(50, 100, 5.0), (100, 150, 15)]


@given(
    rises=st.lists(st.tuples(st.integers(1, 10**10), st.floats(0, 1e6)), min_size=1, max_size=20),
    shares=st.lists(st.floats(0, 1), min_size=2, max_size=6),
)
def test_pieces_add_up_to_the_difference_of_levels(
    rises: list[tuple[int, float]], shares: list[float]
) -> None:
    time_ns, level_j, knots = 0, 0.0, [(0, 0.0)]
    for step_ns, energy_j in rises:
        time_ns, level_j = time_ns + step_ns, level_j + energy_j
        knots.append((time_ns, level_j))
    curve = curve_through(*knots)
    cuts = sorted({0, time_ns, *(int(share * time_ns) for share in shares)})
    total_j = sum(
        piece.energy_j
        for start, end in itertools.pairwise(cuts)
        for piece in curve.between(start, end)
    )
    assert total_j == pytest.approx(level_j, rel=1e-9, abs=1e-6)


def test_what_is_forgotten_does_not_change_what_is_kept() -> None:
    curve = curve_through((0, 0.0), (100, 10.0), (200, 40.0), (300, 50.0))
    curve.forget_before(150)
    assert curve.start_ns == 100
    assert curve.level_j(250) == 45.0
    assert sum(piece.energy_j for piece in curve.between(100, 300)) == 40.0


def test_two_powers_tell_when_it_turned_inside_a_piece() -> None:
    curve = EnergyCurve()
    curve.begin(0)
    curve.extend(100_000_000, 18.0, method=Method.COUNTER, slack_j=1.0)
    curve.bend(500.0, 100.0)
    assert curve.level_j(20_000_000) == pytest.approx(10.0)  # 500 W for 20 ms, then 100 W
    assert curve.level_j(60_000_000) == pytest.approx(14.0)
    assert curve.end_level_j == pytest.approx(18.0)
    assert sum(piece.slack_j for piece in curve.between(0, 100_000_000)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first_w", "last_w"),
    [(100.0, 110.0), (500.0, 450.0), (100.0, 150.0), (0.0, 0.0)],
    ids=["hardly any turn", "a small one", "more energy than either explains", "none"],
)
def test_a_piece_that_no_turn_explains_stays_straight(first_w: float, last_w: float) -> None:
    curve = EnergyCurve()
    curve.begin(0)
    curve.extend(100_000_000, 18.0, method=Method.COUNTER)
    curve.bend(first_w, last_w)
    assert curve.level_j(50_000_000) == pytest.approx(9.0)


@given(
    st.floats(1, 1000), st.floats(1, 1000), st.floats(0, 200), st.integers(1, 99), st.integers(1, 9)
)
def test_a_turn_moves_no_energy_out_of_its_piece(
    first_w: float, last_w: float, energy_j: float, at: int, earlier: int
) -> None:
    curve = curve_through((0, 0.0), (earlier, 5.0))
    end_ns = earlier + 100_000_000
    curve.extend(end_ns, energy_j, method=Method.COUNTER)
    curve.bend(first_w, last_w)
    assert curve.end_level_j == pytest.approx(5.0 + energy_j)
    assert curve.level_j(earlier) == pytest.approx(5.0)
    pieces = list(curve.between(0, end_ns))
    assert sum(piece.energy_j for piece in pieces) == pytest.approx(5.0 + energy_j)
    assert all(piece.energy_j >= 0 for piece in pieces)
    levels = [curve.level_j(at * end_ns // 100), curve.level_j(end_ns)]
    assert levels == sorted(levels)
