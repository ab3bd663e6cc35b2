"""Counters that misbehave: what is booked, what is said, and what is not claimed."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tracker.energy.meter import Meter
from tracker.model.device import Accuracy, Device, DeviceKind, Method
from tracker.model.energy import CounterCheck
from tracker.model.reading import EnergyReading, PowerReading, Reading
from tracker.model.units import ns_from_s

GPU = Device("gpu:0", DeviceKind.GPU, "GPU", Accuracy.of("counter:gpu", 0.98, 1.09), refresh_s=0.1)
PACKAGE = Device(
    "cpu:package-0", DeviceKind.CPU, "CPU", Accuracy.of("counter:cpu", 0.95, 1.05), refresh_s=0.001
)

Value = Callable[[int], float]


class Bench:
    """One device, read once a second."""

    def __init__(self, device: Device) -> None:
        self.device_id = device.id
        self.notices: list[tuple[str, str]] = []
        self.meter = Meter(lambda kind, _id, words: self.notices.append((kind, words)))
        self.meter.add([device])
        self.seconds = 0

    def run(
        self, seconds: int, counter_j: Value, mean_w: Value | None = None, instant_w: float = 0.0
    ) -> None:
        for _ in range(seconds):
            now_ns = ns_from_s(self.seconds)
            readings: list[Reading] = [
                EnergyReading(self.device_id, now_ns, counter_j(self.seconds))
            ]
            if mean_w is not None:
                mean = PowerReading(self.device_id, now_ns, mean_w(self.seconds), 1.0, 0.1)
                readings.append(mean)
            if instant_w:
                readings.append(PowerReading(self.device_id, now_ns, instant_w, 0.025, 0.1))
            self.meter.take(readings)
            self.seconds += 1

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.notices]

    def by_method_j(self) -> dict[Method, float]:
        found: dict[Method, float] = {}
        end_ns = ns_from_s(self.seconds - 1)
        pieces, _ = self.meter.stretches(self.device_id, 0, end_ns, final=True)
        for piece in pieces:
            found[piece.method] = found.get(piece.method, 0.0) + piece.energy_j
        return found


@pytest.mark.parametrize("stuck_j", [0.0, 5000.0])
def test_a_counter_that_never_moves_gives_way_to_power(stuck_j: float) -> None:
    bench = Bench(GPU)
    bench.run(30, lambda _: stuck_j, lambda _: 300.0)
    assert bench.kinds == ["counter-stuck"]
    by_method_j = bench.by_method_j()
    assert Method.COUNTER not in by_method_j
    assert math.fsum(by_method_j.values()) == pytest.approx(300.0 * 29, rel=0.01)


def test_a_counter_that_stops_gives_way_to_power_and_comes_back() -> None:
    bench = Bench(GPU)
    bench.run(10, lambda second: 1000.0 + 300.0 * second, lambda _: 300.0)
    bench.run(10, lambda _: 1000.0 + 2700.0, lambda _: 300.0)
    bench.run(10, lambda second: 1000.0 + 300.0 * second, lambda _: 300.0)
    assert bench.kinds == ["counter-stuck"]
    by_method_j = bench.by_method_j()
    assert math.fsum(by_method_j.values()) == pytest.approx(300.0 * 29, rel=0.01)
    assert by_method_j[Method.POLLED] == pytest.approx(300.0 * 11, rel=0.1)


def test_what_never_moved_and_tells_no_power_is_not_0_j() -> None:
    bench = Bench(PACKAGE)
    bench.run(30, lambda _: 123.0)
    assert bench.by_method_j() == {}
    assert bench.kinds == ["counter-stuck"]


def test_a_counter_that_stops_without_a_power_is_bridged_and_said() -> None:
    bench = Bench(PACKAGE)
    bench.run(11, lambda second: 100.0 * second + 1)
    bench.run(20, lambda _: 1001.0)
    assert bench.by_method_j() == {
        Method.COUNTER: pytest.approx(1000.0),
        Method.BRIDGED: pytest.approx(2000.0),
    }
    assert bench.kinds == ["counter-stuck"]


def test_what_is_bridged_is_taken_back_once_the_counter_moves_again() -> None:
    bench = Bench(PACKAGE)
    bench.run(11, lambda second: 100.0 * second + 1)
    bench.run(20, lambda _: 1001.0)
    bench.run(1, lambda _: 1501.0)
    assert bench.by_method_j() == {Method.COUNTER: pytest.approx(1500.0)}


def test_a_counter_that_disagrees_with_power_is_suspect_and_both_are_kept() -> None:
    bench = Bench(GPU)
    bench.run(65, lambda second: 37.4 * second + 1, lambda _: 65.4, instant_w=65.4)
    ((check, is_suspect),) = bench.meter.checks().values()
    assert is_suspect
    assert check.counted_j == pytest.approx(37.4 * 64)
    assert check.polled_j == pytest.approx(65.4 * 64)
    assert bench.kinds == ["counter-suspect"]
    assert "1122 J" in bench.notices[0][1]
    assert bench.by_method_j()[Method.COUNTER] == pytest.approx(37.4 * 64)


def test_a_counter_that_agrees_is_not_suspect() -> None:
    bench = Bench(GPU)

    def joules(second: int) -> float:
        return 100.0 * second + 500.0 * (second // 2) + 1

    bench.run(90, joules, lambda second: 100.0 + 500.0 * (second % 2 == 0))
    ((check, is_suspect),) = bench.meter.checks().values()
    assert not is_suspect
    assert check.ratio == pytest.approx(1.0, rel=0.02)
    assert bench.notices == []


def test_instants_alone_cast_no_suspicion_for_they_may_meet_one_moment_of_every_step() -> None:
    bench = Bench(GPU)
    bench.run(90, lambda second: 300.0 * second + 1, instant_w=500.0)
    assert bench.meter.checks() == {}
    assert bench.notices == []


def test_a_reset_is_not_taken_for_a_disagreement() -> None:
    bench = Bench(GPU)
    bench.run(40, lambda second: 9e6 + 300.0 * second, lambda _: 300.0)
    bench.run(40, lambda second: 300.0 * (second - 39.5), lambda _: 300.0)
    assert bench.kinds == ["counter-reset"]
    ((check, is_suspect),) = bench.meter.checks().values()
    assert check.ratio == pytest.approx(1.0)
    assert not is_suspect


def test_a_suspicion_needs_half_a_minute() -> None:
    bench = Bench(GPU)
    bench.run(25, lambda second: 100.0 * second + 1, lambda _: 300.0)
    assert bench.notices == []
    assert CounterCheck(0.0, 1.0).ratio is None
