"""`tracker report`, and familiar things beside a run."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.cli import command, main
from tracker.cli.report import FORMATS
from unit.cli import pages
from unit.cli.examples import Shelf, report, rooms

PAGE = (Path(__file__).resolve().parents[3] / "docs/report.md").read_text(encoding="utf-8")
DEVELOPMENT = ("--project", "nlp", "--development", "--final", "*final")


def invoke(*line: str, columns: int = 100) -> Result:
    return CliRunner().invoke(
        command,
        line,
        obj=rooms(report()),
        env={"COLUMNS": str(columns)},
        catch_exceptions=False,
    )


def printed(*line: str, columns: int = 100) -> str:
    result = invoke("report", *line, columns=columns)
    assert result.exit_code == 0, result.output
    return result.stdout


def failure(line: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(["report", *line], rooms(report()))
    captured = capsys.readouterr()
    assert captured.out == ""
    return ended.value.code, captured.err


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_page_shows_what_the_command_prints() -> None:
    shown = list(pages.sessions(PAGE))
    assert shown
    for line, expected in shown:
        lines = pages.run(line, rooms(report())).split("\n")
        assert "\n".join(each.rstrip() for each in lines) == expected, line


def test_the_page_lists_every_format_and_field() -> None:
    from tracker.ports import discovery  # noqa: PLC0415 - for this test alone
    from tracker.ports.exporter import fields  # noqa: PLC0415 - as above

    for name in FORMATS:
        assert f"| `{name}` |" in PAGE
        for field in fields(discovery.load("exporters", name.replace("-", "_"))):
            assert f"`{field}`" in PAGE, field


def test_markdown_of_the_newest_run_is_the_default() -> None:
    assert printed().startswith("# resnet-cifar\n")
    assert printed("last", "--format", "markdown") == printed()


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_written_of_a_run_and_of_a_project(name: str) -> None:
    assert printed("--format", name)
    assert printed("--project", "nlp", "--format", name)


@pytest.mark.parametrize(
    ("file", "begins"), [("a.html", "<!doctype html>"), ("a.MD", "# resnet"), ("a.tex", "% Made")]
)
def test_a_files_ending_tells_the_format(file: str, begins: str, tmp_path: Path) -> None:
    assert printed("-o", str(tmp_path / file)) == ""
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(begins)


def test_a_file_is_replaced_whole_and_keeps_its_rights(tmp_path: Path) -> None:
    file, link = tmp_path / "report.md", tmp_path / "link.md"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    printed("-o", str(link))
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8").startswith("# resnet")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert names(tmp_path) == ["link.md", "report.md"]


def test_a_report_that_cannot_be_made_leaves_the_file_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sci.md"
    file.write_text("old")
    code, err = failure(["--format", "sci", "--fill", "units=3", "-o", str(file)], capsys)
    assert (code, file.read_text()) == (1, "old")
    assert "say of what, --fill functional_unit=" in err
    assert names(tmp_path) == ["sci.md"]


def test_a_format_that_is_none_gets_the_names_of_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, err = failure(["--format", "htlm"], capsys)
    assert code == 1
    assert "no format 'htlm'; did you mean html? there are: markdown, html, model-card," in err


def test_a_file_of_device_is_written_to() -> None:
    assert printed("--format", "markdown", "-o", "/dev/null") == ""


def test_what_is_filled_is_no_longer_open() -> None:
    assert "[open: pre-training" in printed("--format", "model-card").replace(
        "# training_type: open:", "[open:"
    )
    assert 'training_type: "fine-tuning"' in printed(
        "--format", "model-card", "--fill", "training_type=fine-tuning"
    )


def test_development_is_a_table_and_a_part_of_a_report() -> None:
    shown = printed(*DEVELOPMENT)
    assert shown.startswith("Development of project nlp")
    assert "ratio  3 (2.99\N{EN DASH}3.01)" in shown
    assert "## Development" in printed(*DEVELOPMENT, "--format", "markdown")
    assert "## Development" not in printed("--project", "nlp")


def test_development_fits_a_narrow_terminal() -> None:
    assert all(len(line) <= 40 for line in printed(*DEVELOPMENT, columns=40).splitlines())


def test_prices_and_dates_are_handed_on() -> None:
    shelf = Shelf(report())
    behind = rooms(history=lambda _: shelf)
    line = ["report", *DEVELOPMENT, "--since", "30d", "--usd-per-kwh", "0.3"]
    CliRunner().invoke(
        command, [*line, "--usd-per-hour", "1-2.5"], obj=behind, catch_exceptions=False
    )
    assert shelf.asked["since"] == "30d"
    assert shelf.asked["usd_per_kwh"] == 0.3
    assert shelf.asked["usd_per_gpu_h"] == (1.0, 2.5)
    assert shelf.asked["final"] == ("*final",)


def test_json_is_what_the_formats_are_written_of() -> None:
    found = json.loads(printed(*DEVELOPMENT, "--json"))
    assert found["title"] == "nlp"
    assert found["development"]["groups"][0]["name"] == "final"
    assert len(found["runs"]) == 3
    assert found["energy_j"]["low"] < found["energy_j"]["value"] < found["energy_j"]["high"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["last", "--project", "nlp"], "RUN and --project exclude each other"),
        (["--since", "30d"], "go with --project"),
        (["--development", "--final", "x"], "go with --project"),
        (["--project", "nlp", "--development"], "--development needs --final"),
        (["--project", "nlp", "--final", "x"], "--development needs --final"),
        (["--project", "nlp", "--usd-per-kwh", "1"], "go with --development"),
        (["--json", "--format", "html"], "exclude each other"),
        ([*DEVELOPMENT, "--usd-per-kwh", "-1"], "is not in the range"),
    ],
)
def test_a_line_that_cannot_be_meant_is_usage(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = failure(line, capsys)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--format", "htlm"], "did you mean html"),
        (["-o", "report.xyz"], "report.xyz: no format ends so; say --format"),
        (["-o", "report"], "no format ends so"),
        (["-o", "absent/report.md"], "absent/report.md: cannot be written: No such file"),
        (["--fill", "x=1"], "format markdown has no such field; it has none to fill"),
        (["--format", "sci", "--fill", "unit=3"], "did you mean units?"),
        (["--format", "sci", "--fill", "units"], "--fill units: write FIELD=VALUE"),
        ([*DEVELOPMENT, "--usd-per-hour", "dear"], "'dear' is no price"),
    ],
)
def test_a_failure_is_one_line_and_1(
    line: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, err = failure(line, capsys)
    assert code == 1
    assert err.startswith("tracker: ")
    assert err.count("\n") == 1
    assert said in err
    assert names(tmp_path) == []


# --- familiar things -------------------------------------------------------------------------


def test_a_run_in_familiar_things_has_region_year_and_source() -> None:
    shown = invoke("show", "--equivalents").stdout
    assert "about  0.056 smartphone charges (US, 2022; EPA GHG Equivalencies" in shown
    assert "about as much as" not in shown
    assert "about as much as" in invoke("show").stdout


def test_familiar_things_as_json() -> None:
    found = json.loads(invoke("show", "--equivalents", "--json").stdout)["equivalents"]
    assert found[0]["kind"] == "phone"
    assert found[0]["region"] == "US"
    assert "equivalents" not in json.loads(invoke("show", "--json").stdout)
