"""Fewer rows, the same sums: by device, method and price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from fakes.records import CPU, GPU, Sample, intensity, interval, pricing, run, segment
from tracker.carbon.accountant import carbon_between_g
from tracker.model.carbon import Pricing
from tracker.model.device import Method
from tracker.model.run import Heartbeat, Metric, Record, SegmentDevice, SegmentInterval
from tracker.store import schema
from tracker.store.compaction import compact
from tracker.store.condition import size_bytes, vacuum
from tracker.store.database import Database, open_database
from tracker.store.found import DeviceSum
from tracker.store.listing import Filter
from tracker.store.pruning import bury_again, prunable, prune
from tracker.store.reader import Reader
from tracker.store.writer import Writer

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=40)


class Long:
    """A run of some hours from 12:00:07 on, with a price an hour, and another every 5 minutes."""

    def __init__(self, hours: int = 3) -> None:
        start = NOON + timedelta(seconds=7)
        self.run = run(started_at=start)
        end = start + timedelta(hours=hours)
        self.segment = segment(self.run, ended_at=end)
        self.hourly = self._pricing(3600, hours)
        self.fine = self._pricing(300, hours)
        self.intervals = [
            interval(self.segment, device, second - 7, 10.0 * (number + 1) + second % 97, slack_j=2)
            for number, device in enumerate((GPU, CPU))
            for second in range(10, hours * 3600, 10)
        ]
        bridged = interval(self.segment, GPU, 600, 55.5, method=Method.BRIDGED, coverage=0.0)
        self.intervals.append(bridged)

    def _pricing(self, every_s: int, hours: int) -> Pricing:
        changes = (NOON + timedelta(seconds=s) for s in range(0, hours * 3600 + 1, every_s))
        values = [(one, intensity(40 + 7 * (one.minute % 13) + one.hour)) for one in changes]
        return pricing(self.run, *values)

    def records(self) -> list[Record]:
        devices = [SegmentDevice(self.segment.id, one, "fake") for one in (GPU, CPU)]
        slots = [_slotted(one) for one in self.intervals]
        return [self.run, self.hourly, self.fine, self.segment, *devices, *slots]


def _slotted(one: SegmentInterval) -> SegmentInterval:
    """With its slot where slots begin: at whole tens of seconds."""
    start = one.interval.start
    slot = start.replace(second=start.second // 10 * 10, microsecond=0)
    return SegmentInterval(one.segment_id, slot, one.interval)


def totals(
    database: Database, long: Long
) -> tuple[dict[tuple[str, Method], DeviceSum], list[float]]:
    reader = Reader(database)
    sums = {(one.device_id, one.method): one for one in reader.run(long.run.id)[0].sums}
    found = [one.interval for one in reader.intervals(long.run.id)]
    return sums, [
        sum(carbon_between_g(price, one.energy_j, one.start, one.end) for one in found)
        for price in (long.hourly, long.fine)
    ]


def assert_same(
    before: tuple[dict[tuple[str, Method], DeviceSum], list[float]],
    after: tuple[dict[tuple[str, Method], DeviceSum], list[float]],
) -> None:
    assert after[1] == pytest.approx(before[1], rel=1e-9)
    assert before[0].keys() == after[0].keys()
    for key, one in before[0].items():
        for name in ("energy_j", "slack_j", "covered_s"):
            assert getattr(after[0][key], name) == pytest.approx(getattr(one, name), rel=1e-9)


def rows(database: Database) -> int:
    with database.reading() as connection:
        table = schema.intervals
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def nobody_is_gone(_: object) -> bool:
    return False


def test_a_compacted_run_is_priced_to_the_same_grams(database: Database) -> None:
    long = Long()
    Writer(database).save(long.records())
    before = totals(database, long)
    done = compact(database, LATER, nobody_is_gone)
    assert (done.segments, done.rows_before, done.rows_after) == (1, 2159, 2 * 36 + 1)
    assert_same(before, totals(database, long))
    assert compact(database, LATER, nobody_is_gone).segments == 0


def test_what_is_fresh_or_goes_on_is_left(database: Database) -> None:
    fresh, going_on = Long(), Sample(run(started_at=LATER - timedelta(days=3)))
    Writer(database).save(fresh.records())
    assert compact(database, NOON + timedelta(hours=20), nobody_is_gone).segments == 0
    going_on.segment = replace(going_on.segment, ended_at=None, outcome=None)
    beat = Heartbeat(going_on.segment.id, LATER, {}, ())
    Writer(database).save([*going_on.records(), beat])
    assert compact(database, LATER, nobody_is_gone).segments == 1
    assert compact(database, LATER, lambda _: True).segments == 1


def test_what_a_server_is_still_to_get_is_left(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/runs.db", mode="write") as database:
        long = Long()
        Writer(database, "postgresql://db:5432/runs").save(long.records())
        assert compact(database, LATER, nobody_is_gone).segments == 0
        with database.writing() as connection:
            connection.execute(schema.segments.update().values(sealed_at=LATER))
        assert compact(database, LATER, nobody_is_gone).segments == 1


def test_a_day_of_eight_gpus_takes_less_than_a_megabyte(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/runs.db", mode="write") as database:
        sample = Sample(run(started_at=NOON))
        boards = [
            replace(GPU, id=f"gpu:GPU-8a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f{n}") for n in range(8)
        ]
        boards += [replace(CPU, id=f"cpu:package-{n}") for n in range(2)] + [
            replace(CPU, id="dram:0")
        ]
        key = sample.segment.id
        Writer(database).save([*sample.records(), *(SegmentDevice(key, b, "f") for b in boards)])
        for board in boards:
            day = [interval(sample.segment, board, s, 3000.1 + s) for s in range(0, 86400, 10)]
            Writer(database).save([_slotted(one) for one in day])
        with database.writing() as connection:
            connection.execute(schema.segments.update().values(ended_at=LATER - timedelta(days=9)))
        fresh = size_bytes_of(database)
        compact(database, LATER, nobody_is_gone)
        vacuum(database)
        assert size_bytes_of(database) < 1e6 < fresh


def test_totals_stay_when_details_are_pruned(database: Database) -> None:
    long = Long()
    metric = Metric(long.segment.id, 0, None, "loss", 0.5, NOON)
    Writer(database).save([*long.records(), metric])
    before = totals(database, long)
    found = prunable(database, LATER, before=LATER, project=None)
    assert found == (long.run.id,)
    prune(database, found, LATER, keep_totals=True)
    assert_same(before, totals(database, long))
    assert rows(database) <= 2 * 37 + 1
    assert not Reader(database).run(long.run.id)[1].metrics


def test_only_runs_that_are_over_are_pruned(database: Database) -> None:
    over, going_on = Sample(), Sample(run(started_at=LATER - timedelta(hours=1)))
    going_on.segment = replace(going_on.segment, ended_at=None, outcome=None)
    Writer(database).save([*over.records(), *going_on.records()])
    assert prunable(database, LATER, before=None, project="vision") == (over.id,)
    assert prunable(database, LATER, before=None, project="other") == ()
    prune(database, [over.id], LATER, keep_totals=False)
    assert Reader(database).newest(Filter(), 9) == (going_on.id,)


def test_what_is_not_on_its_server_is_not_pruned(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/runs.db", mode="write") as database:
        sample = Sample()
        Writer(database, "postgresql://db:5432/runs").save(sample.records())
        assert prunable(database, LATER, before=LATER, project=None) == ()
        with database.writing() as connection:
            connection.execute(schema.segments.update().values(sealed_at=LATER))
        prune(
            database,
            prunable(database, LATER, before=LATER, project=None),
            LATER,
            keep_totals=False,
        )
        with database.reading() as connection:
            tombstones = connection.execute(select(schema.tombstones)).all()
        assert [one.pending for one in tombstones] == [None]  # its copy stays


def test_runs_that_are_only_marked_as_deleted_go(database: Database) -> None:
    sample = Sample()
    Writer(database).save(sample.records())
    with database.writing() as connection:
        mark = {"run_id": sample.id, "deleted_at": LATER}
        connection.execute(schema.tombstones.insert(), mark)
    assert bury_again(database) == 1
    assert Reader(database).count() == 0


def size_bytes_of(database: Database) -> int:
    with database.reading() as connection:
        return size_bytes(connection)
