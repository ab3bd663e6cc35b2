"""Several sources of one machine together: a joule is in the total once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.hardware import HardwareTree
from fakes.host import host_in
from fakes.nvml import FakeGpu, FakeNvml, fake_uuid
from fakes.powercap import PowercapTree, ProcTree
from tracker.ports import discovery
from tracker.sampling.selection import select

MakeFake = Callable[..., FakeNvml]
GPU = f"gpu:{fake_uuid(0)}"


def total_of(folder: Path, wanted: tuple[str, ...] | None = None) -> set[str]:
    """The devices that every source together puts into the total."""
    plugins = {name: discovery.load("sources", name) for name in discovery.own_names("sources")}
    selection = select(plugins, host_in(folder), wanted)
    try:
        return {one.id for one in selection.devices if selection.covered_by(one) is None}
    finally:
        selection.close()


@pytest.fixture
def tree(tmp_path: Path) -> HardwareTree:
    ProcTree(tmp_path / "proc").write_cpu("AMD EPYC 7763 64-Core Processor")
    return HardwareTree(tmp_path / "sys")


def test_a_superchip_with_its_meters_counts_as_one_module(
    tmp_path: Path, tree: HardwareTree, make_fake: MakeFake
) -> None:
    make_fake(FakeGpu(name="NVIDIA GH200 480GB", module_scope=True, module_extra_w=120))
    for number, rail in enumerate(("Module", "Grace", "CPU", "SysIO")):
        tree.power_meter(number, 500 - 100 * number, f"{rail} Power Socket 0")

    assert total_of(tmp_path) == {"platform:module-0"}


def test_a_superchip_without_its_meters_counts_by_its_gpu(
    tmp_path: Path, tree: HardwareTree, make_fake: MakeFake
) -> None:
    assert not tree.sys_path.exists()
    make_fake(FakeGpu(name="NVIDIA GH200 480GB", module_scope=True, module_extra_w=120))

    assert total_of(tmp_path) == {GPU}


def test_a_server_with_a_meter_of_its_own_counts_by_it(
    tmp_path: Path, tree: HardwareTree, make_fake: MakeFake
) -> None:
    make_fake(FakeGpu())
    PowercapTree(tmp_path / "sys").add_package()
    tree.power_meter(0, 900)

    assert total_of(tmp_path) == {"node:acpi"}


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        (None, {"node:cray"}),
        (("gpu",), {"gpu:cray-accel0"}),
        (("cpu", "dram"), {"cpu:cray", "dram:cray"}),
        (("gpu:GPU-*",), {GPU}),
    ],
)
def test_a_cray_node_counts_once_whatever_is_asked_for(
    tmp_path: Path,
    tree: HardwareTree,
    make_fake: MakeFake,
    wanted: tuple[str, ...] | None,
    total: set[str],
) -> None:
    make_fake(FakeGpu())
    PowercapTree(tmp_path / "sys").add_package()
    tree.power_meter(0, 900)
    parts = ("energy", "cpu_energy", "memory_energy", "accel0_energy")
    tree.cray(dict.fromkeys(parts, "1000 J 1700000000000000 us"))

    assert total_of(tmp_path, wanted) == total


def test_the_same_sockets_through_two_drivers_count_once(
    tmp_path: Path, tree: HardwareTree, make_fake: MakeFake
) -> None:
    make_fake()
    PowercapTree(tmp_path / "sys").add_package(dram=False)
    tree.amd_energy(["Ecore000", "Esocket0"])

    assert total_of(tmp_path, ("cpu",)) == {"cpu:package-0"}


def test_an_apu_counts_its_processor_once(
    tmp_path: Path, tree: HardwareTree, make_fake: MakeFake
) -> None:
    make_fake()
    PowercapTree(tmp_path / "sys").add_package(dram=False)
    tree.amd_card("0000:c4:00.0", "1681", hwmon={"power1_average": 25_000_000}, metrics=(2, 4))

    assert total_of(tmp_path) == {GPU, "gpu:0000:c4:00.0", "dram:node"}
