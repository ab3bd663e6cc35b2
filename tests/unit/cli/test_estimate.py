from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tracker.cli import command, main
from tracker.cli._rooms import Rooms
from tracker.cli._supply import g_per_kwh_of
from tracker.errors import SettingsError
from unit.cli import pages
from unit.cli.examples import report, rooms

PAGE = (Path(__file__).resolve().parents[3] / "docs/estimate.md").read_text(encoding="utf-8")
JOB = ("estimate", "--gpu", "V100", "--gpus", "8", "--hours", "72", "--location", "FR")


def invoke(line: Sequence[str], behind: Rooms | None = None, columns: int = 100) -> Result:
    environ = {"COLUMNS": str(columns)}
    return CliRunner().invoke(
        command, list(line), obj=behind or rooms(report()), env=environ, catch_exceptions=False
    )


def printed(*line: str, columns: int = 100) -> str:
    result = invoke(line, columns=columns)
    assert result.exit_code == 0, result.output
    return result.stdout


def values(*line: str) -> Any:
    return json.loads(printed(*line, "--json"))


def failure(line: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(line, rooms(report()))
    captured = capsys.readouterr()
    assert captured.out == ""
    return ended.value.code, captured.err


# --- the page -----------------------------------------------------------------------------


def test_the_page_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pages.put_files(PAGE, tmp_path)
    shown = list(pages.sessions(PAGE))

    assert len(shown) >= 6
    for line, expected in shown:
        lines = pages.run(line, rooms(report())).split("\n")
        assert "\n".join(each.rstrip() for each in lines) == expected, line


# --- estimates ----------------------------------------------------------------------------


def test_ours_is_the_default_and_has_a_range() -> None:
    (found,) = values(*JOB)["estimates"]

    assert found["method"] == "ours"
    assert found["carbon_g"]["low"] < found["carbon_g"]["value"] < found["carbon_g"]["high"]
    assert "France" in found["g_per_kwh"]["source"]


@pytest.mark.parametrize(("units", "grams"), [("lb", 453.59237), ("kg", 1e3), ("t", 1e6)])
def test_the_mass_is_in_the_units_asked_for(units: str, grams: float) -> None:
    found = values(*JOB, "--units", units)

    assert found["units"] == units
    (only,) = found["estimates"]
    assert only["co2"]["value"] == pytest.approx(only["carbon_g"]["value"] / grams)
    assert f" {units}" in printed(*JOB, "--units", units)


def test_explain_shows_formula_edition_source_and_factors() -> None:
    text = printed(*JOB, "--method", "strubell", "--explain")

    for said in ("1.58 * t * (p_c + p_r + g * p_g) / 1000", "0.954", "1906.02243", "TDP of 300 W"):
        assert said in text


def test_several_methods_stand_below_each_other() -> None:
    found = values(*JOB, "--method", "strubell", "--method", "ours")

    assert [each["method"] for each in found["estimates"]] == ["strubell", "ours"]
    assert "sum" not in found


def test_a_method_that_lacks_a_figure_is_left_out_and_says_so() -> None:
    methods = [word for name in ("ours", "patterson", "mlco2") for word in ("--method", name)]
    line = ("estimate", "--gpu", "A100", "--hours", "10", *methods)
    found, shown = values(*line), invoke(line)

    assert [each["method"] for each in found["estimates"]] == ["ours", "mlco2"]
    (missing,) = found["left_out"]
    assert missing["method"] == "patterson"
    assert "publishes none for A100" in missing["reason"]
    assert shown.exit_code == 0
    assert shown.stderr == f"tracker: warning: left out: {missing['reason']}\n"


def test_nothing_is_left_out_where_all_methods_have_a_figure() -> None:
    assert values(*JOB, "--method", "ours", "--method", "patterson")["left_out"] == []


@pytest.mark.parametrize(
    ("row", "method", "said"),
    [
        ("b,H100,Narnia", "ours", r"jobs.csv, row 2 \(line 3\), column location: .*no such zone"),
        ("b,H100,DE", "patterson", r"jobs.csv, row 2 \(line 3\): .*publishes none for H100"),
    ],
)
def test_a_jobs_fault_names_its_row(
    tmp_path: Path, row: str, method: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(f"name,gpu,location,hours\na,V100,FR,1\n{row},1\n", encoding="utf-8")
    code, err = failure(["estimate", str(path), "--method", method], capsys)

    assert code == 1
    assert re.search(said, err)


def test_the_embodied_share_is_added_only_if_asked_for() -> None:
    apart, added = values(*JOB), values(*JOB, "--embodied")
    (one,), (other,) = apart["estimates"], added["estimates"]

    assert one["carbon_g"] == other["carbon_g"]
    assert added["embodied_in_co2"] is True
    kilograms = (other["carbon_g"]["value"] + other["embodied_g"]["value"]) / 1000
    assert other["co2"]["value"] == pytest.approx(kilograms)
    assert "not in CO2e" in printed(*JOB)
    assert "embodied share added" in printed(*JOB, "--embodied")


@pytest.mark.parametrize(
    ("given", "g_per_kwh"),
    [("--grid-factor=0.954", 432.727), ("--grid-factor=100 g/kWh", 100), ("--location=SE", 32)],
)
def test_grid_and_location_replace_a_methods_own(given: str, g_per_kwh: float) -> None:
    line = ("estimate", "--gpu", "V100", "--hours", "10", "--method", "strubell", given)
    (found,) = values(*line)["estimates"]

    assert found["g_per_kwh"]["value"] == pytest.approx(g_per_kwh, rel=0.2)


def test_the_machines_own_place_serves_a_method_without_a_grid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRACKER_LOCATION", "57 g/kWh")
    line = ("estimate", "--gpu", "V100", "--hours", "10", "--method")

    assert values(*line, "mlco2")["estimates"][0]["g_per_kwh"]["value"] == 57
    own = values(*line, "strubell")["estimates"][0]["g_per_kwh"]["value"]
    assert own == pytest.approx(432.727, abs=0.001)


def test_a_cloud_regions_published_pue_is_taken() -> None:
    line = ("estimate", "--gpu", "A100", "--hours", "10", "--location", "aws:eu-west-1")

    assert values(*line)["estimates"][0]["pue"]["value"] == 1.11
    assert values(*line, "--pue", "1.3")["estimates"][0]["pue"]["value"] == 1.3


def test_the_price_of_an_hour_is_the_users() -> None:
    (found,) = values(*JOB, "--usd-per-hour", "1-2", "--usd-per-kwh", "0.5")["estimates"]

    assert (found["usd_low"], found["usd_high"]) == (576.0, 1152.0)
    assert found["electricity_usd"]["value"] == pytest.approx(found["facility_kwh"]["value"] / 2)


def test_like_a_stored_run() -> None:
    (found,) = values("estimate", "--like", "last", "--hours", "400", "--gpus", "64")["estimates"]
    # The run's GPU drew 36,400 J and its processor 7,900 J in 151.3 s; the grid is the run's.
    watts = 64 * (36_400 + 7_900) / 151.3

    assert found["measured_as"].startswith("a1b2c3d4")
    assert found["energy_kwh"]["value"] == pytest.approx(watts * 400 / 1000)
    assert found["g_per_kwh"]["value"] == 56.0


def test_like_a_run_elsewhere() -> None:
    line = ("estimate", "--like", "last", "--location", "DE", "--pue", "1.5")
    (found,) = values(*line)["estimates"]

    assert "Germany" in found["g_per_kwh"]["source"]
    assert found["pue"]["value"] == 1.5


def test_many_jobs_are_summed(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("name,gpu,hours,location\na,V100,10,FR\nb,H100,20,DE\n", encoding="utf-8")
    found = values("estimate", str(path))

    one, other = found["estimates"]
    both = one["facility_kwh"]["value"] + other["facility_kwh"]["value"]
    assert found["sum"]["facility_kwh"]["value"] == pytest.approx(both)
    assert printed("estimate", str(path)).splitlines()[-1].startswith("sum")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_narrow_terminal_is_filled_and_not_crossed(columns: int) -> None:
    for line in (
        JOB,
        ("estimate", "--chart"),
        ("estimate", "--table", "strubell-4"),
        ("estimate", "--table", "bloom"),
    ):
        text = printed(*line, columns=columns)
        assert max(map(len, text.splitlines())) <= columns


# --- published tables ---------------------------------------------------------------------


def test_a_table_as_json() -> None:
    found = values("estimate", "--table", "strubell-3")
    by_name = {row["name"]: row for row in found["rows"]}
    search = by_name["NAS, P100x8"]

    assert search["published"] == {
        "kwh": 656347,
        "co2_lb": 626155,
        "usd_low": 942973,
        "usd_high": 3201722,
    }
    assert search["computed"]["co2_lb"] == pytest.approx(626155.3, abs=0.1)
    assert search["reproduces"] is True
    assert by_name["BERT_base, V100x64"]["reproduces"] is False


def test_pue_and_grid_factor_change_the_table() -> None:
    line = ("--table", "strubell-3", "--pue", "1.1", "--grid-factor", "0.5")
    found = values("estimate", *line)

    assert found["rows"][0]["computed"]["kwh"] == pytest.approx(1.1 * 1415.78 * 12 / 1000)
    assert found["rows"][0]["computed"]["co2_lb"] == pytest.approx(
        found["rows"][0]["computed"]["kwh"] / 2
    )
    assert "computed with PUE 1.1 and 0.5 lb/kWh" in printed("estimate", *line)


def test_the_corrections_stand_below_the_table() -> None:
    text = printed("estimate", "--table", "strubell-1")

    assert "33,544 lb, 18.7 times less" in text
    assert "7,096 lb, 88.2 times less" in text


def test_another_unit_in_a_table() -> None:
    text = printed("estimate", "--table", "strubell-3", "--units", "t")

    assert "CO2 t" in text
    assert "284" in text


# --- the chart ----------------------------------------------------------------------------


def test_the_chart_draws_the_studys_bars() -> None:
    lines = printed("estimate", "--chart").splitlines()

    assert len(lines) == 6
    assert "626,155 lb" in lines[-1]
    assert lines[-1].count("█") > 10 * max(1, lines[2].count("█"))


def test_a_run_and_a_project_stand_among_the_bars() -> None:
    found = values("estimate", "--chart", "--with", "last", "--with-project", "vision")
    own = {bar["name"]: bar["co2_lb"] for bar in found["bars"] if bar["own"]}

    assert found["logarithmic"] is True
    assert own == {
        "resnet-cifar (a1b2c3d4)": pytest.approx(0.69 / 453.59237),
        "project vision": pytest.approx(0.69 / 453.59237),
    }


def test_the_chart_as_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    result = invoke(("estimate", "--chart", "-o", str(path)))

    assert result.exit_code == 0
    assert result.stderr == f"plotted: {path}\n"
    assert "626,155" in path.read_text(encoding="utf-8")


# --- what cannot be meant -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "say --hours and --gpu, or a FILE"),
        (["--hours", "0", "--gpu", "A100"], "0.0 is not in the range x>0"),
        (["--hours", "-2", "--gpu", "A100"], "-2.0 is not in the range"),
        (["--hours", "ten", "--gpu", "A100"], "'ten' is not a valid float"),
        (["--hours", "1", "--gpu", "A100", "--utilisation", "80"], "is not in the range 0<=x<=1"),
        (["jobs.csv", "--table", "bloom"], "file and table exclude each other"),
        (["--like", "last", "--table", "bloom"], "table and like exclude each other"),
        (["--hours", "1", "--gpu", "A100", "--with", "last"], "go with --chart"),
        (["--hours", "1", "--units", "stone"], "'stone' is not one of"),
        (["jobs.csv", "--hours", "5"], "--hours cannot go with a FILE; write it beside each job"),
        (["--like", "last", "--gpu", "H100", "--cpu-watts", "9"], "--gpu, --cpu-watts cannot go"),
        (["--table", "bloom", "--location", "FR"], "--location cannot go with --table"),
        (["--chart", "--units", "t"], "--units cannot go with --chart"),
    ],
)
def test_usage_is_2(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, err = failure(["estimate", *line], capsys)

    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--hours", "1", "--gpu", "A10O"], "no accelerator 'A10O' in the table; did you mean"),
        (["--hours", "1", "--gpu", "A100", "--gpu-watts", "0.4"], "write 400"),
        (["--hours", "1"], "say what draws the power"),
        (["--hours", "nan", "--gpu", "A100"], "hours = nan"),
        (["--hours", "1", "--gpu", "A100", "--pue", "0.9"], "pue = 0.9"),
        (["--hours", "1", "--gpu", "A100", "--location", "Narnia"], "no such zone"),
        (["--hours", "1", "--gpu", "A100", "--grid-factor", "400"], "is in lb/kWh"),
        (["--hours", "1", "--gpu", "A100", "--grid-factor", "much"], "no figure; write 0.954"),
        (["--hours", "1", "--gpu", "A100", "--method", "best"], "no method 'best'"),
        (["--hours", "1", "--gpu", "A100", "--usd-per-hour", "x"], "'x' is no price"),
        (["--hours", "1", "--gpu", "A100", "--usd-per-kwh", "nan"], "usd_per_kwh = nan"),
        (["--hours", "1e300", "--gpu", "A100", "--gpus", "9999"], "than the world generates"),
        (["--hours", "1", "--gpu", "A100", "--gpus", "1" + "0" * 400], "gpus: more than"),
        (["--hours", "1", "--gpu", "A100", "--method", "patterson"], "publishes none for A100"),
        (["--table", "strubell-9"], "no table 'strubell-9'; there are: strubell-1"),
        (["absent.csv"], "absent.csv: cannot be read: No such file"),
    ],
)
def test_a_failure_is_one_line_and_1(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = failure(["estimate", *line], capsys)

    assert code == 1
    assert err.startswith("tracker: ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize(
    ("text", "g_per_kwh"),
    [
        ("0.954", 432.727),
        (".5", 226.796),
        ("0.954 lb/kWh", 432.727),
        ("433 g/kWh", 433),
        ("0.433kg/kWh", 433),
        ("433g", 433),
        ("0", 0),
    ],
)
def test_a_grid_factor_is_read(text: str, g_per_kwh: float) -> None:
    assert g_per_kwh_of(text) == pytest.approx(g_per_kwh, abs=0.001)


@pytest.mark.parametrize("text", ["", "-1", "nan", "0.9 st/kWh", "1,2"])
def test_a_grid_factor_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--grid-factor"):
        g_per_kwh_of(text)


def test_an_estimate_starts_without_what_is_slow_to_import(tmp_path: Path) -> None:
    script = (
        "import sys; from tracker.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *JOB],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    slow = {"sqlalchemy", "alembic", "scipy", "numpy", "matplotlib", "pynvml", "requests", "torch"}
    assert "Energy" in done.stdout
    assert slow & set(done.stderr.split()) == set()
