"""Meters of boards, modules and nodes: ACPI, Jetson, Cray."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from fakes.hardware import HardwareTree
from fakes.host import host_in
from fakes.opening import devices_of, figures, is_covered, opened
from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import DeviceKind
from tracker.model.reading import EnergyReading, PowerReading
from tracker.sources import acpi_power_meter, cray, jetson

ORIN_NX = {"VDD_IN": (5000, 2000), "VDD_CPU_GPU_CV": (5000, 800), "VDD_SOC": (5000, 400)}
AGX_ORIN = {"VDD_GPU_SOC": (19000, 500), "VDD_CPU_CV": (19000, 200), "VIN_SYS_5V0": (5000, 900)}


@pytest.fixture
def tree(tmp_path: Path) -> HardwareTree:
    return HardwareTree(tmp_path / "sys")


# --- acpi_power_meter ---------------------------------------------------------------------


def test_a_grace_hopper_module_is_one_whole_and_the_cpu_side_its_part(
    tmp_path: Path, tree: HardwareTree
) -> None:
    labels = ("Module", "Grace", "CPU", "SysIO")
    for number, (label, power_w) in enumerate(zip(labels, (500, 120, 90, 20), strict=True)):
        tree.power_meter(number, power_w, f"{label} Power Socket 0")

    with opened(acpi_power_meter, tmp_path) as source:
        module, grace = source.devices().devices
        readings = source.read()

    assert figures(readings) == {"platform:module-0": 500.0, "cpu:grace-0": 120.0}
    assert isinstance(readings[0], PowerReading)
    assert readings[0].window_s == pytest.approx(0.05)
    assert is_covered(grace, by=module)
    assert not is_covered(module, by=grace)
    assert module.accuracy.accuracy_class == "polled:hwmon"


def test_two_grace_processors_are_added_with_their_memory(
    tmp_path: Path, tree: HardwareTree
) -> None:
    for socket in (0, 1):
        tree.power_meter(2 * socket, 200, f"Grace Power Socket {socket}")
        tree.power_meter(2 * socket + 1, 150, f"CPU Power Socket {socket}")

    found = devices_of(acpi_power_meter, tmp_path)

    assert list(found) == ["cpu:grace-0", "cpu:grace-1"]
    assert all(device.covers == ("dram:*",) for device in found.values())


def test_without_the_wider_meters_the_rail_counts(tmp_path: Path, tree: HardwareTree) -> None:
    tree.power_meter(0, 150, "CPU Power Socket 0")

    (device,) = devices_of(acpi_power_meter, tmp_path).values()

    assert (device.id, device.covers) == ("cpu:grace-0", ())


def test_a_meter_without_a_label_is_the_whole_machine(tmp_path: Path, tree: HardwareTree) -> None:
    tree.power_meter(0, 412)
    tree.power_meter(1, 30, is_battery=True)

    (device,) = devices_of(acpi_power_meter, tmp_path).values()

    assert (device.id, device.kind) == ("node:acpi", DeviceKind.NODE)
    assert device.covers == ("cpu:*", "dram:*", "gpu:*", "platform:*", "node:ipmi")


def test_of_several_meters_without_a_label_none_is_taken_for_the_whole(
    tmp_path: Path, tree: HardwareTree
) -> None:
    tree.power_meter(0, 412)
    tree.power_meter(1, 390)

    with pytest.raises(SourceUnavailable, match="several power meters without a label"):
        acpi_power_meter.open(host_in(tmp_path))


def test_a_silent_meter_is_named_beside_one_that_counts(tmp_path: Path, tree: HardwareTree) -> None:
    tree.power_meter(0, 412)
    tree.power_meter(1, 0)

    with opened(acpi_power_meter, tmp_path) as source:
        inventory = source.devices()

    assert [device.id for device in inventory.devices] == ["node:acpi"]
    assert [one.what for one in inventory.not_counted] == ["power meter ACPI000D:01"]


def test_a_meter_that_reads_nothing_covers_nothing(tmp_path: Path, tree: HardwareTree) -> None:
    tree.power_meter(0, 0)

    with pytest.raises(SourceUnavailable, match="reads 0 W"):
        acpi_power_meter.open(host_in(tmp_path))


# --- jetson -------------------------------------------------------------------------------


def test_the_input_rail_is_the_whole_module(tmp_path: Path, tree: HardwareTree) -> None:
    tree.ina3221(ORIN_NX)

    with opened(jetson, tmp_path) as source:
        inventory = source.devices()
        powers_w = figures(source.read())

    (device,) = inventory.devices
    assert powers_w == {"node:jetson": pytest.approx(10.0)}
    assert device.covers == ("cpu:*", "dram:*", "gpu:*")
    assert inventory.not_counted == ()


def test_the_nanos_rails_lie_within_its_input(tmp_path: Path, tree: HardwareTree) -> None:
    rails = {"POM_5V_IN": (5000, 1000), "POM_5V_GPU": (5000, 300), "POM_5V_CPU": (5000, 400)}
    tree.ina3221(rails, driver="ina3221x", at="6-0040")

    found = devices_of(jetson, tmp_path)

    assert set(found) == {"node:jetson", "gpu:POM_5V_GPU", "cpu:POM_5V_CPU"}
    parts = (device for device in found.values() if device.kind is not DeviceKind.NODE)
    assert all(is_covered(part, by=found["node:jetson"]) for part in parts)


def test_without_an_input_rail_the_others_are_named(tmp_path: Path, tree: HardwareTree) -> None:
    tree.ina3221(AGX_ORIN)

    with opened(jetson, tmp_path) as source:
        inventory = source.devices()
        powers_w = figures(source.read())

    assert powers_w == {
        "gpu:VDD_GPU_SOC": pytest.approx(9.5),
        "cpu:VDD_CPU_CV": pytest.approx(3.8),
    }
    assert [one.what for one in inventory.not_counted] == ["rail VIN_SYS_5V0"]


def test_unknown_rails_are_named_rather_than_guessed(tmp_path: Path, tree: HardwareTree) -> None:
    tree.ina3221({"VDD_CAMERA": (5000, 100), "NC": (0, 0)})

    with pytest.raises(SourceUnavailable, match=r"\(VDD_CAMERA\)"):
        jetson.open(host_in(tmp_path))


# --- cray ---------------------------------------------------------------------------------

NODE = {
    "energy": "1000 J 1700000000000000 us",
    "power": "812 W 1700000000000000 us",
    "cpu_energy": "300 J 1700000000000000 us",
    "memory_energy": "80 J 1700000000000000 us",
    "accel0_energy": "200 J 1700000000000000 us",
    "accel1_energy": "210 J 1700000000000000 us",
    "freshness": 4711,
    "startup": 1699000000,
    "power_cap": "0 W",
}


def test_a_cray_node_is_the_whole_of_its_parts(tmp_path: Path, tree: HardwareTree) -> None:
    tree.cray(NODE)

    with opened(cray, tmp_path) as source:
        found = {device.id: device for device in source.devices().devices}
        readings = source.read()

    parts = ("cpu:cray", "dram:cray", "gpu:cray-accel0", "gpu:cray-accel1")
    energies_j = [one.energy_j for one in readings if isinstance(one, EnergyReading)]
    assert tuple(found) == ("node:cray", *parts)
    assert energies_j == [1000, 300, 80, 200, 210]
    assert [one.power_w for one in readings if isinstance(one, PowerReading)] == [812]
    assert all(is_covered(found[part], by=found["node:cray"]) for part in parts)
    assert found["node:cray"].accuracy.accuracy_class == "counter:node"
    assert found["node:cray"].refresh_s == 0.1


@pytest.mark.parametrize(
    ("part", "same_hardware"),
    [
        ("cpu:cray", ["cpu:package-0", "cpu:node"]),
        ("dram:cray", ["dram:package-1", "dram:node"]),
        ("gpu:cray-accel0", ["gpu:GPU-8a1b", "gpu:0000:c1:00.0"]),
    ],
)
def test_a_crays_part_covers_what_others_read_of_it_but_not_its_like(
    tmp_path: Path, tree: HardwareTree, part: str, same_hardware: list[str]
) -> None:
    tree.cray(NODE)

    (pattern,) = devices_of(cray, tmp_path)[part].covers

    assert all(fnmatchcase(device_id, pattern) for device_id in same_hardware)
    assert not fnmatchcase(part, pattern)


def test_a_cray_node_without_accelerators_or_freshness_is_read(
    tmp_path: Path, tree: HardwareTree
) -> None:
    tree.cray({"energy": NODE["energy"]})

    with opened(cray, tmp_path) as source:
        assert figures(source.read()) == {"node:cray": 1000.0}


def test_a_restarted_controller_counts_from_0_and_never_wraps(
    tmp_path: Path, tree: HardwareTree
) -> None:
    tree.cray(NODE)
    with opened(cray, tmp_path) as source:
        tree.cray({"energy": "3 J 1700000001000000 us", "startup": 1700000001})
        energy = source.read()[0]

    assert isinstance(energy, EnergyReading)
    assert (energy.energy_j, energy.wraps_at_j) == (3.0, None)


def test_a_cray_file_without_a_number_is_a_failed_read(tmp_path: Path, tree: HardwareTree) -> None:
    tree.cray(NODE)
    with opened(cray, tmp_path) as source:
        tree.cray({"energy": ""})

        with pytest.raises(SourceReadError, match="pm_counters"):
            source.read()


def test_after_closing_nothing_is_left_to_read(tmp_path: Path, tree: HardwareTree) -> None:
    tree.power_meter(0, 412)
    source = acpi_power_meter.open(host_in(tmp_path))
    source.close()

    with pytest.raises(SourceGone):
        source.read()
