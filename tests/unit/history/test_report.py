"""The report of a run, from a store in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from fakes.records import (
    CPU,
    GPU,
    MODEL,
    NODE,
    START,
    Sample,
    at,
    here,
    host,
    intensity,
    interval,
    pricing,
    run,
    segment,
)
from tracker.errors import RunNotFound
from tracker.history.report import NO_READING, report_of
from tracker.model.carbon import Signal
from tracker.model.device import Device, DeviceKind, Method, NotCounted
from tracker.model.energy import CounterCheck, EnergyAmount
from tracker.model.ranges import Share, energy_range
from tracker.model.report import IdleReport, RunReport
from tracker.model.run import (
    Baseline,
    Event,
    Metric,
    Phase,
    Record,
    RunStatus,
    SegmentDevice,
    SegmentInterval,
)
from tracker.store.database import Database, open_memory
from tracker.store.writer import Writer


@pytest.fixture
def database() -> Iterator[Database]:
    with open_memory() as opened:
        yield opened


def reported(database: Database, sample: Sample, *more: Record) -> RunReport:
    Writer(database).save([*sample.records(), *more])
    return report_of(database, sample.id, kept=True)


def test_a_finished_run(database: Database) -> None:
    sample = Sample()
    report = reported(database, sample)
    assert (report.run_id, report.short_id) == (sample.id, sample.id.hex[-8:])
    assert (report.name, report.project, report.tags) == ("resnet", "vision", {"lr": "3e-4"})
    assert (report.status, report.ended_at, report.duration_s) == (RunStatus.FINISHED, at(20), 20)
    assert report.energy_j == pytest.approx(2 * 5000.3)
    bounds = energy_range(
        [Share("g", GPU.accuracy, 5000.3, 5.0), Share("c", CPU.accuracy, 5000.3, 5.0)]
    )
    assert report.energy_low_j == pytest.approx(bounds.low)
    assert report.energy_high_j == pytest.approx(bounds.high)
    assert report.carbon_g == pytest.approx(2 * 5000.3 / 3.6e6 * 50)
    assert report.carbon_low_g is not None
    assert report.carbon_high_g is not None
    assert report.carbon_low_g < report.carbon_g < report.carbon_high_g  # type: ignore[operator]
    assert (report.power_w, report.open_phases) == ({}, ())  # it is over
    assert report.metrics == {"loss": 0.25, "accuracy": 0.9}
    assert [event.kind for event in report.events] == ["counter-reset"]
    assert report.store == "sqlite:///:memory:"
    assert report.provenance["user"] == "ada"


def test_it_is_json_with_times_in_utc(database: Database) -> None:
    found = json.loads(json.dumps(reported(database, Sample()).to_dict(), allow_nan=False))
    assert found["started_at"] == "2026-03-04T12:00:00.123456Z"
    assert [one["device_id"] for one in found["devices"]] == [GPU.id, CPU.id]
    assert found["phases"][1]["parent"] == 0


def test_a_running_run_shows_power_and_open_phases(database: Database) -> None:
    sample = Sample()
    sample.segment = here(replace(sample.segment, ended_at=None, outcome=None))
    report = reported(database, sample)
    assert report.status is RunStatus.RUNNING
    assert report.power_w == {GPU.id: 300.5}
    assert report.open_phases == ("epoch", "train")
    assert (report.ended_at, report.last_seen_at) == (None, at(20))


def test_a_run_that_is_not_there(database: Database) -> None:
    with pytest.raises(RunNotFound):
        report_of(database, uuid4(), kept=True)


def test_where_nothing_was_read_there_is_no_zero(database: Database) -> None:
    sample = Sample()
    kept = [one for one in sample.records() if not hasattr(one, "slot_start")]
    Writer(database).save(kept)
    report = report_of(database, sample.id, kept=False)
    assert (report.energy_j, report.energy_low_j, report.energy_high_j) == (None, None, None)
    assert (report.carbon_g, report.carbon_low_g, report.carbon_high_g) == (None, None, None)
    assert report.devices == ()
    assert set(report.not_counted) == {
        *sample.segment.not_counted,
        NotCounted(GPU.id, NO_READING),
        NotCounted(CPU.id, NO_READING),
    }
    assert not report.kept


def test_a_device_that_read_zero_is_a_reading(database: Database) -> None:
    sample = Sample(devices=())
    report = reported(
        database,
        sample,
        SegmentDevice(sample.segment.id, GPU, "nvml"),
        interval(sample.segment, GPU, 0, 0.0),
    )
    assert report.energy_j == 0.0
    assert [one.device_id for one in report.devices] == [GPU.id]


def test_what_turned_out_not_to_be_ours_is_named_and_not_counted(database: Database) -> None:
    sample = Sample()
    other = SegmentDevice(sample.segment.id, GPU, "nvml", left_out="CUDA uses others")
    report = reported(database, sample, other)
    assert report.energy_j == pytest.approx(5000.3)
    assert [one.device_id for one in report.devices] == [CPU.id]
    assert NotCounted("gpu:GPU-8a1b (NVIDIA H100)", "CUDA uses others") in report.not_counted


def test_what_only_stands_beside_the_others_is_shown_and_not_added(database: Database) -> None:
    sample = Sample()
    psys = Device("platform:psys", DeviceKind.PLATFORM, "psys", CPU.accuracy, added=False)
    report = reported(
        database,
        sample,
        SegmentDevice(sample.segment.id, psys, "rapl"),
        interval(sample.segment, psys, 0, 9000.0),
    )
    assert report.energy_j == pytest.approx(10000.6)
    shown = {device.device_id: device for device in report.devices}
    assert (shown[psys.id].in_total, shown[psys.id].covered_by) == (False, None)
    assert shown[psys.id].energy_j == 9000.0


def test_a_suspect_counter_keeps_both_figures_and_its_range_holds_them(database: Database) -> None:
    sample = Sample()
    check = CounterCheck(counted_j=1000.0, polled_j=1750.0)
    suspect = SegmentDevice(sample.segment.id, GPU, "nvml", check=check, suspect=True)
    calm = reported(database, sample).devices[0]
    report = reported(database, sample, suspect)
    shown = report.devices[0]
    assert (shown.suspect, shown.check, shown.energy_j) == (True, check, calm.energy_j)
    assert (calm.suspect, calm.check) == (False, None)
    assert shown.low_j < calm.energy_j
    assert shown.high_j > 1.75 * calm.energy_j
    assert report.energy_high_j is not None
    assert report.energy_high_j > 1.75 * calm.energy_j


def test_what_two_segments_found_of_a_board_is_put_together(database: Database) -> None:
    sample = Sample()
    again = replace(segment(sample.run), started_at=at(100))
    one = SegmentDevice(sample.segment.id, GPU, "nvml", check=CounterCheck(10.0, 11.0))
    other = SegmentDevice(again.id, GPU, "nvml", check=CounterCheck(20.0, 40.0), suspect=True)
    report = reported(database, sample, one, again, other)
    shown = report.devices[0]
    assert (shown.check, shown.suspect) == (CounterCheck(30.0, 51.0), True)


def test_what_a_whole_covers_is_shown_and_not_added(database: Database) -> None:
    sample = Sample()
    key = sample.segment.id
    report = reported(
        database,
        sample,
        SegmentDevice(key, NODE, "cray"),
        SegmentDevice(key, GPU, "nvml", covered_by=NODE.id),
        interval(sample.segment, NODE, 0, 9000.0),
        SegmentDevice(key, CPU, "rapl", covered_by=NODE.id),
    )
    assert report.energy_j == 9000.0
    shown = {device.device_id: device for device in report.devices}
    assert shown[GPU.id].energy_j == pytest.approx(5000.3)
    assert (shown[GPU.id].in_total, shown[GPU.id].covered_by) == (False, NODE.id)
    assert shown[NODE.id].in_total
    assert report.phases[0].energy_j is None  # the node was not measured in it


def test_a_device_says_its_weakest_method_and_its_coverage(database: Database) -> None:
    sample = Sample()
    report = reported(
        database,
        sample,
        interval(sample.segment, GPU, 10, 1000.0, lasts_s=5),
        interval(sample.segment, GPU, 15, 500.0, method=Method.BRIDGED, coverage=0, lasts_s=5),
    )
    gpu = next(device for device in report.devices if device.device_id == GPU.id)
    assert (gpu.method, gpu.coverage) == (Method.BRIDGED, 0.75)
    assert gpu.energy_by_method_j == {"counter": pytest.approx(4000.1), "bridged": 500.0}


def test_the_same_device_id_on_two_hosts_is_two_boards(database: Database) -> None:
    sample = Sample(devices=())
    other = replace(segment(sample.run, ended_at=at(20)), host_id="another")
    records: list[Record] = [host("another", "node-8"), other]
    for one in (sample.segment, other):
        records += [SegmentDevice(one.id, CPU, "rapl"), interval(one, CPU, 0, 1000.0)]
    report = reported(database, sample, *records)
    assert [device.device_id for device in report.devices] == [CPU.id, CPU.id]
    shares = [Share(name, CPU.accuracy, 1000.0, 0.0) for name in "ab"]
    assert report.energy_high_j == pytest.approx(energy_range(shares).high)


def test_a_resumed_run_is_the_sum_of_its_segments(database: Database) -> None:
    sample = Sample(devices=(GPU,))
    again = replace(segment(sample.run, ended_at=at(120)), started_at=at(100))
    missing = NotCounted("cpu", "no permission")
    again = replace(again, not_counted=(*sample.segment.not_counted, missing))
    report = reported(
        database,
        sample,
        again,
        SegmentDevice(again.id, GPU, "nvml"),
        interval(again, GPU, 0, 1000.0, lasts_s=20),
        Event(again.id, 0, at(101), "resumed", "run", "a second segment"),
    )
    (gpu,) = report.devices
    assert gpu.energy_j == pytest.approx(6000.3)
    assert gpu.coverage == 1.0
    assert (report.duration_s, report.ended_at) == (40.0, at(120))
    *said, gap = report.not_counted
    assert said == [*sample.segment.not_counted, missing]
    assert gap.what == "1 min 20 s from 2026-03-04 12:00:20 UTC"
    assert [event.kind for event in report.events] == ["counter-reset", "resumed"]


def test_a_phase_has_energy_by_device_kind_with_a_range(database: Database) -> None:
    epoch, train = reported(database, Sample()).phases
    assert epoch.energy_j == pytest.approx(1800.3)
    assert epoch.energy_by_kind_j == {"gpu": 1500.1, "cpu": 300.2}
    shares = [Share("g", GPU.accuracy, 1500.1, 2.5), Share("c", CPU.accuracy, 300.2, 0.25)]
    assert epoch.low_j == pytest.approx(energy_range(shares).low)
    assert epoch.high_j == pytest.approx(energy_range(shares).high)
    assert epoch.carbon_g == pytest.approx(1800.3 / 3.6e6 * 50)
    assert (epoch.duration_s, epoch.parent) == (15.0, None)
    assert (train.energy_j, train.low_j, train.high_j, train.carbon_g) == (None,) * 4
    assert (train.end, train.duration_s, train.parent) == (None, 19.0, 0)


def test_a_phase_holds_the_last_value_logged_inside_it(database: Database) -> None:
    sample = Sample()
    key = sample.segment.id
    later = Metric(key, 2, 1, "loss", 0.125, at(3)), Metric(key, 3, 0, "lr", 0.1, at(4))
    epoch, train = reported(database, sample, *later).phases
    assert train.metrics == {"loss": 0.125}
    assert epoch.metrics == {"loss": 0.125, "lr": 0.1}


def test_phases_are_in_order_of_start_over_segments(database: Database) -> None:
    sample = Sample()
    other = segment(sample.run, ended_at=at(20))
    more = [
        Phase(other.id, 0, "epoch", 0, None, at(0.5), at(9), {}),
        Phase(other.id, 1, "train", 0, 0, at(2), at(3), {GPU.id: EnergyAmount(1.0, 0.0)}),
    ]
    phases = reported(database, sample, other, *more).phases
    assert [(one.name, one.parent) for one in phases] == [
        ("epoch", None),
        ("epoch", None),
        ("train", 0),
        ("train", 1),
    ]
    assert [one.start for one in phases] == [START, at(0.5), at(1), at(2)]


def test_the_newest_pricing_that_is_meant_is_current(database: Database) -> None:
    sample = Sample()
    newest = pricing(sample.run, (START, intensity(10.0)), made_at=at(50), pue=1.2)
    marginal = intensity(700.0, signal=Signal.MARGINAL)
    report = reported(
        database,
        sample,
        newest,
        pricing(sample.run, (START, marginal), made_at=at(60)),
        pricing(sample.run, (START, intensity(1.0)), made_at=at(70), what_if=True),
    )
    assert [one.current for one in report.pricings] == [False, True, False, False]
    assert report.pricing is not None
    assert (report.pricing.id, report.pricing.pue) == (newest.id, 1.2)
    assert report.carbon_g == report.pricing.carbon_g
    assert report.carbon_g == pytest.approx(2 * 5000.3 / 3.6e6 * 10 * 1.2)
    assert report.energy_j == pytest.approx(2 * 5000.3)  # the PUE is in the carbon alone


def test_a_run_that_asked_for_marginal_gets_it(database: Database) -> None:
    sample = Sample()
    sample.pricing = pricing(sample.run, (START, intensity(700.0, signal=Signal.MARGINAL)))
    report = reported(database, sample)
    assert report.pricing is not None
    assert report.pricing.signal == "marginal"


def test_stretches_are_priced_with_the_energy_in_them(database: Database) -> None:
    sample = Sample(devices=(GPU,))
    sample.pricing = pricing(
        sample.run, (START, intensity(100.0, spread=0.1)), (at(15), intensity(300.0, spread=0.5))
    )
    report = reported(database, sample)
    before_j, after_j = 3000.1 + 2000.2 / 2, 2000.2 / 2
    grams = (before_j * 100 + after_j * 300) / 3.6e6
    assert report.carbon_g == pytest.approx(grams)
    assert report.pricing is not None
    assert report.pricing.g_per_kwh_low == pytest.approx(
        (before_j * 90 + after_j * 150) / (before_j + after_j)
    )
    assert report.pricing.source == "Ember, 2025, CC-BY-4.0"


def test_only_what_is_in_the_total_is_priced(database: Database) -> None:
    sample = Sample()
    sample.pricing = pricing(sample.run, (START, intensity(100.0)), (at(10), intensity(0.0)))
    key = sample.segment.id
    report = reported(database, sample, SegmentDevice(key, CPU, "rapl", covered_by=NODE.id))
    assert report.carbon_g == pytest.approx(3000.1 * 100 / 3.6e6)


def test_a_run_without_a_price_has_energy_alone(database: Database) -> None:
    sample = Sample()
    Writer(database).save([one for one in sample.records() if one != sample.pricing])
    report = report_of(database, sample.id, kept=True)
    assert report.energy_j is not None
    assert (report.carbon_g, report.pricing, report.pricings) == (None, None, ())
    assert report.phases[0].carbon_g is None


@pytest.mark.parametrize("device", [GPU, CPU, MODEL])
def test_the_range_is_the_classes(database: Database, device: Device) -> None:
    sample = Sample(run(), devices=())
    report = reported(
        database,
        sample,
        SegmentDevice(sample.segment.id, device, "fake"),
        interval(sample.segment, device, 0, 1000.0),
    )
    (shown,) = report.devices
    bounds = energy_range([Share("x", device.accuracy, 1000.0, 0.0)])
    assert (shown.low_j, shown.high_j) == pytest.approx((bounds.low, bounds.high))
    assert shown.accuracy_class == device.accuracy.accuracy_class


def test_what_the_machine_slept_is_no_time_that_the_run_lived(database: Database) -> None:
    sample = Sample()
    sample.segment = replace(sample.segment, ended_at=at(3620), slept_s=3600.0)
    report = reported(database, sample)
    assert report.duration_s == 20
    assert {one.coverage for one in report.devices} == {1.0}
    assert report.ended_at == at(3620)


def minutes_of(sample: Sample, *powers_w: float) -> list[SegmentInterval]:
    """A GPU that draws each power for a minute."""
    return [
        interval(sample.segment, GPU, 60 * minute + 10 * slot, 10 * power_w)
        for minute, power_w in enumerate(powers_w)
        for slot in range(6)
    ]


def of_three_minutes() -> Sample:
    sample = Sample(run(started_at=START.replace(second=0, microsecond=0)), devices=(GPU,))
    sample.segment = replace(sample.segment, ended_at=sample.run.started_at + timedelta(minutes=3))
    return sample


def test_idle_is_at_most_that_of_the_quietest_minute(database: Database) -> None:
    sample = of_three_minutes()
    (gpu,) = reported(database, sample, *minutes_of(sample, 300, 80, 200)).devices
    assert gpu.idle is not None
    assert (gpu.idle.power_w, gpu.idle.measured_at) == (80, None)
    assert gpu.idle.energy_j == pytest.approx(80 * 180)
    assert gpu.energy_j == pytest.approx(60 * 580)


def test_idle_is_that_of_the_newest_baseline_and_never_more_than_all(database: Database) -> None:
    sample = of_three_minutes()
    known = [
        Baseline(host().host_id, GPU.id, at(-n), power_w, 10.0)
        for n, power_w in ((30, 60.0), (10, 70.0))
    ]
    elsewhere = Baseline("elsewhere", GPU.id, at(-5), 1.0, 10.0)
    more = minutes_of(sample, 300, 80, 200)
    (gpu,) = reported(database, sample, *more, *known, elsewhere).devices
    assert gpu.idle == IdleReport(70.0 * 180, 70.0, at(-10))
    Writer(database).save([Baseline(host().host_id, GPU.id, at(0), 5000.0, 10.0)])
    (gpu,) = report_of(database, sample.id, kept=True).devices
    assert gpu.idle is not None
    assert gpu.idle.energy_j == gpu.energy_j


def test_of_a_run_of_seconds_nothing_is_known_to_be_idle(database: Database) -> None:
    assert {one.idle for one in reported(database, Sample()).devices} == {None}


def test_a_remainder_stands_by_itself_with_a_range_of_its_own(database: Database) -> None:
    sample = Sample(replace(run(), remainder_ratio=0.2))
    report = reported(database, sample)
    assert report.remainder is not None
    assert report.energy_j == pytest.approx(2 * 5000.3)
    assert report.remainder.energy_j == pytest.approx(0.2 * 2 * 5000.3)
    assert report.remainder.low_j < 0.6 * report.remainder.energy_j
    assert report.remainder.high_j > 1.7 * report.remainder.energy_j
    assert reported(database, Sample()).remainder is None


def test_a_metered_node_has_no_remainder(database: Database) -> None:
    sample = Sample(replace(run(), remainder_ratio=0.2), devices=(NODE,))
    assert reported(database, sample).remainder is None
