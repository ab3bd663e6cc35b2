"""`tracker.History`: lists and reports from a file."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

import tracker
from fakes.records import CPU, GPU, START, Sample, at, here, run
from tracker.errors import RunNotFound, SettingsError, StoreError
from tracker.history.booking import book_ended
from tracker.live.kept import KeptStore
from tracker.model.run import RunStatus
from tracker.store.database import open_database
from tracker.store.reader import Reader
from tracker.store.writer import Writer


def store(tmp_path: Path, *samples: Sample) -> str:
    url = f"sqlite:///{tmp_path}/runs.db"
    with open_database(url, mode="write") as database:
        for sample in samples:
            Writer(database).save(sample.records())
    return url


def unfinished(sample: Sample) -> Sample:
    sample.segment = replace(sample.segment, ended_at=None, outcome=None, pid=2**30)
    return sample


def test_a_line_says_what_the_report_says(tmp_path: Path) -> None:
    history = tracker.History(store(tmp_path, Sample()))
    (line,) = history.runs()
    report = history.run("last")
    for name in ("run_id", "short_id", "name", "project", "tags", "status", "started_at"):
        assert getattr(line, name) == getattr(report, name)
    for name in ("energy_j", "energy_low_j", "energy_high_j", "duration_s"):
        assert getattr(line, name) == getattr(report, name)
    for name in ("carbon_g", "carbon_low_g", "carbon_high_g"):
        assert getattr(line, name) == getattr(report, name)
    assert line.hostname == "node-7"
    assert history.run(report.run_id) == history.run(report.short_id)


def test_runs_by_status_over_many_pages(tmp_path: Path) -> None:
    living = Sample(run("living"))
    living.segment = here(replace(living.segment, ended_at=None, outcome=None))
    failed = Sample(run("failed"))
    failed.segment = replace(failed.segment, outcome=RunStatus.FAILED, error="ValueError: no")
    others = [
        Sample(run("lost", started_at=at(n))) if n % 2 else Sample(run("done", started_at=at(n)))
        for n in range(1, 121)
    ]
    lost = [unfinished(one) if one.run.name == "lost" else one for one in others]
    history = tracker.History(store(tmp_path, living, failed, *lost))
    assert [one.name for one in history.runs(status="running")] == ["living"]
    assert [one.name for one in history.runs(status=RunStatus.FAILED)] == ["failed"]
    assert len(history.runs(status="interrupted", limit=100)) == 60
    assert len(history.runs(status="finished", limit=7)) == 7
    page = history.runs(limit=100)
    rest = history.runs(limit=100, cursor=str(page[-1].run_id))
    assert len(page) == 100
    assert len(rest) == 22
    assert len({one.run_id for one in (*page, *rest)}) == 122


def test_runs_since_and_until(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    samples = [Sample(run(f"{n}", started_at=now - timedelta(days=n))) for n in range(4)]
    history = tracker.History(store(tmp_path, *samples))
    assert [one.name for one in history.runs(since="36h")] == ["0", "1"]
    assert [one.name for one in history.runs(until="36h", since="2.5d")] == ["2"]
    assert [one.name for one in history.runs(project="none")] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"status": "done"}, "status = 'done': must be one of running, finished"),
        ({"limit": 0}, "limit = 0"),
        ({"cursor": "xyz"}, "cursor = 'xyz'"),
        ({"since": "soon"}, "since = 'soon'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, options: dict[str, str], said: str
) -> None:
    history = tracker.History(store(tmp_path))
    with pytest.raises(SettingsError, match=said):
        history.runs(**options)  # type: ignore[arg-type]


def test_the_users_own_store_is_the_default() -> None:
    with pytest.raises(StoreError, match="there is none yet"):
        tracker.History().runs()
    with open_database(None, mode="write") as database:
        Writer(database).save(Sample().records())
    history = tracker.History()
    assert len(history.runs()) == 1
    with pytest.raises(RunNotFound):
        history.run("nobody")


def test_the_power_curve(tmp_path: Path) -> None:
    history = tracker.History(store(tmp_path, Sample(devices=(GPU,))))
    curve = history.power_curve("last")
    assert [start for start, _ in curve] == [START, at(10)]
    assert [power_w for _, power_w in curve] == pytest.approx([300.01, 200.02])


def test_to_name_a_history_imports_no_sqlalchemy() -> None:
    program = "import sys, tracker; tracker.History; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_runs_by_tag_parameter_host_and_grams(tmp_path: Path) -> None:
    one = Sample(replace(run("one"), tags={"lr": "1", "seed": "7"}, params={"depth": 18}))
    two = Sample(replace(run("two", started_at=at(9)), tags={"lr": "1"}, params={"depth": 50}))
    two.devices = (GPU,)
    history = tracker.History(store(tmp_path, one, two))

    def names(**choice: object) -> list[str]:
        return [each.name for each in history.runs(**choice)]  # type: ignore[arg-type]

    assert names(tags={"lr": "1"}) == ["two", "one"]
    assert names(tags={"lr": "1", "seed": "7"}) == ["one"]
    assert names(tags={"lr": "2"}) == []
    assert names(params={"depth": 50}) == ["two"]
    assert names(params={"depth": "50"}) == []
    assert names(host="NODE-*") == names(host="00112233aabbccdd") == ["two", "one"]
    assert names(host="elsewhere") == []
    assert names(min_carbon_g=0.1) == ["one"]
    assert names(order_by="energy") == ["one", "two"]


@pytest.mark.parametrize("booked", [0, 4, 7])
@pytest.mark.parametrize("order", ["energy", "carbon", "duration"])
def test_the_largest_first_page_by_page(tmp_path: Path, booked: int, order: str) -> None:
    samples = [Sample(run(f"{n}", started_at=at(n)), devices=(GPU, CPU)[: n % 3]) for n in range(7)]
    url = store(tmp_path, *samples[:booked])
    with open_database(url, mode="write") as database:
        assert book_ended(database) == booked
    store(tmp_path, *samples[booked:])
    history = tracker.History(url)
    every = history.runs(order_by=order)
    value = {"energy": "energy_j", "carbon": "carbon_g", "duration": "duration_s"}[order]
    figures = [getattr(each, value) for each in every]
    assert figures == sorted(figures, reverse=True)
    assert len(every) == (7 if order == "duration" else 4)
    pages: list[str] = []
    cursor = None
    while page := history.runs(order_by=order, limit=2, cursor=cursor):
        pages += [each.name for each in page]
        cursor = page[-1].run_id
    assert pages == [each.name for each in every]


def test_the_best_and_the_trend(tmp_path: Path) -> None:
    frugal, greedy = Sample(run("frugal"), devices=(GPU,)), Sample(run("greedy"))
    later = Sample(run("later", started_at=START + timedelta(days=40)), devices=(GPU,))
    history = tracker.History(store(tmp_path, frugal, greedy, later))
    best = history.best("accuracy", limit=2)
    assert {each.run.name for each in best} == {"frugal", "later"}
    assert best[0].score == pytest.approx(0.9 / 5000.3)
    assert history.best("loss", "carbon_g", lower_is_better=True)[-1].run.name == "greedy"
    assert history.best("nothing") == ()
    with pytest.raises(SettingsError, match="must be one of energy_j, carbon_g, duration_s"):
        history.best("accuracy", per="money")
    march, april = history.trend("vision")
    assert (march.month.group, march.change) == ("2026-03", None)
    assert april.mean_j == pytest.approx(5000.3)
    assert april.change == pytest.approx(-1 / 3)


def test_a_frame_has_a_row_a_run(tmp_path: Path) -> None:
    history = tracker.History(store(tmp_path, Sample()))
    frame = history.frame()
    assert list(frame["tag_lr"]) == ["3e-4"]
    assert frame["energy_j"].sum() == pytest.approx(2 * 5000.3)
    assert list(history.frame(name="none").columns)[:2] == ["run_id", "short_id"]
    with pytest.raises(SettingsError, match="must be one of pandas, polars"):
        history.frame("numpy")


def test_an_unknown_choice_is_refused_with_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean tags"):
        tracker.History(store(tmp_path)).runs(tag={"lr": "1"})  # type: ignore[call-arg]


def test_every_run_comes_one_after_the_other(tmp_path: Path) -> None:
    samples = [Sample(run(f"{n}", started_at=at(n))) for n in range(3)]
    history = tracker.History(store(tmp_path, *samples))
    assert [each.name for each in history.each()] == ["2", "1", "0"]


def test_a_short_run_is_added_up_when_the_next_process_tidies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    with tracker.track("short", store=url, location="FR"):
        pass
    with open_database(url, mode="write") as database:
        assert len(Reader(database).waiting()) == 1
        KeptStore(database).tidy()
        assert Reader(database).waiting() == ()
