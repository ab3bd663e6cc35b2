"""Runs that come into a store later than they ran: what they share is found then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner
from msgspec.structs import replace

from fakes.records import CPU, GPU, START, Sample, run
from tracker.cli import command
from tracker.cli._rooms import Rooms
from tracker.history import History
from tracker.model.run import Overlap, Record
from tracker.store.database import open_database
from tracker.store.writer import Writer


def without_overlaps(sample: Sample) -> list[Record]:
    return [one for one in sample.records() if not isinstance(one, Overlap)]


def test_an_imported_run_meets_those_that_are_there(tmp_path: Path) -> None:
    here, there = (f"sqlite:///{tmp_path}/{name}.db" for name in ("here", "there"))
    mine = Sample()
    theirs = Sample(run("theirs", started_at=START + timedelta(seconds=5)))
    theirs.segment = replace(theirs.segment, pid=2)
    for url, sample in ((here, mine), (there, theirs)):
        with open_database(url, mode="write") as database:
            Writer(database).save(without_overlaps(sample))
    exported = tmp_path / "theirs.json"
    line = ["export", "--store", there, "-o", str(exported)]
    done = CliRunner().invoke(command, line, obj=Rooms())
    assert done.exit_code == 0, done.output
    taken = History(here).take_in(str(exported))
    assert [one.id for one in taken.taken] == [theirs.id]
    for one, other in ((mine, theirs), (theirs, mine)):
        found = History(here).run(one.id).overlaps
        assert {each.run_id for each in found} == {other.id}
        assert {each.device_id for each in found} == {GPU.id, CPU.id}
