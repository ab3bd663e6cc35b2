from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracker.cli import main
from unit.cli import pages
from unit.cli.examples import rooms

PAGE = (Path(__file__).resolve().parents[3] / "docs/project.md").read_text(encoding="utf-8")
FLAT = (
    "name,year,error,compute_flop\n"
    "a,2012,0.30,1e17\nb,2013,0.20,1e18\nc,2014,0.35,1e19\nd,2015,0.25,1e20\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the example as results.csv."""
    monkeypatch.chdir(tmp_path)
    pages.run("project --example > results.csv", rooms())
    (tmp_path / "flat.csv").write_text(FLAT, encoding="utf-8")
    return tmp_path


def outcome(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(line.split(), rooms())
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


@pytest.mark.usefixtures("folder")
def test_the_page_shows_what_the_command_prints() -> None:
    shown = list(pages.sessions(PAGE))

    assert len(shown) >= 4
    for line, expected in shown:
        lines = pages.run(line, rooms()).split("\n")
        assert "\n".join(each.rstrip() for each in lines) == expected, line


@pytest.mark.usefixtures("folder")
def test_json_holds_fits_targets_and_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    line = "project results.csv --target 5% --target 0.01 --until 2021 --json"
    code, out, err = outcome(line, capsys)
    values = json.loads(out)

    assert (code, err) == (0, "")
    assert [each["model"] for each in values["fits"]] == ["polynomial", "exponential"]
    first = values["fits"][0]
    assert [target["error"] for target in first["targets"]] == [0.05, 0.01]
    assert values["left_out"] == {"later than 2021": 2, "without compute": 7}
    assert first["n"] == 24 - 2 - 7
    target = first["targets"][0]
    assert target["usd"] == pytest.approx(10 ** target["log10_flop"] / 68_740_540_540_540_600)
    assert target["lb"] == pytest.approx(10 ** target["log10_flop"] / 349_756_347_991_684_000)
    assert target["kwh"] == pytest.approx(target["lb"] / 0.954)


@pytest.mark.usefixtures("folder")
def test_filling_uses_the_networks_operations(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = outcome("project results.csv --fill-from-network --json", capsys)
    values = json.loads(out)

    assert values["filled"] == 7
    assert values["fits"][0]["n"] == 23
    assert values["fill"]["n"] == 12


@pytest.mark.usefixtures("folder")
def test_constants_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    line = "project results.csv --target 0.05 --flop-per-usd 1e18 --model polynomial --json"
    _, out, _ = outcome(line, capsys)
    (target,) = json.loads(out)["fits"][0]["targets"]

    assert target["usd"] == pytest.approx(10 ** target["log10_flop"] / 1e18)


def test_a_plot_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("projection.svg", "projection.png"):
        code, _, err = outcome(f"project results.csv --target 0.05 -o {name}", capsys)
        assert (code, err) == (0, f"plotted: {name}\n")
        assert (folder / name).stat().st_size > 1000


@pytest.mark.usefixtures("folder")
def test_the_frontier_says_what_its_interval_is(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = outcome("project results.csv --target 0.05 --frontier", capsys)

    assert "quantile regression" in out
    assert "by resampling" in out


@pytest.mark.usefixtures("folder")
def test_a_slope_without_significance_is_refused_and_can_be_forced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = outcome("project flat.csv --target 0.05", capsys)
    assert (code, out) == (1, "")
    assert "the polynomial slope is not significant" in err
    assert "--force" in err

    code, out, err = outcome("project flat.csv --target 0.05 --force", capsys)
    assert code == 0
    assert "unbounded" in out
    assert err.startswith("tracker: warning: the polynomial slope is not significant")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("project", 2, "say one of: a FILE, --article, --example"),
        ("project results.csv --article", 2, "say one of"),
        ("project results.csv --target low", 2, "--target 'low' is no number; write 0.05 or 5%"),
        ("project results.csv --model cubic", 2, "'cubic' is not one of"),
        ("project results.csv -o plot.jpeg", 2, "a plot is .svg or .png"),
        ("project absent.csv", 1, "absent.csv: cannot be read"),
        ("project results.csv --target 0", 1, "target 0: an error must be above 0"),
        ("project results.csv --target 1e-300", 1, "an error so small is never seen"),
        ("project results.csv --target 5", 1, "is it 5 %? Then write 0.05"),
        ("project results.csv --target 0.9", 1, "is above every error in the table"),
        ("project results.csv --until 2012", 1, "2 rows have an error and compute_flop"),
        ("project results.csv --flop-per-lb 0", 1, "flop_per_lb = 0: must be above 0"),
        ("project results.csv --error-in percent --target 0.05", 1, "above every error"),
        ("project results.csv -o absent/plot.svg", 1, "absent/plot.svg: cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_line(
    line: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out, err = outcome(line, capsys)

    assert (ended, out) == (code, "")
    assert said in err


def test_the_article_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = outcome("project --article --json", capsys)
    values = json.loads(out)

    assert values["claimed"] == {"error": 0.01, "log10_usd": 20, "log10_lb": 20}
    assert [each["until"] for each in values["fits"]] == [2020, 2022]
    assert len(values["slips"]) == 3


def test_the_example_says_of_itself_that_it_is_made_up() -> None:
    from tracker.data import tables  # noqa: PLC0415 - for this test alone

    assert tables.provenance("example_results.csv").source.startswith("synthetic")
