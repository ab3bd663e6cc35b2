from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from fakes.host import ManualClock, host_in
from fakes.powercap import INTEL_RANGE_UJ, SMALL_RANGE_UJ, PowercapTree, ProcTree
from tracker.errors import SourceGone, SourceReadError
from tracker.model.device import Device, DeviceKind, NotCounted
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure
from tracker.sources import rapl
from tracker.sources._powercap import Zone, mirrors, zones

NOBODY = 65534


@pytest.fixture
def tree(tmp_path: Path) -> PowercapTree:
    return PowercapTree(tmp_path / "sys")


@contextmanager
def opened(folder: Path, clock: ManualClock | None = None) -> Iterator[rapl.RaplSource]:
    source = rapl.open(host_in(folder, clock=clock or ManualClock()))
    try:
        yield source
    finally:
        source.close()


def energies_j(readings: object) -> dict[str, float]:
    assert isinstance(readings, list)
    assert all(isinstance(reading, EnergyReading) for reading in readings)
    return {reading.device_id: reading.energy_j for reading in readings}


def test_packages_and_their_memory_count_and_the_platform_is_shown(
    tmp_path: Path, tree: PowercapTree
) -> None:
    for _ in range(11):
        tree.add_package()
    tree.add_psys()
    tree.add_mmio()

    with opened(tmp_path) as source:
        devices = source.devices().devices
        ids = [device.id for device in devices if device.added]

    assert [one.id for one in devices if not one.added] == ["platform:psys"]
    assert (tree.links / "intel-rapl:a").exists()  # the eleventh, in hexadecimal
    assert ids == [
        *(f"cpu:package-{number}" for number in range(11)),
        *(f"dram:package-{number}" for number in range(11)),
    ]


def test_the_parts_of_a_multi_die_package_count_each(tmp_path: Path, tree: PowercapTree) -> None:
    tree.add_package(name="package-0-die-0", dram=False)
    tree.add_package(name="package-0-die-1", dram=False)

    with opened(tmp_path) as source:
        ids = [device.id for device in source.devices().devices]

    assert ids == ["cpu:package-0-die-0", "cpu:package-0-die-1"]


def test_a_reading_is_the_counter_in_joules_with_the_time(
    tmp_path: Path, tree: PowercapTree
) -> None:
    tree.add_package(start_uj=5_000_000)
    clock = ManualClock()
    with opened(tmp_path, clock) as source:
        tree.advance(2.5)
        clock.advance(1.0)
        readings = source.read()

    assert energies_j(readings) == {"cpu:package-0": 7.5, "dram:package-0": 2.5}
    assert [reading.monotonic_ns for reading in readings if isinstance(reading, EnergyReading)] == [
        clock.now_ns,
        clock.now_ns,
    ]


@pytest.mark.parametrize("range_uj", [INTEL_RANGE_UJ, SMALL_RANGE_UJ])
def test_a_wrap_can_be_undone_to_the_microjoule(
    tmp_path: Path, tree: PowercapTree, range_uj: int
) -> None:
    tree.add_package(dram=False, start_uj=range_uj - 1_000_000, range_uj=range_uj)
    with opened(tmp_path) as source:
        (before,) = source.read()
        tree.advance(3.0)
        (after,) = source.read()

    assert isinstance(before, EnergyReading)
    assert isinstance(after, EnergyReading)
    assert after.energy_j < before.energy_j
    assert after.wraps_at_j is not None
    assert after.energy_j - before.energy_j + after.wraps_at_j == pytest.approx(3.0, abs=1e-9)
    assert after.wraps_at_j == (range_uj + 1) / 1e6


def test_a_counter_of_unknown_range_does_not_claim_to_wrap(
    tmp_path: Path, tree: PowercapTree
) -> None:
    zone = tree.add_package(dram=False)
    (tree.links / zone / "max_energy_range_uj").unlink()
    with opened(tmp_path) as source:
        (reading,) = source.read()

    assert isinstance(reading, EnergyReading)
    assert reading.wraps_at_j is None


@pytest.mark.parametrize(
    ("vendor", "low", "high"),
    [("GenuineIntel", 0.95, 1.05), ("AuthenticAMD", 0.85, 1.15), ("Unheard", 0.85, 1.15)],
)
def test_accuracy_depends_on_who_made_the_processor(
    tmp_path: Path, tree: PowercapTree, vendor: str, low: float, high: float
) -> None:
    ProcTree(tmp_path / "proc").write_cpu("AMD EPYC 7763", vendor=vendor)
    tree.add_package()
    with opened(tmp_path) as source:
        cpu, dram = source.devices().devices

    assert cpu.kind is DeviceKind.CPU
    assert cpu.name == "AMD EPYC 7763 (package-0)"
    assert_range(cpu, "counter:cpu", low, high)
    assert dram.kind is DeviceKind.DRAM
    assert_range(dram, "counter:dram", 0.8, 1.2)


def assert_range(device: Device, accuracy_class: str, low: float, high: float) -> None:
    accuracy = device.accuracy
    half_width = (accuracy.common_ratio.half_width**2 + accuracy.own_ratio.half_width**2) ** 0.5
    assert accuracy.accuracy_class == accuracy_class
    assert accuracy.common_ratio.midpoint == pytest.approx((low + high) / 2)
    assert half_width == pytest.approx((high - low) / 2)


def test_a_zone_that_shows_anothers_counter_is_found() -> None:
    alike = [Zone(Path(name), name, DeviceKind.CPU) for name in ("a", "b", "c")]
    now_uj = {"a": 100, "b": 700, "c": 100}
    ticks = count(1)

    def pause() -> None:
        step = next(ticks) * 1000
        now_uj["a"] += step
        now_uj["b"] += step
        now_uj["c"] += step + 1

    assert mirrors(alike, lambda zone: now_uj[zone.package], pause) == {alike[1]: alike[0]}


def test_a_repeated_counter_is_left_out_and_said(tmp_path: Path, tree: PowercapTree) -> None:
    for die in (0, 1):
        tree.add_package(name=f"package-0-die-{die}", dram=False)
    steps_j = iter((0.1, 0.2, 0.3))

    source = rapl.RaplSource(
        host_in(tmp_path), zones(tree.sys_path), pause=lambda: tree.advance(next(steps_j))
    )
    inventory = source.devices()
    readings = source.read()
    source.close()

    assert [device.id for device in inventory.devices] == ["cpu:package-0-die-0"]
    assert inventory.not_counted == (
        NotCounted("cpu:package-0-die-1", "repeats the counter of cpu:package-0-die-0"),
    )
    assert len(readings) == 1


def test_a_counter_without_a_number_does_not_stop_the_opening(
    tmp_path: Path, tree: PowercapTree
) -> None:
    zone = tree.add_package(dram=False)
    tree.add_package(dram=False)
    tree.energy_path(zone).write_text("")

    with opened(tmp_path) as source:
        failure, reading = source.read()

    assert isinstance(failure, ReadFailure)
    assert isinstance(reading, EnergyReading)


def test_counters_that_stand_still_are_not_taken_for_one(
    tmp_path: Path, tree: PowercapTree
) -> None:
    tree.add_package(dram=False)
    tree.add_package(dram=False)
    with opened(tmp_path) as source:
        assert len(source.devices().devices) == 2


def test_a_counter_that_holds_no_number_is_a_failure_of_that_reading(
    tmp_path: Path, tree: PowercapTree
) -> None:
    zone = tree.add_package(dram=False)
    with opened(tmp_path) as source:
        tree.energy_path(zone).write_text("")
        (failure,) = source.read()
        tree.set_energy_uj(zone, 1_000_000)
        (reading,) = source.read()

    assert isinstance(failure, ReadFailure)
    assert isinstance(failure.error, SourceReadError)
    assert isinstance(reading, EnergyReading)


def test_a_zone_that_vanishes_is_gone_once_and_then_the_source(
    tmp_path: Path, tree: PowercapTree
) -> None:
    tree.add_package(dram=False)
    source = rapl.open(host_in(tmp_path))
    (zone,) = zones(tree.sys_path)
    failure = source._failure(zone, FileNotFoundError(2, "No such file or directory"))

    assert isinstance(failure.error, SourceGone)
    with pytest.raises(SourceGone, match="no zone is left"):
        source.read()
    source.close()


def test_a_failing_read_is_tried_again(tmp_path: Path, tree: PowercapTree) -> None:
    tree.add_package(dram=False)
    with opened(tmp_path) as source:
        (zone,) = zones(tree.sys_path)
        failure = source._failure(zone, OSError(5, "Input/output error"))
        (reading,) = source.read()

    assert isinstance(failure.error, SourceReadError)
    assert not isinstance(reading, PowerReading | ReadFailure)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_closing_gives_every_descriptor_back(tmp_path: Path, tree: PowercapTree) -> None:
    tree.add_package()
    before = open_descriptors()
    with opened(tmp_path) as source:
        assert open_descriptors() == before + 2
        source.read()
    assert open_descriptors() == before
