"""What is booked of runs agrees with the runs, whatever is done to them."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import timedelta

import pytest
from msgspec.structs import replace

from fakes.records import START, Sample, run
from tracker.model.figures import DeviceShare, Dimension, RunFigures, parts_of
from tracker.model.ranges import BoardSum
from tracker.store import figures, schema
from tracker.store.database import Database
from tracker.store.deletion import delete_runs
from tracker.store.writer import Writer


def of(sample: Sample, energy_j: float | None = 100.0, days: int = 0) -> RunFigures:
    sums = BoardSum("host/gpu", "counter:gpu", energy_j or 0, energy_j or 0, 4.0, 3.0, 1.0)
    return RunFigures(
        run_id=sample.id,
        started_at=START + timedelta(days=days),
        project=sample.run.project,
        user="ada",
        duration_s=20.0,
        energy_j=energy_j,
        energy_low_j=energy_j,
        energy_high_j=energy_j,
        carbon_g=None if energy_j is None else energy_j / 1000,
        carbon_low_g=0.0,
        carbon_high_g=1.0,
        low_g_per_kwh=40.0,
        high_g_per_kwh=60.0,
        shares=() if energy_j is None else (DeviceShare("H100", "host", sums),),
    )


def totals(database: Database) -> dict[tuple[str, str], tuple[float, float]]:
    table = schema.totals
    with database.reading() as connection:
        rows = connection.execute(table.select()).all()
    return {(row.dimension, row.value): (row.runs, row.energy_j) for row in rows}


def saved(database: Database, *samples: Sample) -> None:
    for sample in samples:
        Writer(database).save(sample.records())


def booked(database: Database, *runs: RunFigures) -> None:
    with database.writing() as connection:
        figures.book(connection, [one for one in runs if figures.claim(connection, one.run_id)])


def test_a_booked_run_is_in_the_totals_of_its_groups(database: Database) -> None:
    sample = Sample()
    saved(database, sample)
    found = of(sample)
    booked(database, found)
    with database.reading() as connection:
        assert figures.booked(connection, [sample.id]) == {sample.id: found}
        assert figures.waiting(connection) == ()
    assert totals(database) == {
        ("all", ""): (1, 100),
        ("project", "vision"): (1, 100),
        ("month", "2026-03"): (1, 100),
        ("user", "ada"): (1, 100),
        ("host", "host"): (1, 100),
        ("device", "H100"): (1, 100),
    }


def test_booked_twice_it_counts_once(database: Database) -> None:
    sample = Sample()
    saved(database, sample)
    booked(database, of(sample))
    booked(database, of(sample))
    assert totals(database)["all", ""] == (1, 100)


@pytest.mark.parametrize("what", ["run", "segment", "pricing"])
def test_whatever_changes_it_takes_the_booking_back(database: Database, what: str) -> None:
    sample = Sample()
    saved(database, sample)
    booked(database, of(sample))
    Writer(database).save([getattr(sample, what)])
    assert totals(database) == {}
    with database.reading() as connection:
        assert figures.waiting(connection) == (sample.id,)
        assert connection.execute(schema.total_boards.select()).all() == []


def test_a_run_that_is_deleted_leaves_the_totals(database: Database) -> None:
    one, other = Sample(), Sample()
    saved(database, one, other)
    booked(database, of(one), of(other, 50.0))
    delete_runs(database, [one.id], START)
    assert totals(database)["all", ""] == (1, 50)


def test_what_is_said_later_of_a_run_takes_nothing_back(database: Database) -> None:
    sample = Sample()
    saved(database, sample)
    booked(database, of(sample))
    Writer(database).save(sample.records()[-1:])  # an event
    assert totals(database)["all", ""] == (1, 100)


def test_a_run_where_nothing_was_read_is_counted_without_a_figure(database: Database) -> None:
    sample = Sample()
    saved(database, sample)
    booked(database, of(sample, None))
    assert totals(database)["all", ""] == (1, 0)
    assert ("device", "H100") not in totals(database)


def test_after_many_changes_totals_are_the_sums_of_the_runs(database: Database) -> None:
    samples = [Sample(run(f"r{n}", f"p{n % 3}")) for n in range(12)]
    saved(database, *samples)
    now = {one.id: of(one, 1000 / (n + 1), days=11 * n) for n, one in enumerate(samples)}
    booked(database, *now.values())
    for n, sample in enumerate(samples[::2]):
        with database.writing() as connection:
            figures.unbook(connection, [sample.id])
        if n % 2:
            now[sample.id] = replace(now[sample.id], project="moved", energy_j=7.5)
            booked(database, now[sample.id])
        else:
            del now[sample.id]
    expected: defaultdict[tuple[str, str], float] = defaultdict(float)
    for each in now.values():
        for dimension, value, part in parts_of(each):
            expected[dimension.value, value] += part.energy_j
    found = totals(database)
    assert found.keys() == expected.keys()
    for key, (_, energy_j) in found.items():
        assert math.isclose(energy_j, expected[key], rel_tol=1e-9)
    assert sum(n for (kind, _), (n, _) in found.items() if kind == Dimension.PROJECT) == len(now)


def test_tags_are_found_and_follow_their_run(database: Database) -> None:
    sample = Sample()
    saved(database, sample)
    Writer(database).save([replace(sample.run, tags={"lr": "1", "new": "x\0"})])
    with database.reading() as connection:
        rows = connection.execute(schema.tags.select().order_by(schema.tags.c.key)).all()
    assert [(row.run_id, row.key, row.value) for row in rows] == [
        (sample.id, "lr", "1"),
        (sample.id, "new", "x�"),
    ]
