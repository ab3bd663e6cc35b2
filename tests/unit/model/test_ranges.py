"""Ranges: how gains and random errors add up."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.device import Accuracy, Ratio
from tracker.model.ranges import (
    NOTHING,
    RESERVE_RATIO,
    Range,
    Share,
    carbon_range,
    difference_range,
    energy_range,
)

AMPERE = Accuracy.of("counter:gpu", 0.98, 1.09)
PACKAGE = Accuracy.of("counter:cpu", 0.95, 1.05)
MODEL = Accuracy.of("model:cpu", 0.5, 1.6, common_share=1.0)


def share(board: str, energy_j: float, slack_j: float = 0.0, accuracy: Accuracy = AMPERE) -> Share:
    return Share(board, accuracy, energy_j, slack_j)


def test_one_board_has_the_interval_that_its_source_states() -> None:
    found = energy_range([share("a", 1000.0)])
    assert found.low == pytest.approx(980.0)
    assert found.high == pytest.approx(1090.0)


def test_a_boards_gain_adds_linearly_over_time() -> None:
    whole = energy_range([share("a", 1000.0)])
    parts = energy_range([share("a", 10.0) for _ in range(100)])
    assert parts.low == pytest.approx(whole.low)
    assert parts.high == pytest.approx(whole.high)


def test_boards_share_the_common_half_of_the_variance() -> None:
    half = energy_range([share(f"{n}", 1000.0) for n in range(8)]).half_width
    one = 55.0**2 / 2
    assert half == pytest.approx(math.sqrt(64 * one + 8 * one) * (1 + RESERVE_RATIO * 7 / 8))


def test_models_err_together_and_classes_independently() -> None:
    both = energy_range([share("a", 100.0, accuracy=MODEL), share("b", 100.0, accuracy=MODEL)])
    assert (both.low, both.high) == pytest.approx((100.0, 320.0))
    mixed = energy_range([share("a", 1000.0), share("cpu", 1000.0, accuracy=PACKAGE)])
    largest = 55.0**2 / (55.0**2 + 50.0**2)
    reserve = 1 + RESERVE_RATIO * (1 - largest)
    assert mixed.half_width == pytest.approx(math.hypot(55.0, 50.0) * reserve)


def test_slack_adds_in_quadrature_over_everything() -> None:
    exact = Accuracy("exact", Ratio(1, 1), Ratio(1, 1))
    found = energy_range([share("a", 100.0, 3.0, exact), share("a", 100.0, 4.0, exact)])
    assert (found.low, found.high) == (195.0, 205.0)


def test_an_energy_is_never_below_zero_and_nothing_is_nothing() -> None:
    assert energy_range([share("a", 1.0, slack_j=50.0)]).low == 0.0
    assert energy_range([]) == NOTHING


def test_in_a_difference_on_one_board_the_gain_cancels() -> None:
    before, after = [share("a", 1000.0, 3.0)], [share("a", 1100.0, 4.0)]
    same = difference_range(after, before)
    assert same.low == pytest.approx(103.5 - math.hypot(5.5, 5.0))
    other = difference_range(after, [share("b", 1000.0, 3.0)])
    assert other.half_width > 50.0
    assert difference_range(before, before).midpoint == 0.0
    assert difference_range(before, after).high < 0.0


def test_carbon_has_both_ranges_in_it() -> None:
    exact = Range(3.6e6, 3.6e6)
    grams = carbon_range(exact, Range(40.0, 60.0), pue=1.5)
    assert (grams.low, grams.high) == pytest.approx((60.0, 90.0))
    energy = carbon_range(Range(1.8e6, 5.4e6), Range(50.0, 50.0))
    assert (energy.low, energy.high) == pytest.approx((25.0, 75.0))
    assert carbon_range(NOTHING, Range(40.0, 60.0)) == NOTHING
    assert carbon_range(Range(0.0, 7.2e6), Range(0.0, 100.0)).low == 0.0


joules = st.floats(min_value=0.0, max_value=1e12)


@given(st.lists(st.tuples(st.sampled_from("abc"), joules, joules), max_size=20))
def test_order_and_cuts_do_not_matter(parts: list[tuple[str, float, float]]) -> None:
    shares = [share(board, energy_j, slack_j) for board, energy_j, slack_j in parts]
    halves = [
        share(one.board, one.energy_j / 2, one.slack_j / math.sqrt(2))
        for one in shares
        for _ in range(2)
    ]
    whole, cut = energy_range(shares), energy_range(reversed(halves))
    assert cut.low == pytest.approx(whole.low, rel=1e-6, abs=1e-12 + 1e-6 * whole.high)
    assert cut.high == pytest.approx(whole.high, rel=1e-6, abs=1e-12)


@given(joules, joules, st.floats(0.5, 1.0), st.floats(1.0, 2.0))
def test_a_range_holds_the_figure_where_its_interval_holds_one(
    energy_j: float, slack_j: float, low: float, high: float
) -> None:
    found = energy_range([share("a", energy_j, slack_j, Accuracy.of("c", low, high))])
    tolerance = 1e-9 * energy_j
    assert 0.0 <= found.low <= energy_j + tolerance
    assert found.high >= energy_j - tolerance


# --- simulated runs -----------------------------------------------------------------------

Draw = Callable[[random.Random, float], float]


def normal(dice: random.Random, half_width: float) -> float:
    return dice.gauss(0.0, half_width / 2)


def uniform(dice: random.Random, half_width: float) -> float:
    """As uncertain as the normal one: the same standard deviation."""
    reach = half_width / 2 * math.sqrt(3)
    return dice.uniform(-reach, reach)


def true_j(dice: random.Random, draw: Draw, shares: Sequence[Share]) -> float:
    """What the meters would have read had they been perfect, for one draw of all errors."""
    commons: dict[str, float] = {}
    owns: dict[str, float] = {}
    total_j = 0.0
    for one in shares:
        common, own = one.accuracy.common_ratio, one.accuracy.own_ratio
        kind = one.accuracy.accuracy_class
        if kind not in commons:
            commons[kind] = common.midpoint + draw(dice, common.half_width)
        if one.board not in owns:
            owns[one.board] = own.midpoint + draw(dice, own.half_width)
        gain = commons[kind] + owns[one.board] - 1
        total_j += one.energy_j * gain + draw(dice, one.slack_j)
    return total_j


@pytest.mark.parametrize("draw", [normal, uniform])
@pytest.mark.parametrize(
    "shares",
    [
        [share("a", 300.0, 30.0)],
        [share(f"gpu{n}", 2000.0, 20.0) for n in range(8) for _ in range(6)],
        [share("gpu", 9000.0, 30.0), share("cpu", 3000.0, 1.0, PACKAGE)],
        [share("gpu", 9000.0, 30.0), share("cpu", 3000.0, 0.0, MODEL)],
    ],
    ids=["short", "eight boards", "two counters", "counter and model"],
)
def test_in_simulated_runs_the_range_holds_the_truth(draw: Draw, shares: list[Share]) -> None:
    dice = random.Random(20260304)  # noqa: S311 - a simulation, not a secret
    bounds = energy_range(shares)
    truths = sorted(true_j(dice, draw, shares) for _ in range(10_000))
    held = sum(bounds.low <= truth <= bounds.high for truth in truths)
    assert held >= 9_500
    needed = truths[9_749] - truths[250]
    assert bounds.high - bounds.low <= 1.5 * needed


def test_two_wide_factors_do_not_reach_zero() -> None:
    grams = carbon_range(Range(1.8e6, 7.2e6), Range(20.0, 80.0))
    factor = math.exp(math.hypot(math.log(4), math.log(4)) / 2)
    assert (grams.low, grams.high) == pytest.approx((40 / factor, 40 * factor))
