from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHORT = ["import_cost", "start_stop", "background", "accuracy", "history", "hooks", "kill9"]


@pytest.mark.parametrize("name", SHORT)
def test_a_benchmark_runs_and_prints_its_figures(root: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, root / "benchmarks" / f"{name}.py", "--short"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "at most" in done.stdout


def test_every_benchmark_is_in_the_results(root: Path) -> None:
    results = (root / "benchmarks" / "RESULTS.md").read_text()
    scripts = [path.stem for path in (root / "benchmarks").glob("[a-z]*.py")]
    assert [name for name in scripts if name != "run_all" and name not in results] == []
