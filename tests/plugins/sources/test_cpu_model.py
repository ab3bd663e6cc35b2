from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.host import ManualClock, host_in
from fakes.powercap import PowercapTree, ProcTree
from tracker.errors import SourceReadError, SourceUnavailable
from tracker.model.device import DeviceKind
from tracker.model.reading import PowerReading
from tracker.sources import cpu_model
from tracker.sources._cpu_load import busy_and_total, quota
from tracker.sources._cpu_tdp import load_table, look_up, plain_name
from tracker.sources._cpuinfo import Cpu

TABLE = load_table()
XEON = Cpu("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "GenuineIntel", 2, 80, is_virtual=False)


@pytest.mark.parametrize(
    ("name", "tdp_w"),
    [
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 120.0),
        ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 150.0),
        ("12th Gen Intel(R) Core(TM) i7-12700K", 190.0),
        ("AMD EPYC 7763 64-Core Processor", 280.0),
        ("AMD Ryzen 9 5900X 12-Core Processor", 105.0),
        ("AMD Ryzen 7 7840U w/ Radeon 780M Graphics", 28.0),
        ("AMD Ryzen 7 PRO 1700X Eight-Core Processor", 95.0),
        ("Intel(R) Xeon(R) Processor", None),
        ("", None),
    ],
)
def test_a_name_as_the_kernel_prints_it_is_found(name: str, tdp_w: float | None) -> None:
    assert look_up(name, TABLE) == tdp_w


def test_the_table_has_thousands_of_models_with_a_plausible_power() -> None:
    assert len(TABLE) > 4900
    assert all(0 < tdp_w <= 500 for tdp_w in TABLE.values())


@pytest.mark.parametrize(
    ("load_ratio", "share"), [(-1, 0), (0, 0), (0.1, 0.22), (0.3, 0.46), (0.5, 0.7), (1, 1), (2, 1)]
)
def test_the_curve_goes_through_its_points(load_ratio: float, share: float) -> None:
    assert cpu_model.curve(load_ratio) == pytest.approx(share)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_load_is_never_less_power(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert cpu_model.curve(low) <= cpu_model.curve(high)


def test_a_server_at_half_load_follows_the_formula() -> None:
    estimate = cpu_model.estimate(XEON, (), 150.0)

    assert estimate.power_w(0.5) == pytest.approx(300 * (0.15 + 0.85 * 0.70))
    assert estimate.accuracy.common_ratio.low == pytest.approx(0.5)
    assert estimate.accuracy.common_ratio.high == pytest.approx(1.6)
    assert estimate.accuracy.own_ratio.half_width == 0


@pytest.mark.parametrize(
    ("limits_w", "table_w", "tdp_w"),
    [
        ((140.0, 140.0), 150.0, 280.0),
        ((4095.0, 4095.0), 150.0, 300.0),
        ((20.0, 20.0), 150.0, 300.0),
        ((140.0,), 150.0, 300.0),  # one of two packages is no basis
        ((140.0, 140.0), None, 280.0),
        ((4095.0, 4095.0), None, 80 * 2 / (0.15 + 0.85 * 0.70)),
    ],
)
def test_the_machines_own_limit_counts_where_it_is_plausible(
    limits_w: tuple[float, ...], table_w: float | None, tdp_w: float
) -> None:
    assert cpu_model.estimate(XEON, limits_w, table_w).tdp_w == pytest.approx(tdp_w)


def test_a_guest_is_charged_its_share_where_the_name_tells_the_cores() -> None:
    guest = Cpu("AMD EPYC 7763 64-Core Processor", "AuthenticAMD", 1, 8, is_virtual=True)

    estimate = cpu_model.estimate(guest, (), 280.0)

    assert estimate.tdp_w == pytest.approx(280 * 8 / 128)
    assert estimate.accuracy.accuracy_class == "model:cpu"


def test_a_guest_of_unknown_size_is_charged_by_the_thread() -> None:
    guest = Cpu("Intel(R) Xeon(R) Gold 6248 CPU", "GenuineIntel", 1, 4, is_virtual=True)

    estimate = cpu_model.estimate(guest, (140.0,), 150.0)

    assert estimate.power_w(0.5) == pytest.approx(4 * 2.0)
    assert estimate.accuracy.accuracy_class == "model:cpu-default"
    assert estimate.accuracy.common_ratio.low == pytest.approx(0.3)
    assert estimate.accuracy.common_ratio.high == pytest.approx(2.5)


def test_a_desktop_may_draw_twice_its_base_power() -> None:
    desktop = Cpu("AMD Ryzen 9 5900X 12-Core Processor", "AuthenticAMD", 1, 24, is_virtual=False)

    estimate = cpu_model.estimate(desktop, (), 105.0)

    assert estimate.power_w(0) == pytest.approx(10.5)
    assert estimate.accuracy.common_ratio.high == pytest.approx(2.0)


def test_power_is_the_mean_over_the_time_since_the_last_reading(tmp_path: Path) -> None:
    proc, clock = ProcTree(tmp_path / "proc"), ManualClock()
    proc.write_cpu("AMD EPYC 7763 64-Core Processor", vendor="AuthenticAMD", threads=128)
    source = cpu_model.open(host_in(tmp_path, clock=clock))
    try:
        readings: list[PowerReading] = []
        for busy_ticks in (0, 50, 100):
            clock.advance(2.0)
            proc.work(busy_ticks=busy_ticks, idle_ticks=100 - busy_ticks)
            readings.extend(source.read())
    finally:
        source.close()

    assert [reading.power_w for reading in readings] == pytest.approx(
        [280 * 0.15, 280 * (0.15 + 0.85 * 0.7), 280.0]
    )
    assert [reading.window_s for reading in readings] == [2.0, 2.0, 2.0]
    assert readings[-1].monotonic_ns == clock.now_ns


def test_a_reading_within_a_tick_repeats_the_last_load(tmp_path: Path) -> None:
    proc, clock = ProcTree(tmp_path / "proc"), ManualClock()
    proc.write_cpu("AMD EPYC 7763 64-Core Processor")
    source = cpu_model.open(host_in(tmp_path, clock=clock))
    try:
        clock.advance(1.0)
        proc.work(busy_ticks=100, idle_ticks=0)
        source.read()
        clock.advance(0.001)
        (reading,) = source.read()
    finally:
        source.close()

    assert reading.power_w == pytest.approx(280.0)
    assert reading.window_s == pytest.approx(0.001)


def test_the_device_says_what_its_figure_rests_on(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc").write_cpu("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz")
    PowercapTree(tmp_path / "sys").add_package(limit_w=140)
    source = cpu_model.open(host_in(tmp_path))
    try:
        (device,) = source.devices().devices
    finally:
        source.close()

    assert cpu_model.FALLBACK_FOR is DeviceKind.CPU
    assert (device.id, device.kind) == ("cpu:node", DeviceKind.CPU)
    assert device.accuracy.is_model
    assert device.name.endswith("(estimated: long-term power limit of this machine)")
    assert source.estimate.tdp_w == 140


def test_without_cpuinfo_it_is_unavailable_and_asks_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cpuinfo") as raised:
        cpu_model.open(host_in(tmp_path))

    assert raised.value.fix == ""


def test_without_processor_times_it_is_unavailable(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc").write_cpu("x")
    (tmp_path / "proc/stat").write_text("intr 0\n")

    with pytest.raises(SourceUnavailable, match="no processor times"):
        cpu_model.open(host_in(tmp_path))


def test_without_its_file_of_times_it_is_unavailable(tmp_path: Path) -> None:
    ProcTree(tmp_path / "proc").write_cpu("x")
    (tmp_path / "proc/stat").unlink()

    with pytest.raises(SourceUnavailable, match="stat"):
        cpu_model.open(host_in(tmp_path))


@pytest.mark.parametrize("stat", [b"", b"cpu  1 2\n", b"cpu  a b c d\n", b"cpu0 1 2 3 4\n"])
def test_another_file_is_no_processor_time(stat: bytes) -> None:
    with pytest.raises(SourceReadError):
        busy_and_total(stat)


def test_waiting_stolen_and_guests_time_is_no_work() -> None:
    assert busy_and_total(b"cpu  10 2 3 80 5 1 1 8 10 2\ncpu0") == (17, 110)


def container(folder: Path, limits: dict[str, str], *, threads: int = 128) -> ProcTree:
    """A machine whose control group ``/job`` has these files."""
    proc = ProcTree(folder / "proc")
    proc.write_cpu("AMD EPYC 7763 64-Core Processor", threads=threads)
    proc.write_cgroup("0::/job\n")
    for name, text in limits.items():
        path = folder / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return proc


def test_a_container_is_charged_its_quota_and_its_own_load(tmp_path: Path) -> None:
    stat = tmp_path / "sys/fs/cgroup/job/cpu.stat"
    proc = container(tmp_path, {"job/cpu.max": "1600000 100000", "job/cpu.stat": "usage_usec 0"})
    clock = ManualClock()
    source = cpu_model.open(host_in(tmp_path, clock=clock))
    try:
        (device,) = source.devices().devices
        clock.advance(2.0)
        stat.write_text("usage_usec 16000000\nuser_usec 1\n")  # half of 16 processors for 2 s
        proc.work(busy_ticks=1000, idle_ticks=0)  # the others' on the same machine
        (reading,) = source.read()
        (repeated,) = source.read()
    finally:
        source.close()

    assert device.name.endswith("TDP of the model, a quota of 16 of 128 threads)")
    assert reading.power_w == pytest.approx(280 * 16 / 128 * (0.15 + 0.85 * 0.70))
    assert repeated.power_w == reading.power_w


@pytest.mark.parametrize(
    ("limits", "cpus"),
    [
        ({}, None),
        ({"job/cpu.max": "max 100000"}, None),
        ({"job/cpu.max": "12800000 100000"}, None),  # all that there is
        ({"job/cpu.max": "0 100000"}, None),
        ({"job/cpu.max": "garbage"}, None),
        ({"job/cpu.max": "50000 100000"}, 0.5),
        ({"cpu.max": "400000 100000", "job/cpu.max": "max 100000"}, 4.0),
        ({"cpu.max": "400000 100000", "job/cpu.max": "800000 100000"}, 4.0),
        ({"job/cpuset.cpus.effective": "0-7,64-71", "job/cpu.stat": "usage_usec 0"}, 16.0),
        ({"job/cpuset.cpus.effective": "5", "job/cpu.stat": "usage_usec 0"}, 1.0),
        ({"job/cpuset.cpus.effective": "0-127", "job/cpu.stat": "usage_usec 0"}, None),
        ({"job/cpuset.cpus.effective": "garbage", "job/cpu.stat": "usage_usec 0"}, None),
        ({"job/cpuset.cpus.effective": "0-7"}, None),  # nobody tells what is used of them
    ],
)
def test_the_tightest_quota_of_the_groups_counts(
    tmp_path: Path, limits: dict[str, str], cpus: float | None
) -> None:
    container(tmp_path, limits)

    found = quota(host_in(tmp_path), threads=128)

    assert (found.cpus if found else None) == cpus


def test_a_group_that_does_not_tell_its_use_is_unavailable(tmp_path: Path) -> None:
    container(tmp_path, {"job/cpu.max": "50000 100000"})

    with pytest.raises(SourceUnavailable, match=r"cpu\.stat tells no processor time"):
        cpu_model.open(host_in(tmp_path))


def test_two_sockets_draw_twice_and_a_guest_of_two_only_its_threads() -> None:
    name = "AMD EPYC 7763 64-Core Processor"
    real = Cpu(name, "AuthenticAMD", 2, 256, is_virtual=False)
    guest = Cpu(name, "AuthenticAMD", 2, 8, is_virtual=True)

    assert cpu_model.estimate(real, (), 280.0).tdp_w == pytest.approx(560)
    assert cpu_model.estimate(guest, (), 280.0).tdp_w == pytest.approx(280 * 8 / 128)


def test_a_plain_name_has_no_decoration() -> None:
    assert plain_name("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz") == "intel xeon e5-2680 v4"
