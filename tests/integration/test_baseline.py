"""Idle power measured on request, kept, and shown beside what a run used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration.machine import machine_in


def test_a_baseline_is_measured_kept_and_stands_beside_a_runs_energy(tmp_path: Path) -> None:
    machine = machine_in(tmp_path)
    answer = machine.tracker("doctor", "--baseline", "2", "--json")
    assert answer.returncode == 0, answer.stderr
    found = {one["device_id"]: one for one in json.loads(answer.stdout)["baselines"]}
    (gpu_id,) = (one for one in found if one.startswith("gpu"))
    assert found[gpu_id]["power_w"] == pytest.approx(300, rel=0.05)
    assert found[gpu_id]["duration_s"] == pytest.approx(2, rel=0.5)
    done = machine.run("""
        import time, tracker
        with tracker.track("run", remainder_ratio=0.5):
            time.sleep(2)
    """)
    assert done.returncode == 0, done.stderr
    shown = machine.shown()
    (gpu,) = (one for one in shown["devices"] if one["kind"] == "gpu")
    assert gpu["idle"]["power_w"] == found[gpu_id]["power_w"]
    idle_j = min(found[gpu_id]["power_w"] * shown["duration_s"], gpu["energy_j"])
    assert gpu["idle"]["energy_j"] == pytest.approx(idle_j, rel=0.05)
    assert shown["remainder"]["energy_j"] == pytest.approx(0.5 * shown["energy_j"])
    text = machine.tracker("show", "last").stdout
    assert "of which idle" in text
    assert "not added" in text


def test_where_nothing_can_be_kept_no_baseline_is_measured(tmp_path: Path) -> None:
    machine = machine_in(tmp_path)
    (tmp_path / "runs.db").write_text("not a database\n" * 100)
    answer = machine.tracker("doctor", "--baseline", "1")
    assert answer.returncode == 1
    assert "not a SQLite" in answer.stderr
