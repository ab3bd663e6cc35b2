"""Formats that are tables of runs, or are read back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pyarrow import parquet

import tracker
from fakes.records import GPU, Sample, at, run
from fakes.statements import nothing_read, statement, written
from tracker.errors import ImportRefused
from tracker.exporters import _cells, codecarbon
from tracker.exporters.parquet import write as write_parquet
from tracker.history.booking import book_ended
from tracker.model.statement import Statement
from tracker.ports import discovery
from tracker.store.database import open_database
from tracker.store.writer import Writer
from unit.cli.examples import PRICING, report

HOSTILE = '=cmd()|"x",\n;-1'


def rows(of: Statement, name: str = "csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(name, of), newline="")))


def test_csv_has_a_row_a_run_with_units_in_its_columns() -> None:
    (row,) = rows(statement())
    assert (row["run_id"], row["name"]) == (str(report().run_id), "resnet-cifar")
    assert float(row["energy_j"]) == 44_300.0
    assert float(row["energy_kwh"]) == pytest.approx(44_300 / 3.6e6)
    assert float(row["carbon_g"]) == 0.69
    assert (row["gpu_j"], row["node_j"], row["dram_j"]) == ("36400.0", "", "")
    assert (row["tag_lr"], row["metric_loss"], row["user"]) == ("3e-4", "0.312", "ada")
    assert row["started_at"] == "2026-05-03T14:22:05.000000Z"


def test_a_cell_that_a_spreadsheet_would_obey_is_kept_from_it() -> None:
    (row,) = rows(statement(runs=(report(name=HOSTILE, tags={HOSTILE: HOSTILE}),)))
    assert row["name"] == f"'{HOSTILE}"
    assert row[f"tag_{HOSTILE}"] == f"'{HOSTILE}"
    assert [_cells.cell(value) for value in ("+1", "-1", "@a", -1, "a=b")] == [
        *("'+1", "'-1", "'@a", -1, "a=b")
    ]


@pytest.mark.parametrize("name", ["csv", "codecarbon"])
def test_what_was_not_read_is_empty_and_no_zero(name: str) -> None:
    nothing = dict.fromkeys(("energy_j", "energy_low_j", "energy_high_j"))
    nothing |= dict.fromkeys(("carbon_g", "carbon_low_g", "carbon_high_g"))
    (row,) = rows(statement(runs=(report(devices=(), pricings=(), **nothing),)), name)
    figures = [row[key] for key in row if key.startswith(("energy", "carbon", "emission", "gpu"))]
    assert len(figures) > 3
    assert set(figures) == {""}


def test_parquet_has_the_columns_of_csv_with_types(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    bare = report(name="bare", energy_j=None, tags={}, metrics={}, ended_at=None)
    with path.open("wb") as file:
        write_parquet(statement(runs=(report(), bare)), file)
    table = parquet.read_table(path)
    assert table.column_names == list(rows(statement())[0])
    assert str(table.schema.field("started_at").type) == "timestamp[us, tz=UTC]"
    assert {str(table.schema.field(name).type) for name in ("energy_j", "pue", "node_j")} == {
        "double"
    }
    assert table["energy_j"].to_pylist() == [44_300.0, None]
    assert table["started_at"].to_pylist()[0] == report().started_at


def test_a_markdown_table_has_a_line_a_run_and_one_of_all() -> None:
    one, both = statement(), statement(runs=(report(), report(name="a|b\nc")))
    assert len(written("markdown_table", one).splitlines()) == 3
    lines = written("markdown_table", both).splitlines()
    assert "| a\\|b c |" in lines[3]
    assert lines[4].startswith("|  | together |")
    assert "12.3 Wh" in lines[2]


def test_hugging_faces_field_is_in_grams() -> None:
    text = written("hugging_face", statement())
    assert text.startswith("co2_eq_emissions:\n  emissions: 0.69 # grams\n")
    assert "# training_type: open" in text
    assert "emissions: 0" not in written("hugging_face", nothing_read())


def test_codecarbons_columns_are_those_of_its_version(root: Path) -> None:
    (row,) = rows(statement(), "codecarbon")
    assert tuple(row) == codecarbon.COLUMNS
    assert len(row) == 38
    assert float(row["emissions"]) == pytest.approx(0.69e-3)
    assert float(row["energy_consumed"]) == pytest.approx(44_300 / 3.6e6)
    assert float(row["gpu_energy"]) == pytest.approx(36_400 / 3.6e6)
    assert float(row["cpu_power"]) == pytest.approx(7_900 / 151.3)
    assert (row["ram_energy"], row["ram_power"]) == ("", "")  # it is within the processor's
    assert (row["country_iso_code"], row["timestamp"]) == ("FRA", "2026-05-03T14:24:36")


def test_codecarbons_energy_holds_the_pue() -> None:
    run = report(pricings=(replace(PRICING, pue=1.5),))
    (row,) = rows(statement(runs=(run,)), "codecarbon")
    assert float(row["energy_consumed"]) == pytest.approx(1.5 * 44_300 / 3.6e6)
    assert row["pue"] == "1.5"


# --- there and back ------------------------------------------------------------------------


@pytest.fixture
def history(tmp_path: Path) -> tracker.History:
    url = f"sqlite:///{tmp_path}/runs.db"
    with open_database(url, mode="write") as database:
        for sample in (Sample(), Sample(run(HOSTILE, started_at=at(99)), devices=(GPU,))):
            Writer(database).save(sample.records())
        book_ended(database)
    return tracker.History(url)


def exported(history: tracker.History, name: str, path: Path) -> Path:
    plugin: Any = discovery.load("exporters", name)
    with path.open("wb") as file:
        plugin.write(history.collection(records=True), file)
    return path


def everything(history: tracker.History) -> list[dict[str, Any]]:
    reports = (history.run(line.run_id).to_dict() for line in history.runs())
    return [{key: value for key, value in one.items() if key != "store"} for one in reports]


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_our_own_json_comes_back_equal(history: tracker.History, tmp_path: Path, name: str) -> None:
    path = exported(history, name, tmp_path / f"all.{name}")
    copy = tracker.History(f"sqlite:///{tmp_path}/copy.db")
    assert len(copy.take_in(path).taken) == 2
    assert everything(copy) == everything(history)
    assert copy.totals("project").to_dict() == history.totals("project").to_dict()
    again = exported(copy, name, tmp_path / f"again.{name}")
    strip = [json.loads(line.replace("copy.db", "runs.db")) for line in _units(again)]
    assert strip == [json.loads(line) for line in _units(path)]
    assert copy.take_in(path).known == 2


def _units(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]


def test_codecarbons_form_comes_back_with_its_figures(
    history: tracker.History, tmp_path: Path
) -> None:
    path = exported(history, "codecarbon", tmp_path / "emissions.csv")
    assert history.take_in(path).known == 2
    copy = tracker.History(f"sqlite:///{tmp_path}/copy.db")
    copy.take_in(path)
    for mine, theirs in zip(history.runs(), copy.runs(), strict=True):
        assert mine.run_id == theirs.run_id
        assert theirs.energy_j == pytest.approx(mine.energy_j)
        assert theirs.carbon_g == pytest.approx(mine.carbon_g)


def test_a_damaged_export_is_refused(history: tracker.History, tmp_path: Path) -> None:
    path = exported(history, "json", tmp_path / "all.json")
    good = json.loads(path.read_text())
    copy = tracker.History(f"sqlite:///{tmp_path}/copy.db")
    for change in (
        lambda runs: runs[0]["records"]["intervals"][0].update(energy_j="much"),
        lambda runs: runs[0]["records"]["runs"][0].update(id=None),
        lambda runs: runs[0]["records"].pop("runs"),
        lambda runs: runs[0].pop("records"),
    ):
        bad = json.loads(json.dumps(good))
        change(bad["runs"])  # type: ignore[no-untyped-call]
        path.write_text(json.dumps(bad))
        with pytest.raises(ImportRefused, match=r"all\.json"):
            copy.take_in(path)
    for text in ("", "{}", "[]", '{"runs": 1}', '{"runs": [1]}'):
        path.write_text(text)
        with pytest.raises(ImportRefused, match=r"all\.json"):
            copy.take_in(path)
    assert copy.runs() == ()
