"""What ``pip install`` of the base package adds to an empty environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from _bench import BYTES_PER_MB, ROOT, line, machine, options

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info", ".*_cache", "__pycache__")


def main() -> None:
    options(__doc__)  # there is no shorter form of an installation
    with machine() as folder:
        subprocess.run((sys.executable, "-m", "venv", str(folder / "empty")), check=True)
        empty_bytes, empty_count = _size(folder / "empty")
        checkout = shutil.copytree(ROOT, folder / "checkout", symlinks=True, ignore=LEFT_OUT)
        _pip(folder / "empty", "install", "--quiet", "--quiet", str(checkout))
        full_bytes, full_count = _size(folder / "empty")
    line("added", (full_bytes - empty_bytes) / BYTES_PER_MB, "MB", most=40)
    line("added", full_count - empty_count, "distributions", most=20)


def _size(environment: Path) -> tuple[int, int]:
    """Bytes of the files as they were installed (not what Python compiled), distributions."""
    files = (path for path in environment.rglob("*") if path.is_file() and not path.is_symlink())
    installed_bytes = sum(path.stat().st_size for path in files if path.suffix != ".pyc")
    return installed_bytes, len(json.loads(_pip(environment, "list", "--format=json")))


def _pip(environment: Path, *arguments: str) -> str:
    pip = (str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
    done = subprocess.run((*pip, *arguments), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
