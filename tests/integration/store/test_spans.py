"""Energy by stretches of time is the same, added up in the database or here."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from fakes.records import CPU, GPU, interval, run, segment
from tracker.model.device import Method
from tracker.model.run import SegmentDevice, SegmentInterval
from tracker.store.database import Database
from tracker.store.reader import Reader
from tracker.store.writer import Writer

RUN = run()
PARTS = [segment(RUN), segment(RUN)]


def divided(found: list[SegmentInterval], bounds: list[datetime]) -> list[float]:
    """By a rule of three for each interval and stretch."""
    far = timedelta(days=9)
    edges = [RUN.started_at - far, *bounds, RUN.started_at + far]
    sums_j = [0.0] * (len(bounds) + 1)
    for one in (each.interval for each in found):
        for number, (begin, end) in enumerate(pairwise(edges)):
            shared = min(one.end, end) - max(one.start, begin)
            if shared > timedelta(0):
                sums_j[number] += one.energy_j * (shared / (one.end - one.start))
    return sums_j


def used(chance: random.Random) -> list[SegmentInterval]:
    """Slots of two devices, some by two methods; in the second segment they are longer."""
    return [
        interval(part, device, at, chance.uniform(1, 9), method=method, lasts_s=length_s)
        for part, length_s in zip(PARTS, (10.0, 300.0), strict=True)
        for device in (GPU, CPU)
        for at in range(0, 3000, int(length_s))
        for method in (Method.COUNTER, Method.BRIDGED)
        if method is Method.COUNTER or chance.random() < 0.2
    ]


@pytest.mark.parametrize("count", [0, 1, 7, 40, 1500])
def test_the_parts_are_those_of_each_interval_and_add_up(database: Database, count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - a test
    found = used(chance)
    devices = [SegmentDevice(part.id, one, "fake") for part in PARTS for one in (GPU, CPU)]
    Writer(database).save([RUN, *PARTS, *devices, *found])
    seconds = sorted(chance.uniform(-100, 3400) for _ in range(count))
    bounds = [RUN.started_at + timedelta(seconds=one) for one in seconds]
    counted = [(part.id, one.id) for part in PARTS for one in (GPU, CPU)]
    parts_j = Reader(database).energies_j(counted, bounds)
    assert parts_j == pytest.approx(divided(found, bounds), rel=1e-9, abs=1e-6)
    whole_j = sum(one.interval.energy_j for one in found)
    assert sum(parts_j) == pytest.approx(whole_j, rel=1e-9)


def test_only_the_devices_that_count_are_added(database: Database) -> None:
    part = replace(PARTS[0], ended_at=None)
    devices = [SegmentDevice(part.id, one, "fake") for one in (GPU, CPU)]
    slots = [interval(part, GPU, 0, 5.0), interval(part, CPU, 0, 7.0)]
    Writer(database).save([RUN, part, *devices, *slots])
    bound = [RUN.started_at + timedelta(seconds=5)]
    assert Reader(database).energies_j([(part.id, GPU.id)], bound) == [2.5, 2.5]
