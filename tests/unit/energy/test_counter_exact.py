"""Any sequence of wraps, resets, gaps and late reads, against the integral that is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.energy.channel import Channel
from tracker.energy.counter import POWER_ERROR_RATIO
from tracker.model.device import Accuracy, Device, DeviceKind, Method
from tracker.model.reading import EnergyReading, PowerReading
from tracker.model.units import ns_from_s

RANGE_J = 65_000.0
MOST_W = 2000.0
PACKAGE = Device(
    "cpu:package-0", DeviceKind.CPU, "CPU", Accuracy.of("counter:cpu", 0.95, 1.05), refresh_s=0.001
)


@dataclass
class Hardware:
    """A counter that wraps, the energy that was truly used, and who reads it."""

    raw_j: float
    now_s: float = 1.0
    true_j: float = 0.0

    def __post_init__(self) -> None:
        self.notices: list[str] = []
        self.channel = Channel(PACKAGE, lambda kind, _id, _words: self.notices.append(kind))
        self.read()

    def use(self, power_w: float, for_s: float) -> None:
        self.now_s += for_s
        self.true_j += power_w * for_s
        self.raw_j = (self.raw_j + power_w * for_s) % RANGE_J

    def reset(self) -> None:
        self.raw_j = 0.0

    def read(self) -> None:
        reading = EnergyReading(PACKAGE.id, ns_from_s(self.now_s), self.raw_j, RANGE_J, MOST_W)
        self.channel.take(reading)

    @property
    def measured_j(self) -> float:
        pieces = self.channel.stretches(ns_from_s(1), ns_from_s(self.now_s), final=True)
        return math.fsum(piece.energy_j for piece in pieces)

    @property
    def doubt_j(self) -> float:
        pieces = self.channel.stretches(ns_from_s(1), ns_from_s(self.now_s), final=True)
        return math.fsum(piece.slack_j for piece in pieces)


powers = st.floats(1.0, MOST_W / 2)
gaps_s = st.one_of(st.floats(0.005, 2.5), st.floats(2.5, 30.0))


@given(start_j=st.floats(0.001, RANGE_J - 1), uses=st.lists(st.tuples(powers, gaps_s), min_size=1))
def test_wraps_and_late_reads_cost_nothing(start_j: float, uses: list[tuple[float, float]]) -> None:
    hardware = Hardware(start_j)
    for power_w, for_s in uses:
        hardware.use(power_w, for_s)
        hardware.read()
    assert hardware.measured_j == pytest.approx(hardware.true_j, rel=1e-6, abs=0.02)
    assert hardware.doubt_j == 0
    assert hardware.notices == []


@given(
    start_j=st.floats(0.001, RANGE_J - 1),
    power_w=powers,
    share=st.floats(1 - POWER_ERROR_RATIO, 1 + POWER_ERROR_RATIO),
    rounds=st.floats(0.1, 5.0),
)
def test_after_a_gap_of_any_number_of_wraps_the_truth_is_hit_or_the_doubt_is_stated(
    start_j: float, power_w: float, share: float, rounds: float
) -> None:
    """The power of the gap is as far from the last one as it is taken to be at most."""
    hardware = Hardware(start_j)
    for _ in range(3):
        hardware.use(power_w, 1.0)
        hardware.read()
    gap_s = rounds * RANGE_J / power_w
    hardware.use(power_w * share, gap_s)
    hardware.read()
    off_j = abs(hardware.measured_j - hardware.true_j)
    assert off_j <= hardware.doubt_j + 0.02
    if rounds < 1:
        assert off_j < 0.02


# The last power is a mean over 0.2 s at least, so that is how long each lasts here.
resets = st.lists(st.tuples(powers, st.floats(0.25, 2.5), st.floats(0.0, 0.9), st.booleans()))


@given(start_j=st.floats(10.0, RANGE_J / 2), steps=resets)
def test_a_reset_costs_no_more_than_what_the_power_changed_in_its_gap(
    start_j: float, steps: list[tuple[float, float, float, bool]]
) -> None:
    hardware = Hardware(start_j)
    hardware.use(100.0, 1.0)
    hardware.read()
    may_be_off_j, last_w = 0.02, 100.0
    for power_w, for_s, at, is_reset in steps:
        before_j = hardware.raw_j
        hardware.use(power_w, for_s * at)
        if is_reset:
            hardware.reset()
        hardware.use(power_w, for_s * (1 - at))
        # Only what cannot be a wrap or a use is known to be a reset.
        assume(not is_reset or RANGE_J - before_j > MOST_W * for_s)
        assume(not is_reset or hardware.raw_j < before_j)
        hardware.read()
        if is_reset:
            may_be_off_j += abs(power_w - last_w) * for_s + 1e-6 * power_w
        else:
            last_w = power_w
    assert abs(hardware.measured_j - hardware.true_j) <= may_be_off_j * 1.001
    assert len(hardware.notices) == sum(is_reset for *_, is_reset in steps)


@given(at=st.integers(1, 8), glitch_j=st.sampled_from([0.0, 1e9, 3e4]))
def test_one_wrong_value_costs_nothing_where_the_power_is_steady(at: int, glitch_j: float) -> None:
    """0, an absurd jump, and a step back that is gone at the next read."""
    board = Device("gpu:0", DeviceKind.GPU, "GPU", Accuracy.of("counter:gpu", 0.98, 1.09))
    notices: list[str] = []
    channel = Channel(board, lambda kind, _id, _words: notices.append(kind))
    for second in range(20):
        value_j = glitch_j if second == at else 1e6 + 300.0 * second
        channel.take(EnergyReading("gpu:0", ns_from_s(second), value_j, most_w=1050.0))
        channel.take(PowerReading("gpu:0", ns_from_s(second), 300.0, 0.025, 0.1))
    pieces = channel.stretches(0, ns_from_s(19), final=False)
    assert math.fsum(piece.energy_j for piece in pieces) == pytest.approx(300.0 * 19)
    kinds = {0.0: [], 1e9: ["counter-jump", "counter-reset"]}
    assert notices == kinds.get(glitch_j, ["counter-reset", "counter-jump"])


def test_a_bound_that_is_always_broken_is_not_believed() -> None:
    board = Device("gpu:0", DeviceKind.GPU, "GPU", Accuracy.of("counter:gpu", 0.98, 1.09))
    channel = Channel(board, lambda *_: None)
    for second in range(30):
        channel.take(EnergyReading("gpu:0", ns_from_s(second), 700.0 * second + 1, most_w=300.0))
    pieces = channel.stretches(ns_from_s(5), ns_from_s(29), final=False)
    assert math.fsum(piece.energy_j for piece in pieces) == pytest.approx(700.0 * 24)
    assert {piece.method for piece in pieces} == {Method.COUNTER}
