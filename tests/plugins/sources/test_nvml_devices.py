"""Which GPUs the source finds, and what it says of the others."""

from __future__ import annotations

import math
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pynvml
import pytest
from msgspec.structs import replace

from fakes.nvml import FakeGpu, FakeNvml, Fault, fake_uuid
from fakes.nvml.build import build
from tracker.errors import SourceUnavailable
from tracker.model.device import Device, DeviceKind, NotCounted
from tracker.ports.source import Source
from tracker.sources._nvml_library import expect_own_binding, text

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]

A100 = FakeGpu(name="NVIDIA A100-SXM4-80GB", architecture=7)
SILENT = FakeGpu(counter=False, average=False, instant=False, usage=False)
V100 = FakeGpu(name="Tesla V100-SXM2-16GB", architecture=5)
MIG = "MIG-5aa6b0a1-0000-4000-8000-000000000001"


def board_range(device: Device) -> tuple[float, float]:
    """True over read of one board, put together from the common and the own part."""
    accuracy = device.accuracy
    half = math.hypot(accuracy.common_ratio.half_width, accuracy.own_ratio.half_width)
    return accuracy.common_ratio.midpoint - half, accuracy.common_ratio.midpoint + half


def test_every_gpu_is_a_device_known_by_its_uuid(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    make_fake(FakeGpu(), FakeGpu())

    inventory = open_nvml().devices()

    assert [device.id for device in inventory.devices] == [f"gpu:{fake_uuid(n)}" for n in (0, 1)]
    assert inventory.not_counted == ()
    assert inventory.devices[0].kind is DeviceKind.GPU
    assert inventory.devices[0].name == "NVIDIA H100 80GB HBM3"
    assert inventory.devices[0].refresh_s == 0.1


@pytest.mark.parametrize(
    ("gpu", "accuracy_class", "ratio"),
    [
        (FakeGpu(), "counter:gpu", (0.98, 1.09)),
        (A100, "counter:gpu", (0.98, 1.09)),
        (V100, "counter:gpu", (0.92, 1.10)),
        (replace(A100, counter=False), "polled:gpu", (0.975, 1.095)),
        (FakeGpu(counter=False, average=False), "polled:gpu", (0.975, 1.095)),
        (replace(A100, counter=False, average=False), "polled:gpu", (0.885, 1.185)),
        (replace(V100, counter=False, average=False), "polled:gpu", (0.90, 1.12)),
    ],
)
def test_the_range_is_that_of_the_board_and_the_way(
    make_fake: MakeFake,
    open_nvml: OpenNvml,
    gpu: FakeGpu,
    accuracy_class: str,
    ratio: tuple[float, float],
) -> None:
    make_fake(gpu)

    (device,) = open_nvml().devices().devices

    assert device.accuracy.accuracy_class == accuracy_class
    assert board_range(device) == pytest.approx(ratio, abs=0.002)


def test_hidden_gpus_are_not_counted_and_the_variable_is_named(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(FakeGpu(), FakeGpu())

    inventory = open_nvml(CUDA_VISIBLE_DEVICES="1").devices()

    assert [device.id for device in inventory.devices] == [f"gpu:{fake_uuid(1)}"]
    assert inventory.not_counted == (
        NotCounted(
            f"GPU 0 ({fake_uuid(0)})", "not visible to this process: CUDA_VISIBLE_DEVICES=1"
        ),
    )


def test_with_every_gpu_hidden_there_is_nothing_to_read(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake()
    source = open_nvml(CUDA_VISIBLE_DEVICES="")

    assert source.devices().devices == ()
    assert len(source.devices().not_counted) == 1
    assert list(source.read()) == []


def test_a_mig_instance_stands_for_its_whole_board(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(FakeGpu(), FakeGpu(mig=[MIG]))

    (device,) = open_nvml(CUDA_VISIBLE_DEVICES=MIG).devices().devices

    assert device.id == f"gpu:{fake_uuid(1)}"
    assert device.name.endswith("(whole board of a MIG instance)")


@pytest.mark.parametrize("code", [4, 999])
def test_an_index_that_is_refused_does_not_hide_the_others(
    make_fake: MakeFake, open_nvml: OpenNvml, code: int
) -> None:
    make_fake(FakeGpu(), FakeGpu(), faults=[Fault("nvmlDeviceGetHandleByIndex_v2", code, gpu=0)])

    inventory = open_nvml().devices()

    assert [device.id for device in inventory.devices] == [f"gpu:{fake_uuid(1)}"]
    (refused,) = inventory.not_counted
    assert refused.what == "GPU 0"
    assert ("not given to this process" in refused.reason) is (code == 4)


def test_a_gpu_without_any_reading_is_not_counted_rather_than_0_j(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(
        replace(SILENT, name="GRID T4-4Q", utilization=-1),
        replace(SILENT, name="GRID T4-8Q", limit_w=0),
        FakeGpu(),
    )
    source = open_nvml()
    inventory = source.devices()

    assert [device.id for device in inventory.devices] == [f"gpu:{fake_uuid(2)}"]
    assert inventory.not_counted[0].what == f"GPU 0 ({fake_uuid(0)})"
    assert "neither an energy counter nor a power reading" in inventory.not_counted[0].reason
    assert len(inventory.not_counted) == 2
    assert {reading.device_id for reading in source.read()} == {f"gpu:{fake_uuid(2)}"}


def test_a_driver_that_does_not_tell_the_architecture_gets_the_widest_range(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(faults=[Fault("nvmlDeviceGetArchitecture", 13)])

    (device,) = open_nvml().devices().devices

    assert board_range(device) == pytest.approx((0.92, 1.10))


def test_the_versions_are_kept_for_the_record(make_fake: MakeFake, open_nvml: OpenNvml) -> None:
    make_fake(driver_version="470.82.01", nvml_version="11.470.82.01")

    assert open_nvml().devices().versions == {
        "nvidia driver": "470.82.01",
        "nvml": "11.470.82.01",
    }


@pytest.mark.parametrize("fault", ["nvmlSystemGetDriverVersion", "nvmlSystemGetNVMLVersion"])
def test_a_version_that_is_not_told_is_left_out(
    make_fake: MakeFake, open_nvml: OpenNvml, fault: str
) -> None:
    make_fake(faults=[Fault(fault, 999)])

    inventory = open_nvml().devices()

    assert len(inventory.versions) == 1
    assert len(inventory.devices) == 1


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        (12, "no NVIDIA driver", ""),
        (9, "no NVIDIA driver is loaded", ""),
        (18, "driver and library differ", "reboot"),
        (999, "NVML does not start: .*999", ""),
    ],
)
def test_an_nvml_that_does_not_start_is_unavailable(
    make_fake: MakeFake, open_nvml: OpenNvml, code: int, message: str, fix: str
) -> None:
    make_fake(init_error=code)

    with pytest.raises(SourceUnavailable, match=message) as raised:
        open_nvml()

    assert fix in raised.value.fix
    assert bool(raised.value.fix) is bool(fix)


def test_a_machine_whose_nvml_lists_no_gpu_has_none(tmp_path: Path, open_nvml: OpenNvml) -> None:
    fake = FakeNvml(tmp_path, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*fake.variable)
        fake.load()
        with pytest.raises(SourceUnavailable, match="lists no GPU"):
            open_nvml()


def test_an_nvml_that_does_not_list_is_unavailable_and_left_as_it_was(
    make_fake: MakeFake, open_nvml: OpenNvml
) -> None:
    make_fake(faults=[Fault("nvmlDeviceGetCount_v2", 999)])

    with pytest.raises(SourceUnavailable, match="does not list its GPUs"):
        open_nvml()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()


def test_the_other_package_of_the_same_name_is_found_out() -> None:
    with pytest.raises(SourceUnavailable, match="hides nvidia-ml-py") as raised:
        expect_own_binding(types.ModuleType("pynvml"))

    assert raised.value.fix.startswith("pip uninstall --yes pynvml && pip install")


def test_strings_may_be_bytes() -> None:
    assert text(b"NVIDIA H100") == text("NVIDIA H100") == "NVIDIA H100"


READ_ONCE = """
import os, pathlib, time
from tracker.errors import SourceUnavailable
from tracker.model.host import Host
from tracker.sources import nvml
host = Host(pathlib.Path("/sys"), pathlib.Path("/proc"), os.environ, time.monotonic_ns)
try:
    source = nvml.open(host)
except SourceUnavailable as error:
    print(error, "|", error.fix)
else:
    print(*[type(reading).__name__ for reading in source.read()])
    source.close()
"""


def read_in_another_process(environ: dict[str, str]) -> str:
    command = [sys.executable, "-W", "error", "-c", READ_ONCE]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_another_process_finds_the_fake_by_its_path(tmp_path: Path) -> None:
    assert read_in_another_process(FakeNvml(tmp_path).environ()) == (
        "EnergyReading PowerReading PowerReading"
    )


def test_a_driver_too_old_for_field_values_is_read_by_function(tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, [V100])
    old = build(tmp_path / "old", "WITHOUT_FIELD_VALUES")
    environ = fake.environ() | {"LD_LIBRARY_PATH": str(old.parent)}

    assert read_in_another_process(environ) == "EnergyReading PowerReading"


def test_without_the_library_there_is_no_driver(tmp_path: Path) -> None:
    unloadable = tmp_path / "libnvidia-ml.so.1"
    unloadable.write_text("not a library")  # found before a real one, where there is one
    environ = FakeNvml(tmp_path).environ() | {"LD_LIBRARY_PATH": str(tmp_path)}

    output = read_in_another_process(environ)

    assert output == "no NVIDIA driver: libnvidia-ml.so.1 was not found |"
