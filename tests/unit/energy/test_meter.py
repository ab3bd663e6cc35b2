"""The whole way from readings to energy, against integrals that are known exactly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from tracker.energy.meter import Edge, Meter, energy_between
from tracker.model.device import Accuracy, Device, DeviceKind, Method
from tracker.model.reading import EnergyReading, PowerReading
from tracker.model.units import ns_from_s
from unit.energy.simulated import Averager, Counter, Rig, Wave, device

WAVES: dict[str, Callable[[random.Random], Wave]] = {
    "constant": lambda _: Wave(300, 300),
    "0.5 s": lambda rng: Wave(100, 700, 0.5, rng.random() * 0.5),
    "3 s": lambda rng: Wave(100, 700, 3, rng.random() * 3),
    "20 s": lambda rng: Wave(100, 700, 20, rng.random() * 20),
}


def measured(rig: Rig, duration_s: float) -> tuple[dict[str, float], float, float]:
    rig.read()
    rig.now_s += 0.001
    start = rig.edge()
    rig.run_until(start.time_ns / 1e9 + duration_s)
    end = rig.stop(0.03 if duration_s >= 1 else 0.15)
    rig.meter.settle(start, 0.0)
    amounts = energy_between(start, end)
    assert amounts is not None
    energy_j = {name: amount.energy_j for name, amount in amounts.items()}
    return energy_j, start.time_ns / 1e9, end.time_ns / 1e9


def eight(make: Callable[[random.Random], Wave], seed: int) -> list[Counter | Averager]:
    rng = random.Random(seed)  # noqa: S311 - a waveform, not a secret
    return [
        Counter(
            f"gpu:{i}", make(rng), rng.choice([0.1, 0.1003, 0.0997, 0.05, 0.02]), rng.random() / 10
        )
        for i in range(8)
    ]


@pytest.mark.parametrize("name", WAVES)
@pytest.mark.parametrize("seed", range(5))
def test_eight_counters_over_30_s_are_within_a_thousandth(name: str, seed: int) -> None:
    rig = Rig(eight(WAVES[name], seed))
    energy_j, start_s, end_s = measured(rig, 30.0)
    true_j = sum(one.wave.energy_j(end_s) - one.wave.energy_j(start_s) for one in rig.devices)
    assert sum(energy_j.values()) == pytest.approx(true_j, rel=1e-3)


@pytest.mark.parametrize("seed", range(10))
def test_a_counter_over_half_a_second_is_within_3_percent(seed: int) -> None:
    rig = Rig(eight(WAVES["constant"], seed))
    energy_j, start_s, end_s = measured(rig, 0.5)
    for one in rig.devices:
        true_j = one.wave.energy_j(end_s) - one.wave.energy_j(start_s)
        assert energy_j[one.device_id] == pytest.approx(true_j, rel=0.03)


@pytest.mark.parametrize("name", ["constant", "3 s", "20 s"])
@pytest.mark.parametrize("seed", range(5))
def test_one_second_averages_over_30_s_are_within_7_thousandths(name: str, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a waveform, not a secret
    rig = Rig([Averager("gpu:0", WAVES[name](rng), phase_s=rng.random() / 10)])
    energy_j, start_s, end_s = measured(rig, 30.0)
    wave = rig.devices[0].wave
    assert energy_j["gpu:0"] == pytest.approx(
        wave.energy_j(end_s) - wave.energy_j(start_s), rel=7e-3
    )


@pytest.mark.parametrize("seed", range(3))
def test_epochs_of_a_second_on_a_square_wave_are_within_3_percent_nine_times_in_ten(
    seed: int,
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a waveform, not a secret
    counter = Counter("gpu:0", Wave(100, 700, 1.7, rng.random()), phase_s=rng.random() / 10)
    rig = Rig([counter])
    rig.read()
    rig.run_until(rig.now_s + 1)
    edges: list[Edge] = [rig.edge()]
    for _ in range(40):
        rig.run_until(edges[-1].time_ns / 1e9 + 1.0)
        edges.append(rig.edge())
    rig.run_until(rig.now_s + 0.3)
    close = 0
    for before, after in itertools.pairwise(edges):
        amounts = energy_between(before, after)
        assert amounts is not None
        true_j = counter.wave.energy_j(after.time_ns / 1e9) - counter.wave.energy_j(
            before.time_ns / 1e9
        )
        close += abs(amounts["gpu:0"].energy_j / true_j - 1) < 0.03
    assert close >= 36


def test_reads_beyond_the_ticks_stay_few_once_the_periods_are_known() -> None:
    rig = Rig(eight(WAVES["constant"], 1))
    rig.read()
    rig.run_until(160.0)
    before = rig.reads
    rig.run_until(220.0)
    assert rig.reads - before < 60 * 3.5


@pytest.mark.parametrize("pause_s", [0.7, 4.0, 12.0])
@pytest.mark.parametrize("at_s", [0.0, 0.05, 0.15, 0.3, 0.6, 5.0])
def test_a_pause_of_the_process_costs_a_counter_nothing(at_s: float, pause_s: float) -> None:
    rig = Rig(eight(WAVES["3 s"], 2))
    rig.read()
    rig.now_s += 0.001
    start = rig.edge()
    rig.run_until(start.time_ns / 1e9 + at_s)
    rig.now_s += pause_s
    rig.run_until(rig.now_s + 10)
    end = rig.stop(0.03)
    amounts = energy_between(start, end)
    assert amounts is not None
    start_s, end_s = start.time_ns / 1e9, end.time_ns / 1e9
    true_j = sum(one.wave.energy_j(end_s) - one.wave.energy_j(start_s) for one in rig.devices)
    measured_j = sum(amount.energy_j for amount in amounts.values())
    assert measured_j == pytest.approx(true_j, rel=0.004)
    for channel in rig.meter._channels.values():
        assert end.time_ns - channel.curve.end_ns < ns_from_s(1.2)


def quiet_meter(*devices: Device) -> tuple[Meter, list[tuple[str, str, str]]]:
    notices: list[tuple[str, str, str]] = []
    meter = Meter(lambda *notice: notices.append(notice))
    meter.add(devices)
    return meter, notices


def test_a_counter_that_went_backwards_is_bridged_and_said() -> None:
    meter, notices = quiet_meter(device("gpu:0"))
    for second, energy_j in enumerate([1000.0, 1300.0, 1600.0, 5.0, 305.0]):
        now_ns = ns_from_s(second)
        meter.take(
            [
                EnergyReading("gpu:0", now_ns, energy_j),
                PowerReading("gpu:0", now_ns, 300.0, 0.025),
            ]
        )
    pieces, _ = meter.stretches("gpu:0", 0, ns_from_s(4), final=False)
    assert [kind for kind, _, _ in notices] == ["counter-reset"]
    assert [piece.method for piece in pieces] == [
        Method.COUNTER,
        Method.COUNTER,
        Method.BRIDGED,
        Method.COUNTER,
    ]
    assert sum(piece.energy_j for piece in pieces) == pytest.approx(1200.0)


def test_a_counter_that_falls_silent_hands_over_to_power() -> None:
    meter, _ = quiet_meter(device("gpu:0"))
    for second in range(20):
        now_ns = ns_from_s(second)
        readings: list[EnergyReading | PowerReading] = [
            PowerReading("gpu:0", now_ns, 300.0, 1.0, 0.1)
        ]
        if second < 10:
            readings.append(EnergyReading("gpu:0", now_ns, 300.0 * second))
        meter.take(readings)
    levels_j = meter.levels_j(ns_from_s(19))
    assert levels_j["gpu:0"] == pytest.approx(300.0 * 19, rel=0.01)


def test_a_model_is_booked_on_the_window_it_covers() -> None:
    accuracy = Accuracy.of("model:cpu", 0.5, 1.6, common_share=1.0)
    meter, _ = quiet_meter(Device("cpu:package-0", DeviceKind.CPU, "cpu", accuracy))
    for time_s, power_w, window_s in [(0.0, 0.0, 0.0), (1.0, 100.0, 1.0), (1.5, 40.0, 0.5)]:
        reading = PowerReading("cpu:package-0", ns_from_s(time_s), power_w, window_s)
        meter.take([reading])
    pieces, _ = meter.stretches("cpu:package-0", 0, ns_from_s(1.5), final=False)
    assert [(piece.energy_j, piece.method) for piece in pieces] == [
        (100.0, Method.MODEL),
        (20.0, Method.MODEL),
    ]


def test_a_device_that_is_gone_keeps_what_it_used() -> None:
    meter, _ = quiet_meter(device("gpu:0"))
    for second in range(3):
        meter.take([EnergyReading("gpu:0", ns_from_s(second), 100.0 * second)])
    meter.close("gpu:0")
    assert meter.levels_j(ns_from_s(10))["gpu:0"] == 200.0


def test_an_edge_that_nobody_can_settle_does_not_wait_for_ever() -> None:
    meter, _ = quiet_meter(device("gpu:0"), device("gpu:silent"))
    edge = meter.mark(ns_from_s(0.5))
    for second in range(8):
        meter.take([EnergyReading("gpu:0", ns_from_s(second), 100.0 * second)])
    assert edge.levels is not None
    assert edge.levels["gpu:0"].energy_j == pytest.approx(50.0)


def test_a_device_that_opens_late_is_charged_from_the_beginning() -> None:
    meter, _ = quiet_meter(device("gpu:0"))
    for second in range(1, 4):
        meter.take([EnergyReading("gpu:0", ns_from_s(second), 100.0 * second)])
    pieces, _ = meter.stretches("gpu:0", ns_from_s(0.5), ns_from_s(3), final=False)
    assert sum(piece.energy_j for piece in pieces) == pytest.approx(250.0)


def test_who_is_told_of_a_reset_may_ask_the_meter() -> None:
    meter: Meter
    levels: list[dict[str, float]] = []
    meter = Meter(lambda *_: levels.append(meter.levels_j(0)))
    meter.add([device("gpu:0")])
    for second, energy_j in enumerate([1000.0, 1300.0, 5.0]):
        meter.take([EnergyReading("gpu:0", ns_from_s(second), energy_j)])
    assert len(levels) == 1


def test_a_run_that_ends_before_the_first_reading_has_its_power_and_no_zero() -> None:
    meter = Meter(lambda *_: None)
    meter.add([device("dram:node")])
    start, end = meter.mark(ns_from_s(1.0)), meter.mark(ns_from_s(1.02))
    meter.take([PowerReading("dram:node", ns_from_s(1.03), 10.0, window_s=0.0)])
    for edge in (start, end):
        meter.settle(edge, 0.0)
    amounts = energy_between(start, end)
    assert amounts is not None
    assert amounts["dram:node"].energy_j == pytest.approx(0.2)
    pieces, _ = meter.stretches("dram:node", start.time_ns, end.time_ns, final=True)
    assert sum(piece.energy_j for piece in pieces) == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(20))
def test_a_reset_costs_no_more_than_its_gap(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a moment, not a secret
    counter = Counter("gpu:0", Wave(300, 300), phase_s=rng.random() / 10)
    rig = Rig([counter])
    rig.read()
    rig.now_s += 0.001
    start = rig.edge()
    rig.run_until(105 + rng.random() * 3)
    offset_j = counter.wave.energy_j(rig.now_s) + 900
    rig.devices[0] = Counter("gpu:0", Wave(300, 300), 0.1, counter.phase_s, -offset_j)
    rig.run_until(rig.now_s + 5)
    end = rig.stop()
    amounts = energy_between(start, end)
    assert amounts is not None
    true_j = 300.0 * (end.time_ns - start.time_ns) / 1e9
    assert amounts["gpu:0"].energy_j == pytest.approx(true_j, abs=60)
    assert [kind for kind, _, _ in rig.notices] == ["counter-reset"]


def test_the_power_of_a_piece_too_short_for_its_dates_is_not_carried() -> None:
    meter, _ = quiet_meter(device("gpu:0"))
    for time_s, energy_j in [
        (0.5, 1000.0),
        (0.503, 1030.0),
        (0.8, 1119.1),
    ]:  # 300 W; 10 kW at first
        meter.take([EnergyReading("gpu:0", ns_from_s(time_s), energy_j)])
    pieces, _ = meter.stretches("gpu:0", 0, ns_from_s(0.8), final=False)
    assert sum(piece.energy_j for piece in pieces) == pytest.approx(119.1 + 0.5 * 119.1 / 0.3)


def test_a_single_reading_that_tells_no_power_is_not_zero_joules() -> None:
    accuracy = Accuracy.of("model:cpu", 0.5, 1.6, common_share=1.0)
    meter, _ = quiet_meter(Device("cpu:node", DeviceKind.CPU, "cpu", accuracy))
    start = meter.mark(0)
    meter.take([PowerReading("cpu:node", ns_from_s(0.4), 0.0, 0.0)])
    end = meter.mark(ns_from_s(0.5))
    meter.settle(start, 0.0)
    meter.settle(end, 0.0)
    assert meter.stretches("cpu:node", 0, ns_from_s(0.5), final=True)[0] == []
    assert energy_between(start, end) == {}
