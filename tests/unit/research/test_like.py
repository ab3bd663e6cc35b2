from __future__ import annotations

import pytest

from tracker.errors import SettingsError
from tracker.model.device import DeviceKind
from tracker.research.estimate import Supply, estimate
from tracker.research.figure import Figure
from tracker.research.like import job_like
from unit.cli.examples import device, report

RUN = report(
    duration_s=100.0,
    energy_j=50_000.0,
    devices=(
        device(DeviceKind.GPU, 20_000.0),
        device(DeviceKind.GPU, 20_000.0, device_id="gpu:GPU-other"),
        device(DeviceKind.CPU, 8_000.0),
        device(DeviceKind.DRAM, 2_000.0),
    ),
)
SUPPLY = Supply(grid=Figure.exactly(100.0), fixed_pue=Figure.exactly(1.0))


def test_the_same_hours_and_boards_are_the_run_again() -> None:
    found = estimate(job_like(RUN), SUPPLY)

    assert found.energy.value == pytest.approx(50_000 / 3.6e6)
    assert found.energy.low < found.energy.value < found.energy.high


def test_power_is_multiplied_by_boards_and_hours() -> None:
    found = estimate(job_like(RUN, hours=400, gpus=64), SUPPLY)

    # 500 W with two boards are 250 W a board, hosts in proportion.
    assert found.power.whole.value == pytest.approx(64 * 250.0)
    assert found.energy.value == pytest.approx(64 * 250.0 * 400 / 1000)


def test_ranges_of_boards_that_err_alike_are_not_evened_out() -> None:
    job = job_like(RUN, gpus=64)

    assert job.gpu_w is not None
    assert job.gpu_w.low / job.gpu_w.value == pytest.approx(0.93)


def test_a_run_on_processors_alone_can_be_prolonged() -> None:
    run = report(duration_s=100.0, energy_j=8_000.0, devices=(device(DeviceKind.CPU, 8_000.0),))

    assert estimate(job_like(run, hours=10), SUPPLY).energy.value == pytest.approx(0.8)
    with pytest.raises(SettingsError, match="used no accelerator"):
        job_like(run, gpus=4)


def test_a_whole_nodes_meter_is_the_hosts() -> None:
    node = device(DeviceKind.NODE, 40_000.0, device_id="node:cray")
    covered = device(DeviceKind.GPU, 30_000.0, in_total=False, covered_by="node:cray")
    run = report(duration_s=100.0, energy_j=40_000.0, devices=(node, covered))

    assert estimate(job_like(run, gpus=2), SUPPLY).power.whole.value == pytest.approx(800.0)


def test_a_run_without_readings_has_no_power() -> None:
    with pytest.raises(SettingsError, match="no energy was read"):
        job_like(report(energy_j=None, devices=()))
    with pytest.raises(SettingsError, match="no energy was read"):
        job_like(report(duration_s=0.0))


@pytest.mark.parametrize("method", ["strubell", "patterson", "green-algorithms", "mlco2"])
def test_the_other_methods_take_the_measured_power(method: str) -> None:
    found = estimate(job_like(RUN), SUPPLY, method)
    watts = {"strubell": 500.0, "patterson": 500.0, "green-algorithms": 480.0, "mlco2": 700.0}

    assert found.power.whole.value == pytest.approx(watts[method])
