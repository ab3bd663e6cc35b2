"""Processors and cards by the kernel's counters, and files that do not answer."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fakes.hardware import HardwareTree
from fakes.host import host_in
from fakes.opening import figures, opened
from fakes.powercap import ProcTree
from fakes.privilege import unprivileged
from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import EnergyReading, ReadFailure
from tracker.ports.source import SourcePlugin
from tracker.sources import (
    acpi_power_meter,
    amd_energy,
    amd_gpu,
    cray,
    intel_gpu,
    jetson,
)
from tracker.sources._kernel_files import Channel, KernelFiles

PLUGINS: tuple[SourcePlugin, ...] = (
    acpi_power_meter,
    amd_energy,
    amd_gpu,
    cray,
    intel_gpu,
    jetson,
)
ORIN_NX = {"VDD_IN": (5000, 2000), "VDD_CPU_GPU_CV": (5000, 800), "VDD_SOC": (5000, 400)}
AGX_ORIN = {"VDD_GPU_SOC": (19000, 500), "VDD_CPU_CV": (19000, 200), "VIN_SYS_5V0": (5000, 900)}


@pytest.fixture
def tree(tmp_path: Path) -> HardwareTree:
    return HardwareTree(tmp_path / "sys")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_absent_hardware_is_silent_and_costs_next_to_nothing(
    tmp_path: Path, plugin: SourcePlugin
) -> None:
    host = host_in(tmp_path)
    took_s = []
    for _ in range(5):
        start_s = time.perf_counter()
        with pytest.raises(SourceUnavailable) as raised:
            plugin.open(host)
        took_s.append(time.perf_counter() - start_s)

    assert raised.value.fix == ""
    assert min(took_s) < 0.001


# --- amd_energy ---------------------------------------------------------------------------


def test_of_amd_energy_only_the_sockets_count(tmp_path: Path, tree: HardwareTree) -> None:
    ProcTree(tmp_path / "proc").write_cpu("AMD EPYC 7763 64-Core Processor")
    tree.amd_energy(["Ecore000", "Ecore001", "Esocket0", "Esocket1"])

    with opened(amd_energy, tmp_path) as source:
        devices = source.devices().devices
        energies_j = figures(source.read())

    assert energies_j == {"cpu:package-0": 3.0, "cpu:package-1": 4.0}
    assert devices[0].name == "AMD EPYC 7763 64-Core Processor (package-0)"
    assert devices[0].accuracy.accuracy_class == "counter:cpu"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are for their owner alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_forbidden_counters_come_with_the_command_that_opens_them(open_folder: Path) -> None:
    tree = HardwareTree(open_folder / "sys")
    hwmon = tree.sys_path / tree.amd_energy(["Esocket0", "Esocket1"])
    for number in (1, 2):
        (hwmon / f"energy{number}_input").chmod(0)

    with unprivileged(), pytest.raises(SourceUnavailable) as raised:
        amd_energy.open(host_in(open_folder))

    assert "2 readings are there, but none can be opened" in str(raised.value)
    assert "energy2_input: Permission denied" in str(raised.value)
    assert "sudo chmod" in raised.value.fix


def test_a_single_forbidden_counter_is_said_and_the_other_is_read(open_folder: Path) -> None:
    tree = HardwareTree(open_folder / "sys")
    hwmon = tree.sys_path / tree.amd_energy(["Esocket0", "Esocket1"])
    (hwmon / "energy1_input").chmod(0)

    with unprivileged(), opened(amd_energy, open_folder) as source:
        inventory = source.devices()

    assert [device.id for device in inventory.devices] == ["cpu:package-1"]
    assert [one.what for one in inventory.not_counted] == ["cpu:package-0"]


def test_a_rail_with_one_file_missing_is_not_counted(tmp_path: Path, tree: HardwareTree) -> None:
    hwmon = tree.sys_path / tree.ina3221(ORIN_NX)
    (hwmon / "curr1_input").unlink()

    with pytest.raises(SourceUnavailable, match="curr1_input: No such file") as raised:
        jetson.open(host_in(tmp_path))

    assert raised.value.fix == ""


@pytest.mark.parametrize(("number", "is_gone"), [(errno.ENODEV, True), (errno.EIO, False)])
def test_a_device_that_has_left_is_closed_and_one_that_fails_is_kept(
    tmp_path: Path, tree: HardwareTree, number: int, *, is_gone: bool
) -> None:
    def convert(values: Sequence[int]) -> float:
        raise OSError(number, f"as the kernel says, of {values}")

    path = tree.put("power", 1)
    device = Device("gpu:x", DeviceKind.GPU, "x", Accuracy.of("polled:hwmon", 0.9, 1.1))
    source = KernelFiles(host_in(tmp_path), [Channel(device, (path,), convert, counts=False)])
    (failure,) = source.read()

    assert isinstance(failure, ReadFailure)
    assert isinstance(failure.error, SourceGone) is is_gone
    if is_gone:
        with pytest.raises(SourceGone):
            source.read()
    else:
        assert source.read()
    source.close()


# --- intel_gpu ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "counters", "energy_j"),
    [
        ("xe", {"energy1_input": 9_000_000, "energy2_input": 7_000_000}, 9.0),
        ("xe", {"energy2_input": 7_000_000}, 7.0),
        ("i915", {"energy1_input": 9_000_000}, 9.0),
    ],
)
def test_of_an_intel_card_one_counter_counts(
    tmp_path: Path,
    tree: HardwareTree,
    driver: str,
    counters: dict[str, int],
    energy_j: float,
) -> None:
    tree.intel_card("0000:03:00.0", driver, counters=counters, tiles=2)

    with opened(intel_gpu, tmp_path) as source:
        (device,) = source.devices().devices
        energies_j = figures(source.read())

    assert energies_j == {"gpu:0000:03:00.0": energy_j}
    assert device.name == "Intel GPU 8086:56a0 (0000:03:00.0)"
    assert device.accuracy.accuracy_class == "counter:hwmon"


def test_integrated_graphics_is_in_the_package_already(tmp_path: Path, tree: HardwareTree) -> None:
    tree.put("bus/pci/drivers/i915/0000:00:02.0/device", "0x9a49")

    with pytest.raises(SourceUnavailable, match="no card with an energy counter"):
        intel_gpu.open(host_in(tmp_path))


def test_a_counter_without_a_number_does_not_hide_the_other_card(
    tmp_path: Path, tree: HardwareTree
) -> None:
    hwmon = tree.intel_card("0000:03:00.0", "xe", counters={"energy1_input": 1})
    tree.intel_card("0000:04:00.0", "xe", counters={"energy1_input": 2_000_000})
    with opened(intel_gpu, tmp_path) as source:
        tree.put(f"{hwmon}/energy1_input", "")
        failure, other = source.read()

    assert isinstance(failure, ReadFailure)
    assert isinstance(failure.error, SourceReadError)
    assert "holds no number" in str(failure.error)
    assert isinstance(other, EnergyReading)
