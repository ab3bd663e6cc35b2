"""A copy of the checkout as git sees it, which a test may break or build in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

LEFT_OUT = frozenset({".git", ".venv", "build", "dist", "__pycache__", ".hypothesis"})


def working_files(root: Path) -> list[str]:
    """What is tracked or would be: all that is not ignored, links as themselves."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    done = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return sorted(name for name in done.stdout.split("\0") if name and _is_there(root / name))
    return sorted(_without_git(root))  # an unpacked sdist


def copy_of(root: Path, target: Path) -> Path:
    """``target``, with the working files of the checkout ``root`` in it."""
    for name in working_files(root):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy, follow_symlinks=False)
    return target


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _without_git(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT and "cache" not in name]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [str((Path(folder) / name).relative_to(root)) for name in files + links]
    return found
