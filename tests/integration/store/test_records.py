"""Everything that is written comes back as it was, from a file and from a server."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from fakes.records import CPU, GPU, START, Sample, at, intensity, interval, pricing, run
from tracker.errors import RunNotFound
from tracker.model.beside import PricingNote, Tariff, TariffBand, WaterUse
from tracker.model.device import Method
from tracker.model.energy import CounterCheck
from tracker.model.run import Metric, Phase, RunStatus, SegmentDevice, SegmentInterval
from tracker.store.database import Database
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.writer import Writer


def test_a_run_comes_back_as_it_was_written(database: Database) -> None:
    sample = Sample()
    Writer(database).save(sample.records())
    found = Reader(database).records(sample.id)
    assert len(found) == len(sample.records())
    assert all(record in found for record in sample.records())
    assert Reader(database).records(uuid4()) == ()


def test_a_pricing_comes_back_with_what_stands_beside_it(database: Database) -> None:
    sample = Sample()
    tariff = Tariff("EUR", 0.2, (TariffBand(1320, 360, 0.1),), "Europe/Paris", "argument")
    full = replace(
        sample.pricing,
        tariff=tariff,
        water=WaterUse(0.3, None, "argument"),
        notes=(PricingNote(at(1), "uk_carbon", "GB", "no answer"),),
    )
    Writer(database).save([*sample.records(), full])
    assert Reader(database).run(sample.id)[0].pricings == (full,)


def test_writing_again_replaces_and_nothing_doubles(database: Database) -> None:
    sample, writer = Sample(), Writer(database)
    writer.save(reversed_records := sample.records()[::-1])
    ended = replace(sample.segment, outcome=RunStatus.FAILED, error="ValueError: no")
    renamed = replace(sample.run, name="renamed")
    writer.save([*reversed_records, sample.run, renamed, ended])
    records, details = Reader(database).run(sample.id)
    assert records.runs == (renamed,)
    assert records.segments == (ended,)
    assert len(details.phases) == len(details.metrics) == 2
    assert sum(one.energy_j for one in records.sums) == pytest.approx(2 * 5000.3)


@pytest.mark.parametrize(
    "name",
    ["two\nlines", "😀 é 漢", "=cmd()|' /C calc'!A0", "'; DROP TABLE runs; --", "", "%_*?\\"],
)
def test_any_name_is_kept_and_found(database: Database, name: str) -> None:
    sample = Sample(run(name))
    Writer(database).save([*Sample(run("other")).records(), *sample.records()])
    reader = Reader(database)
    assert reader.run(sample.id)[0].runs[0] == sample.run
    if name:
        assert reader.find(name) == sample.id


def test_what_no_database_takes_is_replaced_and_the_run_kept(database: Database) -> None:
    sample = Sample(replace(run("a\0b\udce9"), params={"x": math.nan, "y\0": "\udce9"}))
    Writer(database).save(sample.records())
    found = Reader(database).run(sample.id)[0].runs[0]
    assert found.name == "a�b�"
    assert found.params == {"x": None, "y�": "�"}


@pytest.mark.parametrize("value", [math.inf, -math.inf, 5e-324, 0.1, 1.7976931348623157e308])
def test_floats_keep_every_digit(database: Database, value: float) -> None:
    sample = Sample()
    logged = Metric(sample.segment.id, 7, None, "x", value, at(3.000001))
    Writer(database).save([*sample.records(), logged])
    assert logged in Reader(database).run(sample.id)[1].metrics


def test_nan_comes_back_as_nan(database: Database) -> None:
    sample = Sample()
    logged = Metric(sample.segment.id, 7, None, "x", math.nan, at(3))
    Writer(database).save([*sample.records(), logged])
    (found,) = (one for one in Reader(database).run(sample.id)[1].metrics if one.number == 7)
    assert math.isnan(found.value)


def test_sums_are_by_device_and_method_with_slack_in_quadrature(database: Database) -> None:
    sample = Sample()
    bridged = interval(
        sample.segment, GPU, 10, 50, slack_j=15, method=Method.BRIDGED, coverage=0.0, lasts_s=5
    )
    Writer(database).save([*sample.records(), bridged])
    sums = Reader(database).run(sample.id)[0].sums
    found = {(one.device_id, one.method): one for one in sums}
    assert len(found) == 3
    counted = found[GPU.id, Method.COUNTER]
    assert (counted.energy_j, counted.slack_j, counted.covered_s) == (5000.3, 5.0, 20.0)
    assert found[GPU.id, Method.BRIDGED].covered_s == 0.0
    assert found[CPU.id, Method.COUNTER].energy_j == 5000.3


def test_a_pricing_is_replaced_whole(database: Database) -> None:
    sample, writer = Sample(), Writer(database)
    long = pricing(sample.run, *((at(10 * n), intensity(10.0 + n)) for n in range(5)))
    writer.save([*sample.records(), long])
    short = replace(long, stretches=long.stretches[:2], provisional=True)
    writer.save([short])
    pricings = Reader(database).run(sample.id)[0].pricings
    assert set(pricings) == {sample.pricing, short}


def test_intervals_come_by_device_in_order_of_time(database: Database) -> None:
    sample = Sample()
    Writer(database).save(sample.records())
    found = list(Reader(database).intervals(sample.id))
    starts = [one.slot_start for one in found if one.interval.device_id == GPU.id]
    assert starts == sorted(starts) == [START, at(10)]
    assert all(isinstance(one, SegmentInterval) and one.slot_s == 10 for one in found)


def test_what_is_known_of_a_device_comes_back(database: Database) -> None:
    sample = Sample(devices=())
    known = SegmentDevice(
        sample.segment.id,
        replace(GPU, added=False),
        "fake",
        covered_by="node:cray",
        left_out="CUDA does not use it",
        check=CounterCheck(10.5, 20.25),
        suspect=True,
    )
    Writer(database).save([*sample.records(), known])
    assert known in Reader(database).records(sample.id)


@pytest.mark.parametrize(
    "change",
    [
        {"covered_by": "node:cray"},
        {"left_out": "CUDA does not use it"},
        {"device": replace(CPU, added=False)},
    ],
)
def test_the_power_curve_is_of_what_is_in_the_total(
    database: Database, change: dict[str, Any]
) -> None:
    sample = Sample()
    aside = replace(SegmentDevice(sample.segment.id, CPU, "fake"), **change)
    Writer(database).save([*sample.records(), aside])
    curve = Reader(database).power_curve(sample.id)
    assert [when for when, _ in curve] == [START, at(10)]
    assert [power_w for _, power_w in curve] == pytest.approx([300.01, 200.02])


def test_runs_are_listed_newest_first_and_page_by_page(database: Database) -> None:
    runs = [run(f"net-{n}", "ab"[n % 2], START + timedelta(hours=n // 2)) for n in range(10)]
    Writer(database).save(runs)
    reader = Reader(database)
    assert reader.count() == 10
    newest = reader.newest(Filter(), 10)
    by_age = sorted(runs, key=lambda one: (one.started_at, one.id), reverse=True)
    assert newest == tuple(one.id for one in by_age)
    pages: list[UUID] = []
    after = None
    while page := reader.newest(Filter(after=after), 3):
        pages += page
        after = page[-1]
    assert tuple(pages) == newest
    assert {one.project for one in reader.runs(reader.newest(Filter(project="a"), 9)).runs} == {"a"}
    assert len(reader.newest(Filter(name="NET-?"), 99)) == 10
    assert len(reader.newest(Filter(name="*-3"), 99)) == 1
    assert len(reader.newest(Filter(name="net%"), 99)) == 0
    two = Filter(since=START + timedelta(hours=1), until=START + timedelta(hours=2))
    assert len(reader.newest(two, 99)) == 2


def test_runs_that_have_ended_and_those_that_have_not(database: Database) -> None:
    sample = Sample()
    other = Sample(run("goes on"))
    other.segment = replace(other.segment, ended_at=None, outcome=None)
    Writer(database).save([*sample.records(), *other.records()])
    assert Reader(database).newest(Filter(ended=True), 9) == (sample.id,)
    assert Reader(database).newest(Filter(ended=False), 9) == (other.id,)


def test_a_run_is_found_by_last_name_and_id(database: Database) -> None:
    old, new = run("old"), run("new", started_at=at(5))
    Writer(database).save([new, old])
    reader = Reader(database)
    assert reader.find("last") == reader.find("new") == new.id
    assert reader.find(str(old.id)) == reader.find(old.id.hex.upper()) == old.id
    length = next(n for n in range(1, 9) if old.short_id[:n] != new.short_id[:n])
    assert reader.find(old.short_id[:length]) == reader.find(f" {old.short_id} ") == old.id


def test_several_runs_of_a_name_are_listed_to_choose_from(database: Database) -> None:
    runs = [run("twin", started_at=at(n)) for n in range(12)]
    Writer(database).save(runs)
    with pytest.raises(RunNotFound, match="several runs answer to 'twin'") as refused:
        Reader(database).find("twin")
    message = str(refused.value)
    assert f"{runs[11].short_id}  2026-03-04 12:00:11 UTC  'twin'" in message
    assert message.count("\n") == 9
    assert message.endswith("…")


def test_a_run_that_is_not_there(database: Database) -> None:
    reader = Reader(database)
    with pytest.raises(RunNotFound, match="the store is empty"):
        reader.find("last")
    Writer(database).save([run("resnet-cifar")])
    with pytest.raises(RunNotFound, match="did you mean 'resnet-cifar'"):
        reader.find("resnet-cifr")
    with pytest.raises(RunNotFound, match="tracker runs lists them"):
        reader.find("zzz")
    with pytest.raises(RunNotFound, match="no run 00000000"):
        reader.run(type(uuid4())(int=0))


def test_a_hundred_thousand_phases(database: Database) -> None:
    sample, writer = Sample(), Writer(database)
    writer.save(sample.records())
    key = sample.segment.id
    writer.save([Phase(key, n, "step", n, None, at(n), at(n + 1)) for n in range(100_000)])
    found = Reader(database).run(sample.id)[1].phases
    assert [one.number for one in found] == list(range(100_000))
