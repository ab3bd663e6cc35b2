from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.energy.counter import StepKind, counter_step


@pytest.mark.parametrize(
    ("before_j", "after_j", "wraps_at_j", "kind", "energy_j"),
    [
        (10.0, 15.0, None, StepKind.DIFFERENCE, 5.0),
        (10.0, 10.0, None, StepKind.DIFFERENCE, 0.0),
        (95.0, 5.0, 100.0, StepKind.WRAP, 10.0),
        (10.0, 5.0, None, StepKind.RESET, 0.0),
    ],
)
def test_a_step_is_a_difference_a_wrap_or_a_reset(
    before_j: float, after_j: float, wraps_at_j: float | None, kind: StepKind, energy_j: float
) -> None:
    step = counter_step(before_j, after_j, wraps_at_j)
    assert (step.kind, step.energy_j) == (kind, energy_j)


@given(
    start_j=st.floats(0, 999),
    steps_j=st.lists(st.floats(0, 999), max_size=50),
)
def test_steps_shorter_than_a_wrap_add_up_to_what_was_used(
    start_j: float, steps_j: list[float]
) -> None:
    raw_j, counted_j = start_j, 0.0
    for used_j in steps_j:
        after_j = (raw_j + used_j) % 1000.0
        counted_j += counter_step(raw_j, after_j, 1000.0).energy_j
        raw_j = after_j
    assert counted_j == pytest.approx(sum(steps_j), abs=1e-6)
