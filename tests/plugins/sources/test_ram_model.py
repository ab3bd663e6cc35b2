from __future__ import annotations

from pathlib import Path

import pytest

from fakes.host import ManualClock, host_in
from fakes.powercap import ProcTree
from tracker.errors import SourceUnavailable
from tracker.model.device import DeviceKind
from tracker.sources import ram_model

GB = 2**30


@pytest.mark.parametrize(
    ("size_gb", "power_w"), [(0, 0), (16, 6), (32, 12), (256, 29.92), (1024, 91.36)]
)
def test_power_follows_the_size(size_gb: float, power_w: float) -> None:
    assert ram_model.power_w(size_gb * GB) == pytest.approx(power_w)


def read_w(folder: Path) -> float:
    (reading,) = ram_model.open(host_in(folder)).read()
    return reading.power_w


def test_installed_memory_counts_without_a_limit(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc").write_memory(16 * GB)

    assert read_w(tmp_path) == pytest.approx(6)


@pytest.mark.parametrize(
    ("cgroup", "limits", "power_w"),
    [
        ("0::/job/task\n", {"job/task/memory.max": 8 * GB}, 3),
        ("0::/job/task\n", {"job/memory.max": 8 * GB, "job/task/memory.max": "max"}, 3),
        ("0::/not/mounted\n", {"memory.max": 8 * GB}, 3),
        ("0::/\n", {"memory.max": 64 * GB}, 6),
        ("4:cpu,memory:/job\n0::/\n", {"memory/job/memory.limit_in_bytes": 8 * GB}, 3),
        ("4:cpu:/job\n", {"memory/job/memory.limit_in_bytes": 8 * GB}, 6),
        ("4:memory:/job\n", {"memory/job/memory.limit_in_bytes": 2**63 - 4096}, 6),
    ],
)
def test_a_smaller_limit_of_the_control_group_counts(
    tmp_path: Path, cgroup: str, limits: dict[str, object], power_w: float
) -> None:
    ProcTree(tmp_path / "proc").write_cgroup(cgroup)
    for name, limit in limits.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{limit}\n")

    assert read_w(tmp_path) == pytest.approx(power_w)


def test_each_reading_covers_the_time_since_the_last(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc")
    clock = ManualClock()
    source = ram_model.open(host_in(tmp_path, clock=clock))
    clock.advance(1.5)
    (first,) = source.read()
    clock.advance(0.25)
    (second,) = source.read()
    source.close()

    assert (first.window_s, second.window_s) == (1.5, 0.25)
    assert second.monotonic_ns == clock.now_ns


def test_the_device_is_the_whole_systems_memory(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc")
    (device,) = ram_model.open(host_in(tmp_path)).devices().devices

    assert ram_model.FALLBACK_FOR is DeviceKind.DRAM
    assert (device.id, device.kind) == ("dram:node", DeviceKind.DRAM)
    assert device.name == "16 GB memory (estimated from its size)"
    assert device.accuracy.accuracy_class == "model:ram"
    assert device.accuracy.common_ratio.low == pytest.approx(0.3)
    assert device.accuracy.common_ratio.high == pytest.approx(1.7)


def test_it_is_unavailable_where_the_kernel_tells_no_size(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="MemTotal"):
        ram_model.open(host_in(tmp_path))
