"""GPUs of superchips, GPUs that tell nothing of their power, and a start that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

import pynvml
import pytest
from msgspec.structs import replace

from fakes.nvml import FakeGpu, FakeNvml, Fault, Waveform, fake_uuid
from tracker.errors import SourceGone, SourceUnavailable
from tracker.model.device import Device
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure
from tracker.ports.source import Source
from tracker.sources import _nvml_library

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]

STEADY = Waveform.constant(300.0)
MODULE = FakeGpu(waveform=STEADY, module_scope=True, module_extra_w=120.0)
GH200 = replace(MODULE, name="NVIDIA GH200 480GB")
SILENT = FakeGpu(counter=False, average=False, instant=False, usage=False, limit_w=400)


def only_device(source: Source) -> Device:
    (device,) = source.devices().devices
    return device


def power_of(source: Source) -> PowerReading:
    return [one for one in source.read() if isinstance(one, PowerReading)][-1]


@pytest.mark.parametrize("name", ["NVIDIA H100 80GB HBM3", "NVIDIA GB200"])
def test_where_the_gpus_own_power_is_told_the_module_is_left_alone(
    make_fake: MakeFake, open_nvml: OpenNvml, name: str
) -> None:
    make_fake(replace(MODULE, name=name))
    source = open_nvml()

    assert only_device(source).covers == ()
    assert only_device(source).name == name
    assert power_of(source).power_w == pytest.approx(300)


@pytest.mark.parametrize(
    "gpu",
    [
        GH200,
        replace(MODULE, gpu_scope=False),
        replace(MODULE, gpu_scope=False, counter=False),
        replace(GH200, counter=False),
    ],
)
def test_a_modules_power_holds_the_processors(
    make_fake: MakeFake, open_nvml: OpenNvml, gpu: FakeGpu
) -> None:
    make_fake(gpu)
    source = open_nvml()

    assert only_device(source).covers == ("cpu:*", "dram:*")
    assert only_device(source).name.endswith("(whole module: processor, memory and GPU)")
    assert power_of(source).power_w == pytest.approx(420)


def test_a_superchips_counter_is_the_modules_even_where_no_scope_says_so(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(replace(GH200, module_scope=False))

    assert only_device(open_nvml()).covers == ("cpu:*", "dram:*")


@pytest.mark.parametrize(("busy", "power_w"), [(0, 40), (50, 220), (100, 400)])
def test_a_gpu_that_tells_no_power_is_modelled_by_its_limit(
    make_fake: MakeFake, open_nvml: OpenNvml, busy: int, power_w: float
) -> None:
    make_fake(replace(SILENT, utilization=busy))
    source = open_nvml()
    device = only_device(source)
    time.sleep(0.02)
    first, second = power_of(source), power_of(source)

    assert device.accuracy.is_model
    assert device.accuracy.accuracy_class == "model:gpu"
    assert device.accuracy.common_ratio.low == pytest.approx(0.6)
    assert device.accuracy.common_ratio.high == pytest.approx(1.4)
    assert device.name.endswith("(estimated from its power limit and utilisation)")
    assert device.refresh_s == 0
    assert first.power_w == pytest.approx(power_w)
    elapsed_s = (second.monotonic_ns - first.monotonic_ns) / 1e9
    assert second.window_s == pytest.approx(elapsed_s)


def test_a_model_goes_on_after_another_users_shutdown(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(SILENT)
    source = open_nvml()
    pynvml.nvmlShutdown()

    assert power_of(source).power_w == pytest.approx(400)


def test_a_counted_gpu_does_not_become_a_modelled_one(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    fake = make_fake(FakeGpu())
    source = open_nvml()
    fake.update([SILENT])

    (failure,) = source.read()

    assert isinstance(failure, ReadFailure)
    assert isinstance(failure.error, SourceGone)


def test_a_modelled_gpu_that_is_lost_is_said(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    fake = make_fake(SILENT)
    source = open_nvml()
    fake.update(faults=[Fault("nvmlDeviceGetUtilizationRates", 15)])

    (failure,) = source.read()

    assert isinstance(failure, ReadFailure)
    assert failure.device_id == f"gpu:{fake_uuid(0)}"
    assert isinstance(failure.error, SourceGone)


def test_a_start_that_hangs_is_given_up_and_undone_if_it_ends(make_fake: MakeFake) -> None:
    make_fake(init_hang_s=0.3)

    start_s = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"has not returned within 0\.05 s") as raised:
        _nvml_library.start(pynvml, timeout_s=0.05)
    assert time.monotonic() - start_s < 0.25
    assert "nvidia-smi" in raised.value.fix

    time.sleep(0.5)
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()


def test_a_start_that_takes_a_while_is_waited_for(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    make_fake(init_hang_s=0.1)

    assert isinstance(open_nvml().read()[0], EnergyReading)
