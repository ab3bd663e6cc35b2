"""A machine that was suspended: its UTC, its slots, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from fakes.records import pricing, run, segment
from tracker.energy.meter import Meter
from tracker.live.keeper import Keeper
from tracker.live.pipeline import Pipeline
from tracker.live.recorder import Recorder
from tracker.live.slots import SlotBook
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import EnergyReading
from tracker.model.run import Event, Heartbeat, Record, Segment, SegmentInterval
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Anchor, SystemClock
from tracker.sampling.processes import ProcessTree
from tracker.sampling.selection import Selection

GPU = Device("gpu:0", DeviceKind.GPU, "gpu", Accuracy.of("counter:gpu", 0.98, 1.09))
NIGHT = timedelta(hours=8)
NIGHT_NS = ns_from_s(NIGHT.total_seconds())
BEGAN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


class StillClock:
    """A machine's clocks: the monotonic one stands still while it is suspended."""

    def __init__(self) -> None:
        self.awake_ns = ns_from_s(100)
        self.asleep_ns = 0

    def monotonic_ns(self) -> int:
        return self.awake_ns

    def unix_ns(self) -> int:
        return int(BEGAN.timestamp()) * 10**9 + self.awake_ns - ns_from_s(100) + self.asleep_ns

    def slept_ns(self) -> int:
        return self.asleep_ns


class FakeKeeper:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Iterable[Record]) -> None:
        self.records += records

    def commit_soon(self) -> None:
        pass


def test_what_comes_after_a_sleep_is_so_much_later() -> None:
    clock = StillClock()
    anchor = Anchor.now(clock)
    anchor.slept(ns_from_s(110), NIGHT_NS)
    assert anchor.utc(ns_from_s(110)) == BEGAN + timedelta(seconds=10)
    assert anchor.utc(ns_from_s(111)) == BEGAN + timedelta(seconds=11) + NIGHT
    assert Anchor.now(clock).sleeps == []


def test_no_energy_is_lost_and_none_spread_over_the_night() -> None:
    meter, anchor = Meter(lambda *_: None), Anchor.now(StillClock())
    meter.add([GPU])
    book = SlotBook(UUID(int=1), anchor, ns_from_s(100))
    kept: dict[datetime, SegmentInterval] = {}
    for second in range(31):
        if second == 16:
            anchor.slept(ns_from_s(115), NIGHT_NS)
        now_ns = ns_from_s(100 + second)
        meter.take([EnergyReading("gpu:0", now_ns, 300.0 * second)])
        kept |= {one.slot_start: one for one in book.book(meter, ["gpu:0"], now_ns)}
    intervals = [one.interval for one in kept.values()]
    assert sum(one.energy_j for one in intervals) == pytest.approx(9000)
    assert all(one.end - one.start <= timedelta(seconds=10) for one in intervals)
    assert {one.start < BEGAN + timedelta(minutes=1) for one in intervals} == {True, False}
    assert max(one.end for one in intervals) == BEGAN + timedelta(seconds=30) + NIGHT


def test_a_run_says_that_the_machine_slept_and_goes_on() -> None:
    clock, keeper, mine = StillClock(), FakeKeeper(), run(started_at=BEGAN)
    pipeline = Pipeline(
        Selection, clock, 1.0, lambda: ProcessTree(Path("/proc"), 1, clock.monotonic_ns)
    )
    recorder = Recorder(
        segment(mine),
        pricing=pricing(mine),
        carbon_of=lambda _pricing, energy_j, _start, _end: energy_j,
        meter=pipeline.meter,
        keeper=cast("Keeper", keeper),
        anchor=Anchor.now(clock),
        start_ns=clock.monotonic_ns(),
    )
    pipeline.opened(Selection())
    pipeline.attach(recorder, 1.0)
    for _ in range(3):
        clock.awake_ns += ns_from_s(1)
        pipeline.take([], [], is_tick=True)
    clock.asleep_ns += NIGHT_NS
    clock.awake_ns += ns_from_s(1)
    pipeline.take([], [], is_tick=True)
    assert recorder.segment.slept_s == NIGHT.total_seconds()
    beats = [one.at for one in keeper.records if isinstance(one, Heartbeat)]
    assert beats[-1] - beats[-2] == NIGHT + timedelta(seconds=1)
    segments = [one for one in keeper.records if isinstance(one, Segment)]
    assert segments[-1].slept_s == NIGHT.total_seconds()
    events = [one for one in keeper.records if isinstance(one, Event)]
    assert [one.kind for one in events] == ["suspended"]
    assert "28800 s" in events[0].message


def test_a_clock_that_is_set_back_moves_no_interval() -> None:
    clock = StillClock()
    anchor = Anchor.now(clock)
    before = anchor.utc(clock.monotonic_ns())
    clock.unix_ns = lambda: 0  # type: ignore[method-assign]  # somebody sets it to 1970
    clock.awake_ns += ns_from_s(1)
    assert anchor.utc(clock.monotonic_ns()) - before == timedelta(seconds=1)


def test_this_machines_clocks_agree_on_how_long_it_slept() -> None:
    one, other = SystemClock().slept_ns(), SystemClock().slept_ns()
    assert abs(one - other) < ns_from_s(0.5)
    assert one > -ns_from_s(0.5)
