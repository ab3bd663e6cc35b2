"""What becomes of a GPU that does not answer, and of the others beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pynvml
import pytest

from fakes.nvml import FakeGpu, FakeNvml, Fault, fake_uuid
from tracker.errors import SourceGone, SourceReadError
from tracker.model.reading import Answer, EnergyReading, ReadFailure
from tracker.ports.source import Source

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]

FIRST, SECOND = f"gpu:{fake_uuid(0)}", f"gpu:{fake_uuid(1)}"
FIELDS = "nvmlDeviceGetFieldValues"


def energy_of(results: Sequence[Answer], device_id: str = FIRST) -> EnergyReading:
    found = [result for result in results if result.device_id == device_id]
    (energy,) = [result for result in found if isinstance(result, EnergyReading)]
    return energy


def failure_of(results: Sequence[Answer], device_id: str = FIRST) -> ReadFailure:
    (failure,) = [result for result in results if result.device_id == device_id]
    assert isinstance(failure, ReadFailure)
    return failure


@pytest.mark.parametrize("what", [FIELDS, "field:83"])
@pytest.mark.parametrize("code", [4, 10, 999])
def test_a_passing_failure_is_said_and_tried_again(
    make_fake: MakeFake, open_nvml: OpenNvml, what: str, code: int
) -> None:
    fake = make_fake(FakeGpu(), FakeGpu())
    source = open_nvml()

    fake.update(faults=[Fault(what, code, gpu=0)])
    during = [source.read(), source.read()]
    fake.update(faults=[])
    after = source.read()

    for results in during:
        error = failure_of(results).error
        assert isinstance(error, SourceReadError)
        assert f"NVML error {code}" in str(error)
        assert energy_of(results, SECOND)
    assert energy_of(after, FIRST)


def test_a_failure_at_the_start_does_not_cost_the_counter(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake(faults=[Fault("field:83", 999)])
    source = open_nvml()
    (device,) = source.devices().devices
    fake.update(faults=[])

    assert device.accuracy.accuracy_class == "counter:gpu"
    assert energy_of(source.read())


@pytest.mark.parametrize(("code", "is_for_good"), [(999, False), (3, True)])
def test_a_power_beside_the_counter_that_fails_is_left_out(
    make_fake: MakeFake, open_nvml: OpenNvml, code: int, *, is_for_good: bool
) -> None:
    fake = make_fake(FakeGpu(instant=False, average=False))
    source = open_nvml()
    assert len(source.read()) == 2

    fake.update(faults=[Fault("nvmlDeviceGetPowerUsage", code)])
    (during,) = source.read()
    fake.update(faults=[])
    after = source.read()

    assert isinstance(during, EnergyReading)
    assert len(after) == (1 if is_for_good else 2)


@pytest.mark.parametrize("code", [15, 16, 28])
def test_a_lost_gpu_is_said_once_and_the_others_go_on(
    make_fake: MakeFake, open_nvml: OpenNvml, code: int
) -> None:
    fake = make_fake(FakeGpu(), FakeGpu())
    source = open_nvml()
    fake.update(faults=[Fault(FIELDS, code, gpu=0)])

    first, second = source.read(), source.read()

    assert isinstance(failure_of(first).error, SourceGone)
    assert {result.device_id for result in second} == {SECOND}


def test_when_every_gpu_is_lost_so_is_the_source(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    fake = make_fake()
    source = open_nvml()
    fake.update(faults=[Fault(FIELDS, 15)])

    assert isinstance(failure_of(source.read()).error, SourceGone)
    with pytest.raises(SourceGone, match="no GPU is left"):
        source.read()


def test_a_gpu_that_no_longer_gives_anything_is_gone(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake(FakeGpu(), FakeGpu())
    source = open_nvml()
    fake.update([FakeGpu(counter=False, average=False, instant=False, usage=False), FakeGpu()])

    assert isinstance(failure_of(source.read()).error, SourceGone)
    assert {result.device_id for result in source.read()} == {SECOND}


def test_another_users_shutdown_is_survived(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    make_fake()
    source = open_nvml()
    pynvml.nvmlShutdown()  # once too often, as some training code does

    assert energy_of(source.read())
    assert energy_of(source.read())


def test_a_shutdown_that_cannot_be_undone_is_a_failed_read(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake()
    source = open_nvml()
    pynvml.nvmlShutdown()
    fake.update(init_error=9)

    with pytest.raises(SourceReadError, match="shut down by another"):
        source.read()
    fake.update(init_error=0)
    assert energy_of(source.read())
