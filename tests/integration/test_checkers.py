"""Each checker of ``make check`` sees a fault in a plugin, though plugins are linked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fakes.checkout import copy_of

PLUGIN = "plugins/sources/planted.py"
CLEAN = '"""A plugin without a fault."""\n'


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    return copy_of(root, tmp_path / "copy")


def checked(copy: Path, *command: str) -> str:
    """What a checker says of the copy; the empty text where it is content."""
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run(
        [tool, *command[1:]],
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


CHECKERS = {
    "ruff": (
        ("ruff", "check", "--no-cache", PLUGIN),
        f"{CLEAN}import os\n",
        "F401",
    ),
    "mypy": (
        ("mypy", "--cache-dir=.mypy_cache", "src/tracker/sources/planted.py"),
        f'{CLEAN}WRONG: int = "text"\n',
        "Incompatible types in assignment",
    ),
    "import-linter": (
        ("lint-imports", "--no-cache"),
        f"{CLEAN}import tracker.store\n",
        "tracker.sources.planted -> tracker.store",
    ),
}


@pytest.mark.parametrize("name", CHECKERS)
def test_a_fault_planted_in_a_plugin_is_seen(copy: Path, name: str) -> None:
    command, faulty, complaint = CHECKERS[name]
    (copy / PLUGIN).write_text(CLEAN)
    assert checked(copy, *command) == ""
    (copy / PLUGIN).write_text(faulty)
    assert complaint in checked(copy, *command)


def test_coverage_sees_a_plugin(copy: Path) -> None:
    (copy / PLUGIN).write_text(f"{CLEAN}SEEN = 1\n")
    test = "import tracker.sources.planted\ndef test_it(): assert tracker.sources.planted.SEEN\n"
    (copy / "tests" / "test_planted.py").write_text(test)
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--cov=tracker", "tests/test_planted.py"],
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "sources/planted.py" in said
