"""What pricing costs: a day of eleven devices from the cache, and 10,000 stored runs again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from _bench import MS_PER_S, line, machine, options
from msgspec.structs import replace

from fakes.grids import FakeGrid, Yearly, half_hours, link
from fakes.records import GPU, interval, pricing, run, segment
from tracker.assembly import Assembly
from tracker.carbon.accountant import with_stretches
from tracker.carbon.feed import Feed
from tracker.history.pricing import PricingChoice, Repricer
from tracker.model.run import Record, Run, SegmentDevice
from tracker.store.database import Database, open_database
from tracker.store.intensities import StoredIntensities
from tracker.store.reader import Reader
from tracker.store.writer import Writer

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
NOW = MIDNIGHT + 9 * DAY
DEVICES = [replace(GPU, id=f"gpu:GPU-8a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f{n:x}") for n in range(11)]
SLOTS = 24 * 360


def main() -> None:
    short = options(__doc__).short
    with machine() as folder:
        _a_day(folder)
    with machine() as folder:
        _again(folder, 100 if short else 10_000)


def _a_day(folder: Path) -> None:
    """24 h at one slot of 10 s, 11 devices, half-hourly intensities that are in the cache."""
    of = replace(run(), started_at=MIDNIGHT)
    part = segment(of, ended_at=MIDNIGHT + DAY)
    with open_database(f"sqlite:///{folder}/runs.db", mode="write") as store:
        writer = Writer(store)
        writer.save([of, part, *(SegmentDevice(part.id, one, "nvml") for one in DEVICES)])
        for device in DEVICES:
            slots = range(SLOTS)
            writer.save([interval(part, device, 10 * n, 3000.1 + n % 7) for n in slots])
        feed = Feed([link(FakeGrid()), link(Yearly())], StoredIntensities(store), lambda: NOW)
        waiting = replace(pricing(of), provisional=True)
        counted = [(part.id, device.id) for device in DEVICES]
        taken_s = []
        for _ in range(6):  # the first fills the cache and compiles statements
            began_s = time.process_time()
            booked = feed.book(MIDNIGHT, MIDNIGHT + DAY)
            priced = with_stretches(
                waiting, booked.stretches, provider="fake", provisional=False, notes=()
            )
            energies_j = Reader(store).energies_j(counted, [s.start for s in priced.stretches[1:]])
            taken_s.append(time.process_time() - began_s)
        whole_j = sum(3000.1 + n % 7 for n in range(SLOTS)) * len(DEVICES)
    assert len(booked.stretches) == len(half_hours(MIDNIGHT, MIDNIGHT + DAY))  # noqa: S101 - a check
    line(
        "a day of 11 devices priced from the cache, CPU", min(taken_s[1:]) * MS_PER_S, "ms", most=50
    )
    line(
        "  its parts against the whole, relative", abs(sum(energies_j) / whole_j - 1), "", most=1e-9
    )


def _again(folder: Path, count: int) -> None:
    """Each run of two minutes on one GPU, priced anew offline with another PUE."""
    with open_database(f"sqlite:///{folder}/runs.db", mode="write") as store:
        writer, ids = Writer(store), []
        for begin in range(0, count, 500):
            records: list[Record] = []
            for number in range(begin, min(begin + 500, count)):
                of = replace(run(f"run-{number}"), started_at=MIDNIGHT + number * 3 * MINUTE)
                records += _records(of)
                ids.append(of.id)
            writer.save(records)
        wall_s, cpu_s = _price(store, ids)
    line(f"{count:,} stored runs priced again offline, wall", wall_s, "s")
    line("  CPU a run", cpu_s / count * MS_PER_S, "ms")


def _records(of: Run) -> list[Record]:
    part = segment(of, ended_at=of.started_at + 2 * MINUTE)
    return [
        of,
        part,
        pricing(of),
        SegmentDevice(part.id, GPU, "nvml"),
        *(interval(part, GPU, 10 * slot, 3000.1) for slot in range(12)),
    ]


def _price(store: Database, ids: list[UUID]) -> tuple[float, float]:
    repricer = Repricer(Assembly.of_this_process(), store)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    repricer.price(ids, PricingChoice(pue=1.2, online=False))
    return time.perf_counter() - began_s, time.process_time() - began_cpu_s


if __name__ == "__main__":
    main()
