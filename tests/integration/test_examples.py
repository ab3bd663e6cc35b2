from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = {
    "digits.py": ["--duration", "3"],
    "pytorch_ddp.py": [],
    "pytorch_digits.py": [],
    "keras_digits.py": [],
}


def environ(folder: Path) -> dict[str, str]:
    store = f"sqlite:///{folder / 'runs.db'}"
    more = {"TRACKER_STORE": store, "TRACKER_LOCATION": "FR", "OMP_NUM_THREADS": "1"}
    return {"KERAS_BACKEND": "torch", **os.environ, **more}


def report_of(folder: Path) -> dict[str, Any]:
    tracker = Path(sys.executable).with_name("tracker")
    done = subprocess.run(
        [tracker, "show", "last", "--json"], env=environ(folder), capture_output=True, check=True
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_every_example_is_run_here(root: Path) -> None:
    assert {path.name for path in (root / "examples").glob("*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_trains_and_its_run_is_kept(root: Path, tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, root / "examples" / name, *EXAMPLES[name]],
        cwd=tmp_path,
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    report = report_of(tmp_path)
    assert report["status"] == "finished"
    assert report["kept"]
    epochs = [phase for phase in report["phases"] if phase["name"] == "epoch"]
    assert [epoch["index"] for epoch in epochs] == list(range(len(epochs)))
    assert epochs[-1]["metrics"]["accuracy"] > epochs[0]["metrics"]["accuracy"]
