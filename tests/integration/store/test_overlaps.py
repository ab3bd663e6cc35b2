"""Overlaps are found from what is stored, in a file and on a server alike."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from fakes.records import CPU, GPU, START, Sample, run
from tracker.model.device import share_of
from tracker.model.run import Overlap
from tracker.store.database import Database
from tracker.store.overlaps import find_overlaps, overlaps_of, shared_energy
from tracker.store.reader import Reader
from tracker.store.writer import Writer


def begun_after(seconds: float, name: str = "other", parent_id: UUID | None = None) -> Sample:
    started_at = START + timedelta(seconds=seconds)
    return Sample(replace(run(name, started_at=started_at), parent_id=parent_id))


def saved(database: Database, *samples: Sample) -> None:
    for sample in samples:
        records = [one for one in sample.records() if not isinstance(one, Overlap)]
        Writer(database).save(records)


def found(database: Database, sample: Sample) -> tuple[Overlap, ...]:
    with database.reading() as connection:
        return find_overlaps(connection, sample.id)


def noted(database: Database, *samples: Sample) -> None:
    for sample in samples:
        Writer(database).save(found(database, sample))


def seen(database: Database, sample: Sample) -> tuple[Overlap, ...]:
    with database.reading() as connection:
        return overlaps_of(connection, sample.id)


def test_two_runs_share_what_was_used_while_both_lived(database: Database) -> None:
    first, second = Sample(), begun_after(5)
    saved(database, first, second)
    gpu = next(one for one in found(database, first) if one.device_id == GPU.id)
    assert (gpu.start, gpu.end) == (second.run.started_at, first.segment.ended_at)
    assert gpu.energy_j == pytest.approx(3000.1 / 2 + 2000.2)
    assert (gpu.other_run_id, gpu.segment_id) == (second.id, first.segment.id)
    assert {one.device_id for one in found(database, first)} == {GPU.id, CPU.id}
    turned = next(one for one in found(database, second) if one.device_id == GPU.id)
    assert turned.energy_j == pytest.approx(3000.1 + 2000.2 / 2)


@pytest.mark.parametrize("seconds", [20, 3600])
def test_a_run_that_began_when_the_other_had_ended_shares_nothing(
    database: Database, seconds: float
) -> None:
    first, second = Sample(), begun_after(seconds)
    saved(database, first, second)
    assert found(database, first) == found(database, second) == ()


def test_another_machine_shares_nothing(database: Database) -> None:
    first, second = Sample(), begun_after(5)
    second.segment = replace(second.segment, host_id="elsewhere")
    saved(database, first, second)
    assert found(database, first) == ()


def test_what_a_whole_covers_is_in_no_total_and_so_not_shared(database: Database) -> None:
    first, second = Sample(), begun_after(5)
    saved(database, first, second)
    records = [one for one in Reader(database).run(second.id)[0].devices if one.device == GPU]
    Writer(database).save([replace(one, covered_by="node:cray") for one in records])
    assert [one.device_id for one in found(database, first)] == [CPU.id]


def test_both_reports_say_so_even_if_one_run_was_killed(database: Database) -> None:
    ended, killed = Sample(), begun_after(5, "killed")
    killed.segment = replace(killed.segment, ended_at=None, outcome=None)
    saved(database, ended, killed)
    noted(database, ended)
    assert {one.other_run_id for one in seen(database, ended)} == {killed.id}
    assert {one.other_run_id for one in seen(database, killed)} == {ended.id}
    assert [one.energy_j for one in seen(database, ended)] == [
        one.energy_j for one in seen(database, killed)
    ]


def test_a_run_around_another_is_not_shown_as_an_overlap_but_counted_once(
    database: Database,
) -> None:
    around = Sample()
    within = begun_after(5, "within", around.id)
    inmost = begun_after(6, "inmost", within.id)
    saved(database, around, within, inmost)
    noted(database, around, within, inmost)
    assert seen(database, around) == seen(database, within) == seen(database, inmost) == ()
    with database.reading() as connection:
        shared = shared_energy(connection, [around.id, within.id, inmost.id])
    assert {(one.later[0], one.earlier[0]) for one in shared} == {
        (within.id, around.id),
        (inmost.id, around.id),
        (inmost.id, within.id),
    }


def test_each_pair_is_told_once_whoever_noted_it(database: Database) -> None:
    first, second, third = Sample(), begun_after(5), begun_after(2, "third")
    saved(database, first, second, third)
    noted(database, first, second)
    with database.reading() as connection:
        shared = shared_energy(connection, [first.id, second.id])
    assert len(shared) == 2
    assert {one.later for one in shared} == {(second.id, second.segment.id)}
    assert {one.board for one in shared} == {f"{first.segment.host_id}/{d.id}" for d in (GPU, CPU)}


def test_shares_of_two_processes_have_nothing_in_common(database: Database) -> None:
    shares = (share_of(GPU), share_of(CPU))
    first, second = Sample(devices=shares), begun_after(5)
    second.devices = shares
    second.segment = replace(second.segment, pid=2)
    whole = begun_after(1, "whole")
    saved(database, first, second, whole)
    (gpu,) = (one for one in found(database, first) if one.device_id == share_of(GPU).id)
    assert gpu.other_run_id == whole.id
    noted(database, whole)
    (told,) = (
        one
        for one in seen(database, whole)
        if one.device_id == GPU.id and one.other_run_id == second.id
    )
    assert told.energy_j == pytest.approx(3000.1 + 2000.2 * 6 / 10)


def test_a_share_within_a_share_is_common_to_both(database: Database) -> None:
    shares = (share_of(CPU),)
    around, within = Sample(devices=shares), begun_after(5)
    within.devices = shares
    within.run = replace(within.run, parent_id=around.id)
    within.segment = replace(within.segment, pid=2)
    saved(database, around, within)
    for one in (around, within):
        (common,) = found(database, one)
        assert common.energy_j == pytest.approx(3000.1 + 2000.2 / 2)
