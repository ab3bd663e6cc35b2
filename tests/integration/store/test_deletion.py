"""What is deleted is gone with all below it, and leaves a tombstone."""

from __future__ import annotations

from sqlalchemy import func, select

from fakes.records import Sample, at
from tracker.store import schema
from tracker.store.database import Database
from tracker.store.deletion import delete_runs
from tracker.store.reader import Reader
from tracker.store.writer import Writer


def test_a_deleted_run_is_gone_with_all_below_it(database: Database) -> None:
    gone, stays = Sample(), Sample()
    Writer(database).save([*gone.records(), *stays.records()])
    before = Reader(database).records(stays.id)
    assert delete_runs(database, [gone.id], at(60)) == 1
    assert Reader(database).records(stays.id) == before
    with database.reading() as connection:
        for table in (schema.runs, *schema.REPLICATED):
            key = "run_id" if "run_id" in table.c else "segment_id"
            column = table.c.id if table is schema.runs else table.c[key]
            gone_ids = [gone.id, gone.segment.id]
            statement = select(func.count()).select_from(table).where(column.in_(gone_ids))
            assert connection.execute(statement).scalar_one() == 0, table.name
        buried = connection.execute(select(schema.tombstones)).all()
    assert [(one.run_id, one.deleted_at, one.target, one.pending) for one in buried] == [
        (gone.id, at(60), None, None)
    ]


def test_deleting_what_is_not_there_does_nothing(database: Database) -> None:
    sample = Sample()
    assert delete_runs(database, [sample.id], at(0)) == 0
    Writer(database).save(sample.records())
    delete_runs(database, [sample.id], at(1))
    Writer(database).save(sample.records())  # imported again, say
    assert delete_runs(database, [sample.id, sample.id], at(2)) == 1


def test_the_server_of_a_run_is_to_hear_of_its_end(database: Database) -> None:
    sample = Sample()
    Writer(database).save(sample.records())
    with database.writing() as connection:
        target = {"run_id": sample.id, "target": "postgresql://db/runs"}
        connection.execute(schema.replicas.insert(), target)
    delete_runs(database, [sample.id], at(60))
    with database.reading() as connection:
        (buried,) = connection.execute(select(schema.tombstones)).all()
    assert (buried.target, buried.pending) == ("postgresql://db/runs", True)
