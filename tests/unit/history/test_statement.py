"""Runs and what they come to together, from a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

import tracker
from fakes.records import CPU, GPU, START, Sample, at, intensity, pricing, run
from tracker.errors import RunNotFound, SettingsError
from tracker.model.ranges import Range, Share, carbon_range, energy_range
from tracker.model.run import Overlap, RunStatus
from tracker.store.database import Database, open_database
from tracker.store.writer import Writer

URL = "sqlite:///{}/runs.db"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(URL.format(tmp_path), mode="write") as opened:
        yield opened


@pytest.fixture
def history(tmp_path: Path) -> tracker.History:
    return tracker.History(URL.format(tmp_path))


def kept(database: Database, sample: Sample) -> Sample:
    Writer(database).save(sample.records())
    return sample


def ended(sample: Sample, outcome: RunStatus | None) -> Sample:
    end = sample.segment.ended_at if outcome else None
    sample.segment = replace(sample.segment, outcome=outcome, ended_at=end, pid=2**30)
    return sample


def named(name: str, hours: int, **tags: str) -> Sample:
    made = run(name, "nlp", START + timedelta(hours=hours))
    return Sample(replace(made, tags=tags))


def test_one_run_is_stated_as_it_is_reported(history: tracker.History, database: Database) -> None:
    sample = kept(database, Sample())
    statement, report = history.statement("last"), history.run("last")
    assert statement.energy_j is not None
    assert statement.carbon_g is not None
    energy, carbon = statement.energy_j, statement.carbon_g
    assert (energy.value, energy.low, energy.high) == pytest.approx(
        (report.energy_j, report.energy_low_j, report.energy_high_j)
    )
    assert (carbon.value, carbon.low, carbon.high) == pytest.approx(
        (report.carbon_g, report.carbon_low_g, report.carbon_high_g)
    )
    assert (statement.title, statement.project) == ("resnet", "")
    assert statement.power_w == history.power_curve(sample.id)
    assert statement.power_w != ()
    assert statement.version == tracker.__version__


def test_a_board_errs_alike_in_all_of_its_runs(
    history: tracker.History, database: Database
) -> None:
    for hours in range(4):
        kept(database, named("tune", hours))
    statement = history.project_statement("nlp")
    bounds = energy_range(
        [Share("g", GPU.accuracy, 4 * 5000.3, 10.0), Share("c", CPU.accuracy, 4 * 5000.3, 10.0)]
    )
    assert statement.energy_j is not None
    assert statement.energy_j.value == pytest.approx(8 * 5000.3)
    assert statement.energy_j.low == pytest.approx(bounds.low)
    assert statement.energy_j.high == pytest.approx(bounds.high)
    expected = carbon_range(bounds, Range(40, 60))
    assert statement.carbon_g is not None
    assert statement.carbon_g.low == pytest.approx(expected.low)
    assert statement.carbon_g.high == pytest.approx(expected.high)
    assert [one.started_at for one in statement.runs] == [
        at(3600 * hours) for hours in reversed(range(4))
    ]


def test_prices_of_different_sources_err_together(
    history: tracker.History, database: Database
) -> None:
    for hours, grams in enumerate((50.0, 500.0)):
        sample = named("tune", hours)
        price = pricing(sample.run, (sample.run.started_at, intensity(grams)))
        zone = replace(price.location, zone=f"Z{hours}")
        sample.pricing = replace(price, location=zone)
        kept(database, sample)
    statement = history.project_statement("nlp")
    reports = [history.run(one.run_id) for one in statement.runs]
    assert statement.carbon_g is not None
    assert statement.carbon_g.low == pytest.approx(sum(one.carbon_low_g or 0 for one in reports))
    assert statement.carbon_g.high == pytest.approx(sum(one.carbon_high_g or 0 for one in reports))


def test_a_run_within_another_is_not_added(history: tracker.History, database: Database) -> None:
    outer = kept(database, named("outer", 0))
    inner = named("inner", 1)
    inner.run = replace(inner.run, parent_id=outer.id)
    kept(database, inner)
    statement = history.project_statement("nlp")
    assert len(statement.runs) == 2
    assert statement.within == (inner.run.short_id,)
    assert statement.energy_j is not None
    assert statement.energy_j.value == pytest.approx(2 * 5000.3)
    alone = history.project_statement("nlp", since=at(1800))
    assert (len(alone.runs), alone.within) == (1, ())


def test_a_run_without_a_price_is_named_and_its_energy_counts(
    history: tracker.History, database: Database
) -> None:
    kept(database, named("priced", 0))
    free = named("free", 1)
    Writer(database).save([one for one in free.records() if one is not free.pricing])
    statement = history.project_statement("nlp")
    assert statement.unpriced == (free.run.short_id,)
    assert statement.energy_j is not None
    assert statement.energy_j.value == pytest.approx(4 * 5000.3)
    assert statement.carbon_g is not None
    assert statement.carbon_g.value == pytest.approx(2 * 5000.3 / 3.6e6 * 50)


def test_making_the_gpus_is_shared_by_hours_held(
    history: tracker.History, database: Database
) -> None:
    kept(database, named("tune", 0))
    found = history.project_statement("nlp").embodied
    assert found is not None
    assert found.carbon_g is not None
    grams = 476_000 * 20 / 3600 / (4 * 8760)  # an H100 for 20 s of four years
    assert found.carbon_g.value == pytest.approx(grams)
    assert (found.carbon_g.low, found.carbon_g.high) == pytest.approx((grams / 2, grams * 2))


def test_hardware_that_the_table_lacks_is_named(
    history: tracker.History, database: Database
) -> None:
    strange = replace(GPU, name="NVIDIA Z9000")
    kept(database, Sample(devices=(strange, CPU)))
    found = history.statement("last").embodied
    assert found is not None
    assert found.carbon_g is None
    assert "NVIDIA Z9000" in found.missing


def test_a_project_without_runs_is_no_project(history: tracker.History, database: Database) -> None:
    kept(database, named("tune", 0))
    with pytest.raises(RunNotFound, match="no run of project 'vision' in store sqlite"):
        history.project_statement("vision")


def test_a_joule_that_two_runs_counted_is_in_the_sum_once(
    history: tracker.History, database: Database
) -> None:
    early, late = kept(database, named("tune", 0)), kept(database, named("tune", 0))
    both = [
        Overlap(
            segment_id=one.segment.id,
            device_id=GPU.id,
            other_segment_id=other.segment.id,
            other_run_id=other.id,
            start=at(0),
            end=at(10),
            energy_j=3000.1,
        )
        for one, other in ((early, late), (late, early))
    ]
    Writer(database).save(both)
    statement = history.project_statement("nlp", final=["tune"])
    assert statement.shared_j == pytest.approx(3000.1)
    assert statement.energy_j is not None
    assert statement.energy_j.value == pytest.approx(4 * 5000.3 - 3000.1)
    assert statement.carbon_g is not None
    assert statement.carbon_g.value == pytest.approx((4 * 5000.3 - 3000.1) / 3.6e6 * 50)
    assert statement.development is not None
    assert statement.development.whole.energy_j == statement.energy_j
    assert statement.embodied is not None
    assert statement.embodied.carbon_g is not None
    held_s = 20 + 20 * (1 - 3000.1 / (2 * 5000.3))
    assert statement.embodied.carbon_g.value == pytest.approx(476_000 * held_s / 3600 / (4 * 8760))


# --- development -----------------------------------------------------------------------------


@pytest.fixture
def developed(database: Database) -> None:
    kept(database, named("bert-final", 0, stage="final"))
    kept(database, named("bert-tune", 1))
    kept(database, named("bert-tune", 2))
    kept(database, ended(named("bert-final", 3), RunStatus.FAILED))
    kept(database, ended(named("bert-tune", 4), None))


@pytest.mark.usefixtures("developed")
@pytest.mark.parametrize("final", ["bert-final", "BERT-F*", "stage=final", "stage=f*"])
def test_every_run_is_in_one_group(history: tracker.History, final: str) -> None:
    found = history.project_statement("nlp", final=[final], usd_per_gpu_h=(0.43, 1.46)).development
    assert found is not None
    counts = {group.name: group.runs for group in found.groups}
    assert counts == {"final": 1, "tuning": 2, "failed": 1, "abandoned": 1}
    assert found.whole.runs == 5
    assert found.whole.energy_j is not None
    joules = [group.energy_j.value for group in found.groups if group.energy_j]
    assert found.whole.energy_j.value == pytest.approx(sum(joules))
    assert found.whole.gpu_hours == pytest.approx(5 * 20 / 3600)
    assert found.whole.electricity_usd is not None
    assert found.whole.electricity_usd.value == pytest.approx(10 * 5000.3 / 3.6e6 * 0.12)
    assert found.whole.cloud_usd == pytest.approx((100 / 3600 * 0.43, 100 / 3600 * 1.46))


@pytest.mark.usefixtures("developed")
def test_in_the_ratio_the_gains_of_shared_boards_cancel(history: tracker.History) -> None:
    found = history.project_statement("nlp", final=["bert-final"]).development
    assert found is not None
    assert found.energy_ratio is not None
    ratio = found.energy_ratio
    assert ratio.value == pytest.approx(5.0)
    # What remains is the random part: slack 7.07 J of 10 kJ, and sqrt(5) times that of 50 kJ.
    half = 5 * ((7.071 / 10_000.6) ** 2 + (7.071 * 5**0.5 / 50_003) ** 2) ** 0.5
    assert ratio.high - ratio.value == pytest.approx(half, rel=1e-3)
    assert ratio.value - ratio.low == pytest.approx(half, rel=1e-3)


def test_on_boards_of_their_own_the_gains_do_not_cancel(
    history: tracker.History, database: Database
) -> None:
    kept(database, named("bert-final", 0))
    kept(database, Sample(replace(named("t", 1).run), devices=(replace(GPU, id="gpu:other"), CPU)))
    kept(database, named("bert-tune", 2))
    found = history.project_statement("nlp", final=["bert-final"]).development
    assert found is not None
    assert found.energy_ratio is not None
    assert found.energy_ratio.high > found.energy_ratio.value * 1.005


@pytest.mark.usefixtures("developed")
def test_without_a_final_run_there_is_no_ratio(history: tracker.History) -> None:
    found = history.project_statement("nlp", final=["gpt*"]).development
    assert found is not None
    assert found.energy_ratio is None
    assert "final" not in {group.name for group in found.groups}


@pytest.mark.usefixtures("developed")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"final": [" "]}, "say which runs are final"),
        ({"final": ["a"], "usd_per_kwh": -1}, "usd_per_kwh = -1"),
        ({"final": ["a"], "usd_per_gpu_h": (2, 1)}, "the lower price first"),
        ({"since": "yesteryear"}, "since"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    history: tracker.History, options: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        history.project_statement("nlp", **options)  # type: ignore[arg-type]
