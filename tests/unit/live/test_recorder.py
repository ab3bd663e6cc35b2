"""What a run books around its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

import pytest

from fakes.records import pricing, run, segment
from tracker.energy.meter import Meter
from tracker.live.keeper import Keeper
from tracker.live.recorder import Recorder
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import PowerReading
from tracker.model.run import Record, RunStatus, SegmentInterval
from tracker.model.units import ns_from_s
from tracker.ports.source import Source
from tracker.sampling.clock import Anchor, SystemClock
from tracker.sampling.selection import OpenedSource, Selection

DRAM = Device("dram:node", DeviceKind.DRAM, "memory", Accuracy.of("model:ram", 0.3, 1.7))


class FakeKeeper:
    def __init__(self) -> None:
        self.records: list[Record] = []

    def put(self, records: Iterable[Record]) -> None:
        self.records += records

    def commit_soon(self) -> None:
        pass


def test_a_tick_while_the_end_settles_books_nothing_that_came_after_it() -> None:
    meter, keeper = Meter(lambda *_: None), FakeKeeper()
    meter.add([DRAM])
    mine = run(started_at=datetime(2026, 10, 25, tzinfo=UTC))
    recorder = Recorder(
        segment(mine),
        pricing=pricing(mine),
        carbon_of=lambda _pricing, energy_j, _start, _end: energy_j,
        meter=meter,
        keeper=cast("Keeper", keeper),
        anchor=Anchor.now(SystemClock()),
        start_ns=ns_from_s(100),
    )
    recorder.opened(Selection([OpenedSource("ram_model", cast("Source", None), (DRAM,))]))

    def read_late() -> None:
        """The first reading comes half a second after the end, and a tick with it."""
        meter.take([PowerReading("dram:node", ns_from_s(100.51), 10.0, window_s=0.0)])
        recorder.tick(ns_from_s(100.51))

    recorder.finish(ns_from_s(100.01), RunStatus.FINISHED, None, read_late)
    newest = {
        one.slot_start: one.interval for one in keeper.records if isinstance(one, SegmentInterval)
    }
    assert sum(one.energy_j for one in newest.values()) == pytest.approx(0.1)
