"""The difference between two values of an energy counter."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class StepKind(Enum):
    """What lay between two values."""

    DIFFERENCE = "difference"
    WRAP = "wrap"
    RESET = "reset"


class CounterStep(Struct, frozen=True):
    """Joules between two values; 0 after a reset, where the counter cannot say."""

    kind: StepKind
    energy_j: float


def counter_step(before_j: float, after_j: float, wraps_at_j: float | None) -> CounterStep:
    """The energy between two successive values of a counter.

    Args:
        before_j: the earlier value, in joules.
        after_j: the later value, in joules.
        wraps_at_j: where the counter starts again from 0; ``None`` if it never does.
    """
    difference_j = after_j - before_j
    if difference_j >= 0:
        return CounterStep(StepKind.DIFFERENCE, difference_j)
    if wraps_at_j is None:
        return CounterStep(StepKind.RESET, 0.0)
    return CounterStep(StepKind.WRAP, difference_j + wraps_at_j)
