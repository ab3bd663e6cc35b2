"""What groups of runs come to: the same from what was added up as from the runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

import tracker
from fakes.records import CPU, GPU, START, Sample, host, interval, pricing, run
from tracker.cli._totals_view import totals_view
from tracker.errors import SettingsError, StoreError
from tracker.history.booking import book_ended
from tracker.history.listing import Query
from tracker.history.status import Vantage
from tracker.history.totals import totals_of
from tracker.model.carbon import Scope
from tracker.model.device import DeviceKind
from tracker.model.ranges import Share, energy_range
from tracker.model.run import Overlap, SegmentDevice
from tracker.model.totals import GroupTotal, Totals
from tracker.store.database import Database, open_database
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.writer import Writer

EVERY = Query(Filter(name="*"))
"""A choice that every run passes, so that each is looked at."""


def samples(count: int = 8) -> list[Sample]:
    made = []
    for n in range(count):
        begun = START + timedelta(days=17 * n)
        of = replace(run(f"r{n}", "ab"[n % 2], begun), tags={"lr": str(n % 3)})
        made.append(Sample(of, devices=(GPU, CPU) if n % 4 else (GPU,)))
    return made


def kept(database: Database, made: Sequence[Sample]) -> None:
    for sample in made:
        Writer(database).save(sample.records())


def found(database: Database, by: str, query: Query | None = None) -> Totals:
    return totals_of(Reader(database), by, query or Query(), Vantage.here())


def same(one: GroupTotal, other: GroupTotal) -> bool:
    names = [name for name in GroupTotal.__struct_fields__ if name != "group"]
    mine, theirs = ([getattr(each, name) for name in names] for each in (one, other))
    return one.group == other.group and mine == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("by", ["project", "month", "host", "user", "device"])
@pytest.mark.parametrize("ended", [0, 5, 8])
def test_booked_or_not_totals_are_the_same(database: Database, by: str, ended: int) -> None:
    made = samples()
    kept(database, made[:ended])
    assert book_ended(database) == ended
    kept(database, made[ended:])
    quick, slow = found(database, by), found(database, by, EVERY)
    assert [one.group for one in quick.groups] == [one.group for one in slow.groups]
    assert all(same(*pair) for pair in zip(quick.groups, slow.groups, strict=True))
    assert same(quick.total, slow.total)
    assert quick.total.runs == 8


def test_the_range_of_a_total_is_that_of_its_boards(database: Database) -> None:
    kept(database, samples(4)[:2])  # one with a GPU, one with the same GPU and a CPU
    book_ended(database)
    shares = [
        *(Share("gpu", GPU.accuracy, 5000.3, 5.0) for _ in range(2)),
        Share("cpu", CPU.accuracy, 5000.3, 5.0),
    ]
    total = found(database, "project").total
    bounds = energy_range(shares)
    assert total.energy_j == pytest.approx(3 * 5000.3)
    assert (total.energy_low_j, total.energy_high_j) == pytest.approx((bounds.low, bounds.high))
    assert total.carbon_g == pytest.approx(3 * 5000.3 / 3.6e6 * 50)
    assert total.carbon_low_g is not None
    assert total.carbon_high_g is not None
    assert 0 < total.carbon_low_g < total.carbon_g < total.carbon_high_g  # type: ignore[operator]


def test_groups_have_names_that_people_know(database: Database) -> None:
    kept(database, samples(2))
    assert [one.group for one in found(database, "host").groups] == [host().hostname]
    assert [one.group for one in found(database, "device").groups] == [CPU.name, GPU.name]
    assert [one.group for one in found(database, "month").groups] == ["2026-03"]
    assert [(one.group, one.runs) for one in found(database, "tag:lr").groups] == [
        ("0", 1),
        ("1", 1),
    ]
    assert [one.group for one in found(database, "tag:none").groups] == [""]


def test_where_nothing_was_read_or_priced_there_is_no_zero(database: Database) -> None:
    unread = Sample(run("unread", "silent"), devices=())
    unpriced = Sample(run("unpriced", "free"), devices=(GPU,))
    kept(database, [unread])
    Writer(database).save([one for one in unpriced.records() if one != unpriced.pricing])
    book_ended(database)
    free, silent = found(database, "project").groups
    assert (silent.runs, silent.unread_runs, silent.energy_j, silent.carbon_g) == (1, 1, None, None)
    assert free.energy_j == pytest.approx(5000.3)
    assert free.carbon_g is None
    assert free.unpriced_j == pytest.approx(5000.3)


def test_the_pue_is_in_the_grams_alone(database: Database) -> None:
    sample = Sample(devices=(GPU,))
    sample.pricing = pricing(sample.run, pue=1.5)
    kept(database, [sample])
    book_ended(database)
    total = found(database, "project").total
    assert total.energy_j == pytest.approx(5000.3)
    assert total.carbon_g == pytest.approx(5000.3 / 3.6e6 * 50 * 1.5)


def test_a_run_that_goes_on_is_added_up_anew(database: Database) -> None:
    sample = Sample(devices=(GPU,))
    kept(database, [sample])
    assert book_ended(database) == 1
    again = replace(sample.segment, id=Sample().segment.id, started_at=START + timedelta(minutes=1))
    again = replace(again, ended_at=START + timedelta(minutes=2))
    more = interval(again, GPU, 0, 1000.0)
    Writer(database).save([again, SegmentDevice(again.id, GPU, "fake"), more])
    assert found(database, "project").total.energy_j == pytest.approx(6000.3)
    assert book_ended(database) == 1
    assert found(database, "project").total.energy_j == pytest.approx(6000.3)
    assert found(database, "project").total.runs == 1


def test_an_unknown_grouping_is_refused(database: Database) -> None:
    for by in ("week", "tag:", DeviceKind.GPU.value):
        with pytest.raises(SettingsError, match="must be one of project, month, user, host"):
            found(database, by)


def overlapping(database: Database, booked: bool) -> tuple[Sample, Sample]:
    """Two runs of two projects and months, 5 s apart on one machine; the second holds 5 s alone."""
    first = Sample(replace(run("first", "a", START), tags={"k": "1"}), devices=(GPU,))
    begun = START + timedelta(seconds=5)
    second = Sample(replace(run("second", "b", begun), tags={"k": "1"}), devices=(GPU,))
    for sample in (first, second):
        Writer(database).save([one for one in sample.records() if not isinstance(one, Overlap)])
    for sample in (first, second):
        Writer(database).save(Reader(database).find_overlaps(sample.id))
    if booked:
        assert book_ended(database) == 2
    return first, second


@pytest.mark.parametrize("booked", [False, True])
def test_a_joule_counts_once_in_each_group_and_once_in_all(
    database: Database, booked: bool
) -> None:
    overlapping(database, booked)
    apart = found(database, "project")
    assert [one.energy_j for one in apart.groups] == pytest.approx([5000.3, 5000.3])
    both_j = 3000.1 + 2000.2 / 2  # as the later one counted it
    assert [one.shared_j for one in apart.groups] == pytest.approx([both_j, both_j])
    assert apart.total.energy_j == pytest.approx(2 * 5000.3 - both_j)
    assert apart.total.carbon_g == pytest.approx((2 * 5000.3 - both_j) / 3.6e6 * 50)
    together = found(database, "tag:k").groups[0]
    assert together.energy_j == pytest.approx(2 * 5000.3 - both_j)
    assert together.shared_j == 0
    (on_host,) = found(database, "host").groups
    (of_device,) = found(database, "device").groups
    assert on_host.energy_j == of_device.energy_j == pytest.approx(2 * 5000.3 - both_j)


def test_what_is_chosen_shares_only_with_what_is_chosen(database: Database) -> None:
    overlapping(database, booked=True)
    alone = found(database, "project", Query(Filter(project="b")))
    assert alone.total.energy_j == pytest.approx(5000.3)
    assert [one.shared_j for one in alone.groups] == [0]


def test_a_run_within_another_is_not_added_to_it(database: Database) -> None:
    outer = Sample(run("outer"), devices=(GPU,))
    inner = Sample(replace(run("inner"), parent_id=outer.id), devices=(GPU,))
    kept(database, [outer, inner])
    for sample in (outer, inner):
        Writer(database).save(Reader(database).find_overlaps(sample.id))
    assert found(database, "project").total.energy_j == pytest.approx(5000.3)
    assert found(database, "project").total.runs == 2


def test_where_a_server_does_not_answer_this_machines_runs_are_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with open_database(None, mode="write") as own:
        kept(own, samples(2))
    history = tracker.History("postgresql://ada:secret@localhost:1/runs?connect_timeout=2")
    assert len(history.runs()) == 2
    assert "what follows is what this machine has" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(StoreError):
        history.note("r1", "a change needs the server")


def test_a_history_that_stays_open_sees_what_is_new(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    history = tracker.History(url)
    for n in range(3):
        with open_database(url, mode="write") as database:
            kept(database, samples(3)[n : n + 1])
        assert len(history.runs()) == history.totals("month").total.runs == n + 1


def test_a_relative_store_is_that_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = tracker.History("sqlite:///runs.db")
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir()
        monkeypatch.chdir(folder)
        with open_database("sqlite:///runs.db", mode="write") as database:
            kept(database, samples(count))
        assert len(history.runs()) == count


def test_what_was_interrupted_long_ago_is_added_up_too(database: Database) -> None:
    lost, new = Sample(run("lost")), Sample(run("new", started_at=datetime.now(UTC)))
    for sample in (lost, new):
        sample.segment = replace(sample.segment, ended_at=None, outcome=None, pid=2**30)
        Writer(database).save(sample.records())
    assert book_ended(database) == 1
    assert Reader(database).waiting() == (new.id,)
    assert found(database, "project").total.runs == 2


def test_some_are_added_up_at_a_time_the_oldest_first(database: Database) -> None:
    kept(database, samples(5))
    assert [book_ended(database, most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert Reader(database).waiting() == ()


def test_a_sum_says_which_scopes_it_adds(database: Database) -> None:
    made = samples(4)
    kept(database, made)
    assert found(database, "project").scopes == ("lifecycle",)
    first = made[0]
    what_if = replace(first.pricing, id=uuid4(), scope=Scope.DIRECT, what_if=True)
    Writer(database).save([what_if])
    assert found(database, "project").scopes == ("lifecycle",)
    later = first.pricing.made_at + timedelta(days=1)
    Writer(database).save([replace(first.pricing, id=uuid4(), scope=Scope.DIRECT, made_at=later)])
    for query in (None, EVERY):
        totals = found(database, "project", query)
        assert totals.scopes == ("direct", "lifecycle")
    words = "\n".join(line.plain for line in totals_view(totals, 100))
    assert "adds up direct and life-cycle emissions" in words
    others = Query(Filter(name=made[1].run.name))
    assert found(database, "project", others).scopes == ("lifecycle",)
    assert found(database, "project", Query(Filter(name="no such run"))).scopes == ()
