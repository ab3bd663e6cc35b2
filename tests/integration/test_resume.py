"""A run that was interrupted goes on: segments add up, and a gap stays a gap."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integration.machine import Machine, machine_in

TRAIN = """
import time, tracker
with tracker.track("net", {options}) as run:
    for epoch in run.epochs(range({first}, {first} + 2)):
        time.sleep(0.3)
print(run.id)
"""

KILLED = """
import os, signal, time, tracker
with tracker.track("net", params={"lr": 1}) as run, run.phase("epoch"):
    run.log(loss=1.0)
    print(run.id, flush=True)
    while run.report().energy_j is None:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return machine_in(tmp_path)


def killed(machine: Machine, **environ: str) -> str:
    """The id of a run whose process was killed."""
    done = machine.run(KILLED, **environ)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


def train(machine: Machine, options: str = "", environ: Mapping[str, str] | None = None) -> str:
    """The id of a run that came to its end."""
    done = machine.run(TRAIN.format(options=options, first=1), **(environ or {}))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def runs(machine: Machine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(machine.tracker("runs", "--json").stdout)["runs"]
    return found


def test_a_resumed_run_is_the_sum_of_its_segments(machine: Machine) -> None:
    run_id = killed(machine)
    before = machine.shown(run_id)
    assert before["status"] == "interrupted"
    assert train(machine, f"resume={run_id!r}") == run_id
    after = machine.shown(run_id)
    assert [run["run_id"] for run in runs(machine)] == [run_id]
    assert after["status"] == "finished"
    for kept in ("started_at", "params", "provenance"):
        assert after[kept] == before[kept], kept
    assert len(after["pricings"]) == len(before["pricings"]) == 1
    assert after["duration_s"] > before["duration_s"] + 0.5
    added_j = after["energy_j"] - before["energy_j"]
    assert added_j == pytest.approx(300 * (after["duration_s"] - before["duration_s"]), rel=0.1)
    (gap,) = [one for one in after["not_counted"] if "resumed" in one["reason"]]
    assert " s from 20" in gap["what"]
    assert [one["name"] for one in after["phases"]] == ["epoch"] * 3
    assert after["metrics"] == {"loss": 1.0}
    with sqlite3.connect(machine.folder / "runs.db") as connection:
        segments = connection.execute("SELECT count(*), count(DISTINCT pid) FROM segments")
        assert segments.fetchone() == (2, 2)
    connection.close()


def test_the_environment_may_say_which(machine: Machine) -> None:
    run_id = killed(machine)
    assert train(machine, environ={"TRACKER_RESUME": "last"}) == run_id


def test_a_job_that_its_launcher_began_again_goes_on_with_its_run(machine: Machine) -> None:
    job = {"SLURM_JOB_ID": "4711", "SLURM_PROCID": "0"}
    run_id = killed(machine, **job)
    again = job | {"SLURM_RESTART_COUNT": "1"}
    assert train(machine, environ=job) != run_id  # another program of the same job
    assert train(machine, environ=again | {"SLURM_JOB_ID": "4712"}) != run_id
    assert train(machine, environ=again | {"SLURM_PROCID": "1"}) != run_id
    assert train(machine, "resume='never'", environ=again) != run_id
    assert train(machine, environ=again) == run_id
    assert train(machine, environ=again) != run_id  # it is finished now


def test_a_run_that_is_not_there_is_said_at_once(machine: Machine) -> None:
    for expected in ("there is none yet", "no run 'nett'; did you mean 'net'"):
        done = machine.run("import tracker; tracker.track('x', resume='nett')")
        assert done.returncode == 1
        assert "SettingsError: resume = 'nett' (argument)" in done.stderr
        assert expected in done.stderr
        killed(machine)


def test_a_run_of_another_machine_is_gone_on_with_by_its_id(machine: Machine) -> None:
    run_id = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert train(machine, f"resume={run_id!r}") == run_id
    assert machine.shown()["run_id"] == run_id
