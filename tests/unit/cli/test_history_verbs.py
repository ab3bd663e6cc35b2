"""The verbs that compare, sum, correct and delete, on a real store."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

import tracker
from fakes.records import CPU, GPU, Sample, at, run
from tracker.cli import command
from tracker.cli._rooms import Rooms
from tracker.errors import ImportRefused, PluginError, RunNotFound, SettingsError
from tracker.history.booking import book_ended
from tracker.store.database import open_database
from tracker.store.writer import Writer

HOSTILE = "na\nme\x1b[31m 🤗"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Three runs: the second without a CPU, the third of another project and a bad name."""
    url = f"sqlite:///{tmp_path}/runs.db"
    samples = (
        Sample(run("one")),
        Sample(run("two", started_at=at(60)), devices=(GPU,)),
        Sample(run(HOSTILE, "x", at(120)), devices=(CPU,)),
    )
    with open_database(url, mode="write") as database:
        for sample in samples:
            Writer(database).save(sample.records())
        book_ended(database)
    return url


def invoke(store: str, *line: str, answer: str = "") -> Result:
    return CliRunner().invoke(
        command,
        [*line, "--store", store],
        obj=Rooms(),
        env={"COLUMNS": "140"},
        input=answer,
        catch_exceptions=False,
    )


def shown(store: str, *line: str) -> list[str]:
    result = invoke(store, *line)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_runs_by_group_is_a_table_with_all_together(store: str) -> None:
    head, vision, x, together = shown(store, "runs", "--group-by", "project")
    assert head.split()[:4] == ["project", "runs", "duration", "energy"]
    assert re.match(r"vision +2 +40 s +4\.17 Wh", vision)
    assert re.match(r"x +1 +20 s +1\.39 Wh", x)
    assert re.match(r"together +3 +1 min 00 s +5\.56 Wh", together)


def test_runs_by_group_as_json(store: str) -> None:
    printed = json.loads(invoke(store, "runs", "--group-by", "month", "--json").stdout)
    assert printed == tracker.History(store).totals("month").to_dict()
    assert [group["group"] for group in printed["groups"]] == ["2026-03"]


def test_a_group_that_is_not_known_is_usage_of_the_library(store: str) -> None:
    with pytest.raises(SettingsError, match="must be one of project"):
        invoke(store, "runs", "--group-by", "week")
    refused = invoke(store, "runs", "--group-by", "month", "--order-by", "energy")
    assert refused.exit_code == 2


def test_runs_chooses(store: str) -> None:
    assert "two" in "\n".join(shown(store, "runs", "--name", "tw*", "--tag", "lr=3e-4"))
    assert invoke(store, "runs", "--tag", "lr=1").stderr == "No run matches.\n"
    assert invoke(store, "runs", "--tag", "lr").exit_code == 2
    assert len(shown(store, "runs", "--param", "depth=18", "--min-carbon", "0.1")) == 2


def test_compare_says_what_is_less_and_by_how_much(store: str) -> None:
    lines = shown(store, "compare", "one", "two", "--metric", "accuracy")
    assert re.match(r"two  \w{8}  against  one  \w{8}", lines[0])
    energy = next(line for line in lines if line.startswith("energy"))
    assert re.search(r"2\.78 Wh +1\.39 Wh +-1\.39 Wh +-50\.0 .* less$", energy)
    assert any(re.match(r"  AMD EPYC .* only one has it$", line) for line in lines)
    assert any(line.startswith("for each unit of accuracy") for line in lines)
    printed = json.loads(invoke(store, "compare", "one", "two", "--json").stdout)
    assert printed == tracker.History(store).compare("one", "two").to_dict()


def test_compare_needs_two(store: str) -> None:
    assert invoke(store, "compare", "one").exit_code == 2


def test_a_run_is_tagged_and_found_by_it(store: str) -> None:
    assert shown(store, "tag", "one", "stage=final", "lr=1") == []
    history = tracker.History(store)
    assert history.run("one").tags == {"lr": "1", "stage": "final"}
    assert [each.name for each in history.runs(tags={"stage": "final"})] == ["one"]
    shown(store, "tag", "one", "--remove", "stage")
    assert history.run("one").tags == {"lr": "1"}
    assert history.runs(tags={"stage": "final"}) == ()
    assert invoke(store, "tag", "one").exit_code == 2


def test_a_run_that_is_renamed_moves_with_its_joules(store: str) -> None:
    shown(store, "rename", "one", "first", "--project", "x")
    totals = tracker.History(store).totals("project")
    assert [(each.group, each.runs) for each in totals.groups] == [("vision", 1), ("x", 2)]
    assert totals.total.energy_j == pytest.approx(4 * 5000.3)
    assert tracker.History(store).run("first").project == "x"


@pytest.mark.parametrize("name", ["", "  ", "last"])
def test_a_name_that_would_hide_a_run_is_refused(store: str, name: str) -> None:
    with pytest.raises(SettingsError, match="must be a text"):
        invoke(store, "rename", "one", name)
    assert tracker.History(store).run("one").name == "one"


def test_a_long_name_is_cut(store: str) -> None:
    run = tracker.History(store).run("one")
    shown(store, "rename", "one", "x" * 500)
    assert tracker.History(store).run(str(run.run_id)).name == "x" * 200


def test_a_note_is_shown(store: str) -> None:
    shown(store, "note", "one", "throttled\nfrom 14:00 on")
    assert tracker.History(store).run("one").note == "throttled\nfrom 14:00 on"
    assert "Note: throttled from 14:00 on" in shown(store, "show", "one")


def test_delete_asks_first(store: str) -> None:
    kept = invoke(store, "delete", "one", answer="n\n")
    assert "Delete this run for good?" in kept.stderr
    assert len(tracker.History(store).runs()) == 3
    gone = invoke(store, "delete", "one", "two", answer="y\n")
    assert gone.exit_code == 0
    assert [each.project for each in tracker.History(store).runs()] == ["x"]
    assert tracker.History(store).totals("project").total.runs == 1
    with pytest.raises(RunNotFound):
        invoke(store, "delete", "one", "--yes")


def test_a_run_that_is_running_is_not_deleted(store: str, tmp_path: Path) -> None:
    from fakes.records import here  # noqa: PLC0415 - beside its test

    sample = Sample(run("living"))
    living = here(replace(sample.segment, ended_at=None, outcome=None))
    with open_database(store, mode="write") as database:
        Writer(database).save([*sample.records(), living])
    with pytest.raises(SettingsError, match="is running: stop it"):
        invoke(store, "delete", "living", "--yes")


def test_hostile_names_are_harmless(store: str) -> None:
    for line in (["runs", "--group-by", "tag:lr"], ["compare", "one", HOSTILE]):
        assert "\x1b" not in "\n".join(shown(store, *line))
    assert "\x1b" not in invoke(store, "delete", HOSTILE, answer="n\n").stderr


def test_runs_are_exported_and_imported(store: str, tmp_path: Path) -> None:
    copy, file = f"sqlite:///{tmp_path}/copy.db", str(tmp_path / "runs.json")
    assert shown(store, "export", "-o", file) == []
    looked = invoke(copy, "import", file, "--dry-run")
    assert looked.stderr == "would be imported: 3; there already: 0\n"
    assert "\x1b" not in looked.stdout
    printed = json.loads(invoke(copy, "import", file, "--json").stdout)
    assert (len(printed["taken"]), printed["known"]) == (3, 0)
    again = invoke(copy, "import", file, "--project", "p")
    assert again.stderr == "imported: 0; there already: 3\n"
    assert tracker.History(copy).totals("project") == tracker.History(store).totals("project")


def test_export_writes_what_is_chosen(store: str, tmp_path: Path) -> None:
    assert len(shown(store, "export", "--project", "vision")) == 3
    assert shown(store, "export", "one", "--format", "codecarbon")[1].split(",")[1] == "vision"
    both = invoke(store, "export", "one", "--project", "vision")
    assert both.exit_code == 2
    with pytest.raises(RunNotFound, match="no run matches"):
        invoke(store, "export", "--project", "nobody")
    with pytest.raises(SettingsError, match="no format ends so"):
        invoke(store, "export", "-o", str(tmp_path / "runs.xls"))


def test_a_file_of_nobody_is_refused(store: str, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    for line in (["notes.csv"], ["missing.csv"]):
        with pytest.raises(ImportRefused, match=r"not recognised|no such file"):
            invoke(store, "import", *(str(tmp_path / name) for name in line))
    with pytest.raises(PluginError, match="no importers plugin 'codecarbn'; did you mean"):
        invoke(store, "import", str(tmp_path / "notes.csv"), "--from", "codecarbn")
