"""The difference between two values of an energy counter."""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

from msgspec import Struct

POWER_ERROR_RATIO: Final = 0.3
"""How far the last power may be from the mean of a time that was not read."""


class StepKind(Enum):
    """What lay between two values."""

    DIFFERENCE = "difference"
    WRAP = "wrap"
    RESET = "reset"
    JUMP = "jump"


class CounterStep(Struct, frozen=True):
    """Joules between two values; 0 after a reset or a jump, where the counter cannot say.

    Attributes:
        doubt_j: random error: 0 but where the counter may have wrapped once more or less.
    """

    kind: StepKind
    energy_j: float
    doubt_j: float = 0.0


def counter_step(
    before_j: float,
    after_j: float,
    wraps_at_j: float | None,
    *,
    most_j: float = math.inf,
    expected_j: float = 0.0,
) -> CounterStep:
    """The energy between two successive values of a counter.

    A counter that wraps tells the energy but for whole rounds. Of what is possible, that
    which is nearest to the expected is taken; where the expectation is too vague to tell
    two of them apart, the step is doubtful by a round.

    Args:
        before_j: the earlier value, in joules.
        after_j: the later value, in joules.
        wraps_at_j: where the counter starts again from 0; ``None`` if it never does.
        most_j: more than the device can have used meanwhile: a larger step is none.
        expected_j: what it should have used, by its last power.
    """
    difference_j = after_j - before_j
    least_j = difference_j + wraps_at_j if difference_j < 0 and wraps_at_j else difference_j
    if least_j < 0 or (least_j > most_j and difference_j < 0):
        return CounterStep(StepKind.RESET, 0.0)
    if least_j > most_j:
        return CounterStep(StepKind.JUMP, 0.0)
    if wraps_at_j is None or least_j + wraps_at_j > most_j:
        kind = StepKind.WRAP if difference_j < 0 else StepKind.DIFFERENCE
        return CounterStep(kind, least_j)
    return _of_several(least_j, wraps_at_j, most_j, expected_j, wrapped=difference_j < 0)


def _of_several(
    least_j: float, round_j: float, most_j: float, expected_j: float, *, wrapped: bool
) -> CounterStep:
    """Any number of further rounds may lie between."""
    if math.isinf(most_j) and expected_j <= 0:  # nothing speaks for another round
        return CounterStep(StepKind.WRAP if wrapped else StepKind.DIFFERENCE, least_j)
    possible = max(math.floor((most_j - least_j) / round_j), 0) if most_j < math.inf else math.inf
    rounds = min(max(round((expected_j - least_j) / round_j), 0), possible)
    kind = StepKind.WRAP if wrapped or rounds else StepKind.DIFFERENCE
    off_j = POWER_ERROR_RATIO * expected_j
    # What is taken is within half a round of the expected, which may be off by that much.
    doubt_j = off_j + round_j / 2 if off_j > round_j / 2 else 0.0
    return CounterStep(kind, least_j + rounds * round_j, doubt_j)
