"""AMD GPUs: which are ours, which way each is read, and what holds what."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.hardware import HardwareTree
from fakes.host import ManualClock, host_in
from fakes.nvml.build import cached
from tracker.errors import SourceGone, SourceReadError
from tracker.model.device import NotCounted
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure
from tracker.sources import amd_gpu
from tracker.sources._amd_cards import cards

FIRST, SECOND, THIRD, FOURTH = (f"0000:{bus}:00.0" for bus in ("c1", "c6", "c9", "ce"))
BUSY = {"power1_average": 300_000_000}


class AmdSmiError(Exception):
    """What AMD's library raises."""


class FakeSmi:
    """AMD's library: its GPUs count ``ticks`` of 15.3 µJ, and more after each step."""

    AmdSmiException = AmdSmiError

    def __init__(self, ticks: Mapping[str, int], *, key: str = "energy_accumulator") -> None:
        self.ticks = dict(ticks)
        self.key = key
        self.is_shut_down = False

    def amdsmi_get_processor_handles(self) -> list[str]:
        return list(self.ticks)

    def amdsmi_get_gpu_device_bdf(self, handle: str) -> str:
        return handle.upper()

    def amdsmi_get_energy_count(self, handle: str) -> dict[str, float]:
        if self.ticks[handle] < 0:
            raise AmdSmiError
        return {self.key: self.ticks[handle], "counter_resolution": 15.3, "timestamp": 1}

    def amdsmi_shut_down(self) -> None:
        self.is_shut_down = True
        raise AmdSmiError

    def step(self) -> None:
        """Let every counter that moves move."""
        self.ticks = {one: ticks + 1000 * (ticks % 2) for one, ticks in self.ticks.items()}


@pytest.fixture
def tree(tmp_path: Path) -> HardwareTree:
    return HardwareTree(tmp_path / "sys")


@contextmanager
def opened(
    folder: Path, smi: FakeSmi | None = None, **environ: str
) -> Iterator[amd_gpu.AmdGpuSource]:
    host = host_in(folder, environ, ManualClock())
    pause: Callable[[], None] = smi.step if smi else lambda: None
    source = amd_gpu.AmdGpuSource(host, cards(host.sys_path), smi, pause)
    try:
        yield source
    finally:
        source.close()


def ids(source: amd_gpu.AmdGpuSource) -> list[str]:
    return [device.id.removeprefix("gpu:") for device in source.devices().devices]


@pytest.mark.parametrize("name", ["power1_average", "power1_input"])
def test_without_the_library_the_power_is_polled(
    tmp_path: Path, tree: HardwareTree, name: str
) -> None:
    tree.amd_card(FIRST, "744c", hwmon={name: 212_000_000})

    source = amd_gpu.open(host_in(tmp_path))
    (device,) = source.devices().devices
    (reading,) = source.read()
    source.close()

    assert (device.id, device.name) == (f"gpu:{FIRST}", "AMD GPU 1002:744c")
    assert device.accuracy.accuracy_class == "polled:hwmon"
    assert device.covers == ()
    assert isinstance(reading, PowerReading)
    assert reading.power_w == 212.0


@pytest.mark.parametrize("key", ["energy_accumulator", "power"])
def test_the_librarys_counter_is_booked_and_the_power_beside_it(
    tmp_path: Path, tree: HardwareTree, key: str
) -> None:
    tree.amd_card(FIRST, "74a1", hwmon=BUSY)
    smi = FakeSmi({FIRST: 10_000_001}, key=key)

    with opened(tmp_path, smi) as source:
        (device,) = source.devices().devices
        energy, power = source.read()

    assert device.accuracy.accuracy_class == "counter:hwmon"
    assert isinstance(energy, EnergyReading)
    assert energy.energy_j == pytest.approx(smi.ticks[FIRST] * 15.3e-6)
    assert isinstance(power, PowerReading)
    assert smi.is_shut_down


def test_the_kernels_own_counter_needs_no_library(tmp_path: Path, tree: HardwareTree) -> None:
    tree.amd_card(FIRST, "744c", hwmon={"energy1_input": 42_000_000})

    with opened(tmp_path) as source:
        (energy,) = source.read()

    assert isinstance(energy, EnergyReading)
    assert energy.energy_j == 42.0


@pytest.mark.parametrize(
    ("chip", "ticks"),
    [
        ("738c", 10_000_001),  # MI100: known to stand still
        ("740f", 10_000_001),  # MI210: the same
        ("74a1", 10_000_000),  # stands still while 300 W are drawn
        ("74a1", 0),
        ("74a1", -1),
    ],
)
def test_a_counter_that_is_stuck_is_not_believed(
    tmp_path: Path, tree: HardwareTree, chip: str, ticks: int
) -> None:
    tree.amd_card(FIRST, chip, hwmon=BUSY)

    with opened(tmp_path, FakeSmi({FIRST: ticks})) as source:
        (device,) = source.devices().devices
        (reading,) = source.read()

    assert device.accuracy.accuracy_class == "polled:hwmon"
    assert isinstance(reading, PowerReading)


def mi250x(tree: HardwareTree) -> None:
    for number, address in enumerate((FIRST, SECOND, THIRD, FOURTH)):
        power_uw = 0 if number % 2 else 400_000_000
        tree.amd_card(address, "7408", hwmon={"power1_average": power_uw}, number=number)


def test_the_first_die_of_an_mi250x_stands_for_both(tmp_path: Path, tree: HardwareTree) -> None:
    mi250x(tree)

    with opened(tmp_path) as source:
        found = ids(source)
        inventory = source.devices()

    assert found == [FIRST, THIRD]
    assert inventory.devices[0].name == "AMD Instinct MI250X (both dies)"
    assert inventory.not_counted[0] == NotCounted(
        f"AMD Instinct MI250X ({SECOND})", f"its energy is in that of {FIRST}"
    )


def test_a_second_die_alone_is_read_through_its_first(tmp_path: Path, tree: HardwareTree) -> None:
    mi250x(tree)

    with opened(tmp_path, ROCR_VISIBLE_DEVICES="3") as source:
        assert ids(source) == [THIRD]


@pytest.mark.parametrize(
    ("chip", "metrics", "is_apu"),
    [
        ("1681", (2, 4), True),
        ("150e", (3, 0), True),
        ("74a0", (1, 5), True),
        ("744c", (1, 3), False),
    ],
)
def test_an_apus_power_holds_the_processors(
    tmp_path: Path, tree: HardwareTree, chip: str, metrics: tuple[int, int], *, is_apu: bool
) -> None:
    tree.amd_card(FIRST, chip, hwmon=BUSY, metrics=metrics)

    with opened(tmp_path) as source:
        (device,) = source.devices().devices

    assert device.covers == (("cpu:*",) if is_apu else ())
    assert device.name.endswith("(processor and graphics)") is is_apu


def test_numbers_follow_the_compute_drivers_order(tmp_path: Path, tree: HardwareTree) -> None:
    tree.amd_card(FIRST, "74a1", hwmon=BUSY)
    tree.amd_card(SECOND, "74a1", hwmon=BUSY, number=1)
    tree.kfd_node(0)  # a processor
    tree.kfd_node(1, SECOND)
    tree.kfd_node(10, FIRST)  # as a number behind 2, as a text before it
    tree.kfd_node(2, SECOND)  # its second partition

    with opened(tmp_path, HIP_VISIBLE_DEVICES="0,1") as source:
        found = ids(source)
        (hidden,) = source.devices().not_counted

    assert found == [SECOND]
    assert hidden.reason == "not visible to this process: HIP_VISIBLE_DEVICES=0,1"


def test_what_the_job_keeps_back_is_not_ours(tmp_path: Path, tree: HardwareTree) -> None:
    tree.amd_card(FIRST, "74a1", hwmon=BUSY)
    tree.amd_card(SECOND, "74a1", hwmon=BUSY, number=1)
    tree.kfd_node(1, FIRST, readable=False)
    tree.kfd_node(2, SECOND)

    with opened(tmp_path) as source:
        assert ids(source) == [SECOND]
        assert "a job keeps it back" in source.devices().not_counted[0].reason


def test_a_card_in_a_guest_is_not_counted_rather_than_0_j(
    tmp_path: Path, tree: HardwareTree
) -> None:
    tree.amd_card(FIRST, "74b5", hwmon={})

    with opened(tmp_path) as source:
        inventory = source.devices()
        assert list(source.read()) == []

    assert inventory.devices == ()
    assert "neither an energy counter nor a power" in inventory.not_counted[0].reason


def test_a_reading_that_fails_is_tried_again(tmp_path: Path, tree: HardwareTree) -> None:
    tree.amd_card(FIRST, "744c", hwmon=BUSY)
    power = f"bus/pci/drivers/amdgpu/{FIRST}/hwmon/hwmon0/power1_average"

    with opened(tmp_path) as source:
        tree.put(power, "")
        (during,) = source.read()
        tree.put(power, 5_000_000)
        (after,) = source.read()

    assert isinstance(during, ReadFailure)
    assert isinstance(during.error, SourceReadError)
    assert not isinstance(during.error, SourceGone)
    assert isinstance(after, PowerReading)


def test_the_installed_library_is_used_and_nothing_is_printed(
    tmp_path: Path, tree: HardwareTree
) -> None:
    tree.amd_card(FIRST, "74a1", hwmon=BUSY)
    rocm = tmp_path / "rocm/lib"
    rocm.mkdir(parents=True)
    shutil.copy(cached(), rocm / "libamd_smi.so")  # any library that loads
    (tmp_path / "amdsmi.py").write_text(
        "import time\n"
        "class AmdSmiException(Exception): pass\n"
        "def amdsmi_init(): pass\n"
        "def amdsmi_shut_down(): pass\n"
        f"def amdsmi_get_processor_handles(): return ['{FIRST}']\n"
        "def amdsmi_get_gpu_device_bdf(handle): return handle\n"
        "def amdsmi_get_energy_count(handle):\n"
        "    return {'energy_accumulator': time.monotonic_ns(), 'counter_resolution': 15.3}\n"
    )
    script = (
        "import os, pathlib, time\n"
        "from tracker.model.host import Host\n"
        "from tracker.sources import amd_gpu\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "host = Host(folder / 'sys', folder / 'proc', os.environ, time.monotonic_ns)\n"
        "source = amd_gpu.open(host)\n"
        "assert type(source.read()[0]).__name__ == EXPECTED, source.read()\n"
        "source.close()\n"
    )
    environ = dict(os.environ) | {"PYTHONPATH": str(tmp_path)}

    for extra, expected in (
        ({"ROCM_PATH": str(rocm.parent)}, "EnergyReading"),
        ({}, "PowerReading"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script.replace("EXPECTED", repr(expected))],
            env=environ | extra,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
