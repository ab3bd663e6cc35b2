"""The fake keeps its word: what it publishes is the waveform that it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.nvml import FakeGpu, FakeNvml, Fault, Waveform

MakeFake = Callable[..., FakeNvml]

positive = st.floats(0.01, 50)


@pytest.fixture
def nvml(make_fake: MakeFake) -> Iterator[Callable[..., FakeNvml]]:
    """Makes the fake and initialises NVML over it."""
    started = []

    def make(*gpus: FakeGpu, **library: object) -> FakeNvml:
        fake = make_fake(*gpus, **library)
        pynvml.nvmlInit()
        started.append(fake)
        return fake

    yield make
    for _ in started:
        pynvml.nvmlShutdown()


@given(low_w=positive, high_w=positive, period_s=positive, phase_s=positive, end_s=positive)
def test_the_integral_is_that_of_the_power(
    low_w: float, high_w: float, period_s: float, phase_s: float, end_s: float
) -> None:
    wave = Waveform(low_w, high_w, period_s, phase_s)
    steps = 2000
    middle = [(step + 0.5) * end_s / steps for step in range(steps)]
    summed_j = sum(wave.power_w(instant_s) for instant_s in middle) * end_s / steps
    edges = 2 * end_s / period_s + 2
    tolerance_j = edges * abs(high_w - low_w) * end_s / steps + 1e-6

    assert wave.energy_j(0, end_s) == pytest.approx(summed_j, abs=tolerance_j)


def test_one_gpu_answers_everything_that_is_asked_of_a_gpu(nvml: MakeFake) -> None:
    nvml(FakeGpu(utilization=97, limit_w=650, processes=[(4242, 2**30)]))
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)

    assert pynvml.nvmlDeviceGetCount() == 1
    assert pynvml.nvmlSystemGetDriverVersion() == "550.54.15"
    assert pynvml.nvmlSystemGetNVMLVersion() == "12.550.54.15"
    assert pynvml.nvmlSystemGetCudaDriverVersion_v2() == 12040
    assert pynvml.nvmlDeviceGetName(handle) == "NVIDIA H100 80GB HBM3"
    assert pynvml.nvmlDeviceGetArchitecture(handle) == pynvml.NVML_DEVICE_ARCH_HOPPER
    assert pynvml.nvmlDeviceGetUtilizationRates(handle).gpu == 97
    assert pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) == 650_000
    assert pynvml.nvmlDeviceGetPowerManagementDefaultLimit(handle) == 650_000
    assert pynvml.nvmlDeviceGetMemoryInfo(handle).total == 80 * 2**30
    assert pynvml.nvmlDeviceGetMemoryInfo(handle, pynvml.nvmlMemory_v2).used == 2**30
    assert pynvml.nvmlDeviceGetMigMode(handle) == [0, 0]
    (process,) = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    assert (process.pid, process.usedGpuMemory) == (4242, 2**30)
    (same,) = pynvml.nvmlDeviceGetComputeRunningProcesses_v2(handle)
    assert same.pid == 4242


def test_a_gpu_is_found_by_each_of_its_names(nvml: MakeFake) -> None:
    nvml(FakeGpu(), FakeGpu())
    handle = pynvml.nvmlDeviceGetHandleByIndex(1)
    uuid = pynvml.nvmlDeviceGetUUID(handle)
    pci = pynvml.nvmlDeviceGetPciInfo(handle)

    by_uuid = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    by_pci = pynvml.nvmlDeviceGetHandleByPciBusId(pci.busId)

    assert pci.bus == 2
    assert pynvml.nvmlDeviceGetIndex(by_uuid) == pynvml.nvmlDeviceGetIndex(by_pci) == 1
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetHandleByUUID("GPU-none")


def test_an_average_is_the_mean_over_its_window(nvml: MakeFake) -> None:
    wave = Waveform(100, 300, period_s=0.5)
    nvml(FakeGpu(waveform=wave, average_window_s=1.0))
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)

    (average,) = pynvml.nvmlDeviceGetFieldValues(handle, [185])

    assert average.value.uiVal == 200_000  # two whole periods


def test_what_is_shown_was_published_at_the_last_refresh(nvml: MakeFake) -> None:
    fake = nvml(FakeGpu(waveform=Waveform.constant(1000), refresh_s=0.05, refresh_phase_s=0.02))
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    shown = []
    for _ in range(8):
        time.sleep(0.013)
        shown.append(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3 - 1000)
    now_j = fake.elapsed_s(time.monotonic_ns()) * 1000

    assert all((energy_j - 20) % 50 == pytest.approx(0, abs=0.01) for energy_j in shown)
    assert len(set(shown)) in {2, 3, 4}
    assert shown[-1] <= now_j


def test_a_call_can_fail_at_each_nth_time(nvml: MakeFake) -> None:
    nvml(faults=[Fault("nvmlDeviceGetPowerUsage", 999, every=3)])
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    failed = []
    for _ in range(6):
        try:
            pynvml.nvmlDeviceGetPowerUsage(handle)
        except pynvml.NVMLError_Unknown:
            failed.append(True)
        else:
            failed.append(False)

    assert failed == [False, False, True, False, False, True]


def test_a_start_can_hang_and_a_call_be_slow(nvml: MakeFake) -> None:
    start_s = time.monotonic()
    fake = nvml(init_hang_s=0.05)
    assert time.monotonic() - start_s >= 0.05

    fake.update(call_delay_s=0.03)
    start_s = time.monotonic()
    pynvml.nvmlDeviceGetCount()
    assert time.monotonic() - start_s >= 0.03
