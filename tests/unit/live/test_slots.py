from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.energy.meter import Meter
from tracker.live.slots import SLOT_NS, SlotBook
from tracker.model.device import Accuracy, Device, DeviceKind, Method
from tracker.model.reading import EnergyReading
from tracker.model.run import SegmentInterval
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Anchor

GPU = Device("gpu:0", DeviceKind.GPU, "gpu", Accuracy.of("counter:gpu", 0.98, 1.09))
ANCHOR = Anchor(1_700_000_000_000_000_000)
START_NS = ns_from_s(3)


def meter_with_gpu() -> Meter:
    meter = Meter(lambda *_: None)
    meter.add([GPU])
    return meter


def latest(records: list[SegmentInterval]) -> dict[tuple[datetime, Method], SegmentInterval]:
    return {(one.slot_start, one.interval.method): one for one in records}


@given(
    reads=st.lists(st.tuples(st.floats(0.1, 25), st.floats(0.01, 5e4)), min_size=1, max_size=30),
    end_after_s=st.floats(0.001, 2),
)
def test_the_slots_add_up_to_what_the_counter_counted(
    reads: list[tuple[float, float]], end_after_s: float
) -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    kept: dict[tuple[datetime, Method], SegmentInterval] = {}
    now_s, level_j = 3.0, 0.0
    meter.take([EnergyReading("gpu:0", START_NS, 0.0)])
    for step_s, energy_j in reads:
        now_s, level_j = now_s + step_s, level_j + energy_j
        meter.take([EnergyReading("gpu:0", ns_from_s(now_s), level_j)])
        kept |= latest(book.book(meter, ["gpu:0"], ns_from_s(now_s)))
    total_j = sum(one.interval.energy_j for one in kept.values())
    assert total_j == pytest.approx(level_j, rel=1e-9, abs=1e-6)
    end_ns = ns_from_s(now_s + end_after_s)
    kept |= latest(book.book(meter, ["gpu:0"], end_ns, final=True))
    total_j = sum(one.interval.energy_j for one in kept.values())
    assert total_j == pytest.approx(meter.levels_j(end_ns)["gpu:0"], rel=1e-9, abs=1e-6)


def test_slots_are_aligned_to_utc_and_do_not_overlap() -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    meter.take([EnergyReading("gpu:0", START_NS, 0.0)])
    meter.take([EnergyReading("gpu:0", ns_from_s(33), 3000.0)])
    records = book.book(meter, ["gpu:0"], ns_from_s(33))
    by_slot = defaultdict(list)
    for one in records:
        assert one.slot_start.timestamp() % 10 == 0
        by_slot[one.slot_start].append(one.interval)
    ends = [intervals[0].end for _, intervals in sorted(by_slot.items())]
    starts = [intervals[0].start for _, intervals in sorted(by_slot.items())]
    assert starts[1:] == ends[:-1]
    assert len(records) == 4


def test_what_was_carried_is_replaced_by_what_was_read() -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    kept: dict[tuple[datetime, Method], SegmentInterval] = {}
    for second, level_j in [(3, 0.0), (4, 100.0)]:
        meter.take([EnergyReading("gpu:0", ns_from_s(second), level_j)])
    kept |= latest(book.book(meter, ["gpu:0"], ns_from_s(4.5)))  # half a second carried at 100 W
    assert sum(one.interval.energy_j for one in kept.values()) == pytest.approx(150.0)
    meter.take([EnergyReading("gpu:0", ns_from_s(5), 120.0)])
    kept |= latest(book.book(meter, ["gpu:0"], ns_from_s(5)))
    assert sum(one.interval.energy_j for one in kept.values()) == pytest.approx(120.0)


def test_a_long_gap_that_was_bridged_is_taken_back_when_the_counter_answers() -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    kept: dict[tuple[datetime, Method], SegmentInterval] = {}
    meter.take([EnergyReading("gpu:0", START_NS, 0.0)])
    meter.take([EnergyReading("gpu:0", ns_from_s(4), 100.0)])
    for second in (4, 9, 16):  # it answers no more: 100 W are carried
        kept |= latest(book.book(meter, ["gpu:0"], ns_from_s(second)))
    assert sum(one.interval.energy_j for one in kept.values()) == pytest.approx(1300.0)
    assert any(method is Method.BRIDGED for _, method in kept)
    meter.take([EnergyReading("gpu:0", ns_from_s(17), 700.0)])
    kept |= latest(book.book(meter, ["gpu:0"], ns_from_s(17)))
    assert sum(one.interval.energy_j for one in kept.values()) == pytest.approx(700.0)


def test_a_long_run_does_not_keep_its_slots() -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    meter.take([EnergyReading("gpu:0", START_NS, 0.0)])
    for second in range(4, 2000):
        meter.take([EnergyReading("gpu:0", ns_from_s(second), 100.0 * second)])
        book.book(meter, ["gpu:0"], ns_from_s(second))
        meter.forget_before(book.booked_to_ns())
    assert len(book._slots) <= 3
    assert ns_from_s(10) == SLOT_NS


def test_a_device_that_is_lost_does_not_keep_the_past() -> None:
    meter, book = meter_with_gpu(), SlotBook(UUID(int=1), ANCHOR, START_NS)
    meter.take([EnergyReading("gpu:0", START_NS, 0.0)])
    meter.close("gpu:0")
    book.book(meter, ["gpu:0"], ns_from_s(500))
    assert book.booked_to_ns() == ns_from_s(500)
