"""Each format of a report, from runs that were measured and kept."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import tracker
from tracker.cli import command
from tracker.cli._rooms import Rooms
from tracker.cli.report import FORMATS


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('reports') / 'runs.db'}"
    for name in ("tune", "final"):
        with tracker.track(
            name, project="demo", location="FR", store=url, market_g_per_kwh=12.0
        ) as run:
            for _ in run.epochs(2):
                sum(number * number for number in range(300_000))
    return url


def printed(*line: str) -> str:
    result = CliRunner().invoke(command, ["report", *line], obj=Rooms(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_a_kept_run_and_project_are_written(name: str, store: str) -> None:
    run = printed("last", "--format", name, "--store", store)
    project = printed("--project", "demo", "--format", name, "--store", store)
    for text in (run, project):
        assert "making the hardware is in neither" in text
        assert "lifecycle, location-based" in text
    assert run != project


def test_both_results_of_scope_2_are_there(store: str) -> None:
    rows = printed("last", "--format", "ghg", "--store", store).splitlines()
    (market,) = [row for row in rows if row.startswith("| Scope 2, market-based |")]
    assert "open" not in market
    assert "12 g/kWh" in market


def test_development_of_a_kept_project(store: str) -> None:
    line = ("--project", "demo", "--development", "--final", "final", "--store", store)
    shown = printed(*line).splitlines()
    assert [row.split()[:2] for row in shown[2:5]] == [
        ["final", "1"],
        ["tuning", "1"],
        ["all", "2"],
    ]
    assert "ratio" in shown[6]
