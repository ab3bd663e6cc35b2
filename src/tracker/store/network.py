"""Folders that several machines share, where SQLite's own locks cannot be trusted.

There each machine writes a file of its own, ``runs-HOST.db``, without a write-ahead log,
which needs memory that its users share (sqlite.org/wal.html, "Overview"; on locks see
sqlite.org/faq.html, question 5). Who reads takes all files of the folder.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted (proc(5)); where there is none, no folder is shared."""

_SHARED: Final = re.compile(
    r"nfs4?|cifs|smb3|smbfs|lustre|gpfs|beegfs|ceph|9p|afs|panfs|orangefs|pvfs2|wekafs|"
    r"gfs2|ocfs2|fuse\.(sshfs|glusterfs|ceph|juicefs|beegfs|rclone|s3fs|dfs|quobyte)"
)
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def is_shared(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a file there lies, or would lie, on a file system that machines share."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return False
    place = path.parent.resolve()
    kind = ""
    depth = 0
    for point, its_kind in map(_mount, lines):
        # Of two mounts at one place the later one hides the earlier.
        if place.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = its_kind, len(point.parts)
    return _SHARED.fullmatch(kind) is not None


def placed(path: Path, mounts: Path = MOUNTS) -> Path:
    """The file that this machine writes for a store at ``path``."""
    return file_of_host(path) if is_shared(path, mounts) else path


def _mount(line: str) -> tuple[Path, str]:
    before, _, after = line.partition(" - ")
    point = _ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), before.split()[4])
    return Path(point), after.split()[0]


def file_of_host(path: Path, host: str | None = None) -> Path:
    """The file of one machine, this one by default: ``runs-HOST.db``."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", host or platform.node()) or "unknown"
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


def files_of_all(path: Path) -> list[Path]:
    """The files of all machines, and one without a machine's name that was there before."""
    return sorted(_found(path))


def _found(path: Path) -> Iterator[Path]:
    for one in (path, *path.parent.glob(f"{path.stem}-*{path.suffix}")):
        if one.is_file() and one.stat().st_size:
            yield one
