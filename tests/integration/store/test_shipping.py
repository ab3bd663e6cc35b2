"""From a local store to a server: whole, in order, as often as needed, and newest wins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import make_url, select

from fakes.records import CPU, GPU, START, Sample, at, interval, pricing, run, segment
from tracker.errors import StoreError
from tracker.history.booking import book
from tracker.model.run import Metric, Overlap, RunStatus, Segment, SegmentDevice
from tracker.store import address, schema
from tracker.store.compaction import compact
from tracker.store.database import Database, connect_server, open_database
from tracker.store.deletion import delete_runs
from tracker.store.outbox import enlist_all, waiting
from tracker.store.reader import Reader
from tracker.store.shipping import Shipment
from tracker.store.upgrade import upgrade_server
from tracker.store.writer import Writer


class Pair:
    """A local store and a server.

    Attributes:
        dead: segments whose writer is gone.
    """

    def __init__(self, local: Database, server: Database, url: str) -> None:
        self.local = local
        self.server = server
        self.target = address.identity(make_url(url))
        self.writer = Writer(local, self.target)
        self.now = START + timedelta(days=1)
        self.dead: set[UUID] = set()

    def shipment(self, server: Database | None = None) -> Shipment:
        return Shipment(
            self.local,
            server or self.server,
            self.target,
            now=lambda: self.now,
            is_gone=self._is_gone,
            add_up=book,
        )

    def ship(self) -> int:
        return self.shipment().ship().rows

    def _is_gone(self, segment: Segment) -> bool:
        return segment.id in self.dead

    def assert_equal(self, run_id: UUID) -> None:
        here, there = (Reader(one).records(run_id) for one in (self.local, self.server))
        assert len(there) > 1
        assert there == here


@pytest.fixture
def pair(tmp_path: Path, postgresql_url: str) -> Iterator[Pair]:
    upgrade_server(postgresql_url)
    with (
        open_database(f"sqlite:///{tmp_path}/runs.db", mode="write") as local,
        open_database(postgresql_url, mode="write") as server,
    ):
        yield Pair(local, server, postgresql_url)


def test_a_run_is_there_whole_and_nothing_waits_any_more(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    assert [(one.target, one.runs) for one in waiting(pair.local)] == [(pair.target, 1)]
    assert pair.ship() == len(sample.records()) - 1  # the host is no run's
    pair.assert_equal(sample.id)
    assert waiting(pair.local) == ()
    assert pair.ship() == 0


def test_runs_of_other_stores_stay_where_they_are(pair: Pair) -> None:
    private, elsewhere = Sample(devices=[GPU]), Sample(devices=[CPU])  # nothing is in both
    Writer(pair.local).save(private.records())
    Writer(pair.local, "postgresql://elsewhere:5432/db").save(elsewhere.records())
    assert pair.ship() == 0
    assert Reader(pair.server).count() == 0
    assert enlist_all(pair.local, pair.target) == 2
    assert pair.ship() > 0
    pair.assert_equal(private.id)
    pair.assert_equal(elsewhere.id)


def test_what_changes_is_shipped_again_and_only_that(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    pair.writer.save([replace(sample.run, name="renamed"), Metric(*_more(sample))])
    assert pair.ship() == 2
    pair.assert_equal(sample.id)


def _more(sample: Sample) -> tuple[UUID, int, None, str, float, datetime]:
    return sample.segment.id, 9, None, "loss", 0.1, at(17)


def test_an_older_copy_does_not_undo_a_newer_one(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    Writer(pair.server).save([replace(sample.run, name="of the team")])
    Writer(pair.server).save([replace(sample.run, name="of the team")])
    pair.writer.save([replace(sample.run, name="mine")])
    pair.ship()
    assert Reader(pair.server).run(sample.id)[0].runs[0].name == "of the team"


def test_slots_that_may_still_grow_are_not_shipped(pair: Pair) -> None:
    sample = Sample()
    sample.segment = replace(sample.segment, ended_at=None, outcome=None)
    pair.writer.save(sample.records())
    pair.now = START + timedelta(seconds=15)
    pair.ship()
    found = list(Reader(pair.server).intervals(sample.id))
    assert {one.slot_start for one in found} == {START}
    assert Reader(pair.server).run(sample.id)[0].segments[0].outcome is None
    pair.dead = {sample.segment.id}
    pair.ship()
    pair.assert_equal(sample.id)


def test_a_segments_end_comes_last(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    seen = []

    def look(_: int) -> None:
        reader = Reader(pair.server)
        (found,) = reader.run(sample.id)[0].segments
        seen.append((len(list(reader.intervals(sample.id))), found.outcome))

    pair.shipment().ship(look)
    assert seen == [(0, None), (4, None), (4, RunStatus.FINISHED)]


def test_a_run_with_more_rows_than_a_batch_holds(pair: Pair) -> None:
    sample = Sample()
    key = sample.segment.id
    many = [Metric(key, n, None, "loss", float(n), at(n / 100)) for n in range(2, 5000)]
    pair.writer.save([*sample.records(), *many])
    assert pair.ship() == len(sample.records()) - 1 + 4998
    pair.assert_equal(sample.id)


def test_a_failure_between_the_two_stores_ships_twice_and_changes_nothing(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    shipment = pair.shipment()
    tick_off, times = shipment._outbox.tick_off, []

    def fail_at_first(shipped: object) -> None:
        times.append(1)
        if len(times) == 2:
            raise StoreError("killed here")
        tick_off(shipped)  # type: ignore[arg-type]

    shipment._outbox.tick_off = fail_at_first  # type: ignore[method-assign]
    with suppress(StoreError):
        shipment.ship()
    assert pair.ship() > 0
    pair.assert_equal(sample.id)


def test_a_pricing_with_fewer_stretches_than_before(pair: Pair) -> None:
    sample = Sample()
    from fakes.records import intensity  # noqa: PLC0415 - here alone

    long = pricing(sample.run, *((at(10 * n), intensity(10.0 + n)) for n in range(5)))
    pair.writer.save([*sample.records(), long])
    pair.ship()
    pair.writer.save([replace(long, stretches=long.stretches[:2])])
    pair.ship()
    pair.assert_equal(sample.id)


def test_a_deleted_run_is_deleted_there_and_does_not_come_back(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    delete_runs(pair.local, [sample.id], at(60))
    pair.ship()
    assert Reader(pair.server).count() == 0
    pair.writer.save(sample.records())
    pair.ship()
    assert Reader(pair.server).count() == Reader(pair.local).count() == 0


def test_a_run_that_the_team_deleted_stays_deleted_while_it_goes_on(pair: Pair) -> None:
    sample = Sample()
    sample.segment = replace(sample.segment, ended_at=None, outcome=None)
    pair.writer.save(sample.records())
    pair.ship()
    delete_runs(pair.server, [sample.id], at(60))
    pair.writer.save([Metric(*_more(sample))])
    pair.ship()
    assert Reader(pair.server).count() == 0
    assert Reader(pair.local).count() == 1
    pair.dead = {sample.segment.id}
    pair.ship()
    assert Reader(pair.local).count() == 0


def test_what_the_server_refuses_of_one_run_keeps_no_other_waiting(pair: Pair) -> None:
    bad, good = Sample(), Sample(run(started_at=START + timedelta(hours=1)))
    pair.writer.save([*bad.records(), *good.records()])
    with pair.server.writing() as connection:
        connection.exec_driver_sql(
            f"ALTER TABLE runs ADD CONSTRAINT no_bad CHECK (id <> '{bad.id}')"
        )
    done = pair.shipment().ship()
    pair.assert_equal(good.id)
    assert [line.partition(":")[0] for line in done.refused] == [f"run {bad.run.short_id}"]
    assert [one.runs for one in waiting(pair.local)] == [1]


def test_a_sealed_segment_takes_no_intervals_again(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    with pair.server.reading() as connection:
        sealed = connection.execute(select(schema.segments.c.sealed_at)).scalars().all()
    assert sealed == [pair.now]
    compact(pair.server, pair.now + timedelta(days=40), lambda _: True)
    enlist_all(pair.local, pair.target)
    pair.writer.save([interval(sample.segment, GPU, 10, 2000.2, slack_j=4)])
    pair.ship()
    assert _energy_j(pair.server, sample) == pytest.approx(2 * 5000.3)


def test_after_a_server_was_restored_compacted_runs_replace_what_it_has(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    compact(pair.local, pair.now + timedelta(days=40), lambda _: True)
    with pair.server.writing() as connection:  # as if the backup was of a moment before its end
        first = schema.intervals.c.slot_start == START
        connection.execute(schema.intervals.delete().where(~first))
        connection.execute(schema.segments.update().values(sealed_at=None))
    with pair.local.writing() as connection:
        connection.execute(schema.replicas.delete())
    enlist_all(pair.local, pair.target)
    pair.ship()
    assert _energy_j(pair.server, sample) == pytest.approx(2 * 5000.3)


def _energy_j(database: Database, sample: Sample) -> float:
    return sum(one.energy_j for one in Reader(database).run(sample.id)[0].sums)


def test_segments_of_several_hosts_make_one_run(pair: Pair, tmp_path: Path) -> None:
    sample = Sample()
    other = replace(segment(sample.run, ended_at=at(30)), host_id="another")
    pair.writer.save(sample.records())
    pair.ship()
    with open_database(f"sqlite:///{tmp_path}/other.db", mode="write") as local:
        Writer(local, pair.target).save(
            [sample.run, other, SegmentDevice(other.id, CPU, "fake"), interval(other, CPU, 0, 7.0)]
        )
        Shipment(
            local,
            pair.server,
            pair.target,
            now=lambda: pair.now,
            is_gone=lambda _: True,
            add_up=book,
        ).ship()
    records = Reader(pair.server).run(sample.id)[0]
    assert len(records.segments) == 2
    assert sum(one.energy_j for one in records.sums) == pytest.approx(2 * 5000.3 + 7)


def test_a_server_that_is_not_there_loses_nothing(pair: Pair, tmp_path: Path) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    absent = connect_server(make_url(f"postgresql+psycopg://ada@/db?host={tmp_path}"))
    with absent, pytest.raises(StoreError):
        pair.shipment(absent).ship()
    assert [one.rows for one in waiting(pair.local)] == [len(sample.records()) - 1]
    pair.ship()
    pair.assert_equal(sample.id)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ada:secret@db/runs", "postgresql://db:5432/runs"),
        ("postgresql+psycopg://db:6432/runs?sslmode=require", "postgresql://db:6432/runs"),
        ("postgresql://ada@/runs?host=/run/postgresql", "postgresql:///run/postgresql:5432/runs"),
        ("postgresql://ada@", "postgresql://localhost:5432/ada"),
    ],
)
def test_a_server_is_known_without_user_and_password(url: str, name: str) -> None:
    assert address.identity(make_url(url)) == name


def test_times_are_the_same_there(pair: Pair) -> None:
    sample = Sample(run(started_at=datetime(2026, 10, 25, 0, 59, 59, 999999, tzinfo=UTC)))
    pair.writer.save(sample.records())
    pair.ship()
    pair.assert_equal(sample.id)


def test_what_the_server_has_is_found_by_tag_and_added_up(pair: Pair) -> None:
    sample = Sample()
    pair.writer.save(sample.records())
    pair.ship()
    with pair.server.reading() as connection:
        (tag,) = connection.execute(select(schema.tags)).all()
        (figure,) = connection.execute(select(schema.figures)).all()
    assert (tag.run_id, tag.key, tag.value) == (sample.id, "lr", "3e-4")
    assert figure.energy_j == pytest.approx(2 * 5000.3)


def test_runs_of_one_machine_meet_on_the_server(pair: Pair) -> None:
    mine = Sample()
    theirs = Sample(run("theirs", started_at=START + timedelta(seconds=5)))
    Writer(pair.server).save(
        [one for one in theirs.records() if not isinstance(one, Overlap)]
    )  # from another store, earlier
    pair.writer.save([one for one in mine.records() if not isinstance(one, Overlap)])
    pair.ship()
    for one, other in ((mine, theirs), (theirs, mine)):
        _, details = Reader(pair.server).run(one.id)
        assert {each.other_run_id for each in details.overlaps} == {other.id}
        assert {each.device_id for each in details.overlaps} == {GPU.id, CPU.id}
