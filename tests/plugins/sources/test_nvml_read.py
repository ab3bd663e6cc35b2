"""What the source reads of a GPU that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pynvml
import pytest

from fakes.nvml import FakeGpu, FakeNvml, Fault, Waveform, fake_uuid
from tracker.model.reading import Answer, EnergyReading, PowerReading
from tracker.ports.source import SelectiveSource, Source

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]

FIRST, SECOND = f"gpu:{fake_uuid(0)}", f"gpu:{fake_uuid(1)}"


def energy_of(results: Sequence[Answer], device_id: str = FIRST) -> EnergyReading:
    found = [result for result in results if result.device_id == device_id]
    (energy,) = [result for result in found if isinstance(result, EnergyReading)]
    return energy


def powers(results: Sequence[Answer]) -> list[PowerReading]:
    return [result for result in results if isinstance(result, PowerReading)]


def test_counter_differences_are_the_waveforms_integral(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    waves = (Waveform(100, 400, 0.05), Waveform(60, 700, 0.3, phase_s=0.1))
    fake = make_fake(*(FakeGpu(waveform=wave, refresh_s=0) for wave in waves))
    source = open_nvml()

    before = source.read()
    time.sleep(0.25)
    after = source.read()

    for gpu, device_id in enumerate((FIRST, SECOND)):
        start, end = energy_of(before, device_id), energy_of(after, device_id)
        truth_j = fake.energy_j(gpu, start.monotonic_ns, end.monotonic_ns)
        assert end.energy_j - start.energy_j == pytest.approx(truth_j, rel=0.01, abs=0.01)
        assert end.wraps_at_j is None


def test_one_gpu_can_be_read_without_the_others(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    make_fake(FakeGpu(), FakeGpu())
    source = open_nvml()

    assert isinstance(source, SelectiveSource)
    assert {one.device_id for one in source.read_only({SECOND})} == {SECOND}
    assert {one.device_id for one in source.read()} == {FIRST, SECOND}


def test_a_reading_is_stamped_between_call_and_return(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake()
    source = open_nvml()

    before_ns = time.monotonic_ns()
    energy = energy_of(source.read())

    assert before_ns <= energy.monotonic_ns <= time.monotonic_ns()


def test_the_counter_stands_still_between_publications(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(FakeGpu(refresh_s=1000.0, refresh_phase_s=-500.0, counter_start_j=1e6))
    source = open_nvml()

    first, second = energy_of(source.read()), energy_of(source.read())

    assert first.energy_j == second.energy_j


@pytest.mark.parametrize(
    ("gpu", "window_s", "refresh_s"),
    [
        (FakeGpu(), 0.025, 0.1),
        (FakeGpu(name="NVIDIA A100-SXM4-80GB", architecture=7), 0.025, 0.1),
        (FakeGpu(name="NVIDIA GeForce RTX 3090", architecture=7), 0.1, 0.1),
        (FakeGpu(name="Tesla T4", architecture=6), 0.1, 0.1),
        (FakeGpu(name="Tesla V100", architecture=5), 0.01, 0.02),
        (FakeGpu(instant=False), 1.0, 0.1),
        (FakeGpu(name="Tesla V100", architecture=5, instant=False), 0.01, 0.02),
    ],
)
def test_the_momentary_power_comes_with_the_counter(
    make_fake: MakeFake, open_nvml: OpenNvml, gpu: FakeGpu, window_s: float, refresh_s: float
) -> None:
    make_fake(gpu)

    energy, mean, power = open_nvml().read()

    assert isinstance(energy, EnergyReading)
    assert energy.most_w == 1.5 * gpu.limit_w
    assert mean == PowerReading(FIRST, energy.monotonic_ns, 300.0, 1.0, 0.1)
    assert power == PowerReading(FIRST, power_at(power), 300.0, window_s, refresh_s)


def power_at(result: Answer) -> int:
    assert isinstance(result, PowerReading)
    return result.monotonic_ns


@pytest.mark.parametrize(
    ("gpu", "driver", "window_s"),
    [
        (FakeGpu(counter=False), "550.54", 1.0),
        (FakeGpu(counter=False, average=False), "550.54", 1.0),
        (
            FakeGpu(name="NVIDIA A100", architecture=7, counter=False, average=False),
            "550.54",
            0.025,
        ),
        (FakeGpu(name="RTX 3090", architecture=7, counter=False, average=False), "470.82", 1.0),
        (FakeGpu(name="RTX 3090", architecture=7, counter=False, average=False), "530.41", 0.1),
        (FakeGpu(name="Tesla P100", architecture=4, counter=False, average=False), "470.82", 0.01),
    ],
)
def test_without_a_counter_power_is_read_with_its_window(
    make_fake: MakeFake, open_nvml: OpenNvml, gpu: FakeGpu, driver: str, window_s: float
) -> None:
    make_fake(gpu, driver_version=driver)

    (power,) = open_nvml().read()

    assert isinstance(power, PowerReading)
    assert (power.power_w, power.window_s) == (300.0, window_s)


def test_a_counter_without_its_field_is_read_by_its_function(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(faults=[Fault("field:83", 3)])

    results = open_nvml().read()

    assert energy_of(results).energy_j >= 1000
    assert [power.window_s for power in powers(results)] == [0.025]


def test_a_counter_that_the_driver_takes_away_gives_way_to_power_for_good(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake()
    source = open_nvml()
    gone = [Fault("field:83", 3), Fault("nvmlDeviceGetTotalEnergyConsumption", 3)]

    assert energy_of(source.read())
    fake.update(faults=gone)
    (power,) = source.read()
    fake.update(faults=[])
    (later,) = source.read()

    assert isinstance(power, PowerReading)
    assert isinstance(later, PowerReading)


def test_a_momentary_power_that_fails_does_not_cost_the_counter(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake()
    source = open_nvml()
    fake.update(faults=[Fault("field:185", 999), Fault("field:186", 999)])

    (result,) = source.read()

    assert isinstance(result, EnergyReading)


def test_without_a_mean_power_or_a_limit_the_counter_stands_alone_with_its_power(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(FakeGpu(average=False, limit_w=0))

    energy, power = open_nvml().read()

    assert isinstance(energy, EnergyReading)
    assert energy.most_w is None
    assert isinstance(power, PowerReading)
    assert power.window_s == 0.025


def test_a_reset_counter_steps_back_and_never_claims_to_wrap(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake(FakeGpu(refresh_s=0, counter_start_j=5e5))
    source = open_nvml()
    before = energy_of(source.read())
    reset_at_s = fake.elapsed_s(before.monotonic_ns) + 0.001
    fake.update([FakeGpu(refresh_s=0, counter_start_j=5e5, reset_at_s=reset_at_s)])
    after = energy_of(source.read())

    assert after.energy_j < before.energy_j
    assert after.wraps_at_j is None


def test_closing_twice_or_after_anothers_shutdown_is_silent(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake()
    source = open_nvml()
    pynvml.nvmlShutdown()

    source.close()


def test_eight_gpus_are_read_in_less_than_a_third_of_a_millisecond(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(*(FakeGpu() for _ in range(8)))
    source = open_nvml()
    rounds = 200

    spent_s = []
    for _ in range(3):
        start_s = time.thread_time()
        for _ in range(rounds):
            source.read()
        spent_s.append((time.thread_time() - start_s) / rounds)

    assert min(spent_s) < 0.3e-3
