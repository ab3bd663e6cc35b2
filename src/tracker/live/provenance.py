"""Who ran what, where: kept with a run unless ``provenance=False``."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker import __version__ as tracker_version
from tracker.model.host import HostFacts

_SECRET_NAME: Final = re.compile(
    r"(?:^|[-_./])"
    r"(?:api[-_]?key|access[-_]?key|token|secret|passw(?:or)?d|pwd|credentials?|auth|bearer)"
    r"(?:$|[-_])",
    re.IGNORECASE,
)
_URL_PASSWORD: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@", re.IGNORECASE
)
_KNOWN_KEY: Final = re.compile(r"\b(sk-|hf_|ghp_|gho_|github_pat_|glpat-|AKIA|xox[bap]-)[\w-]{8,}")
_MASK: Final = "***"

_JOB_IDS: Final = {
    "SLURM_JOB_ID": "slurm",
    "TORCHELASTIC_RUN_ID": "torchrun",
    "PBS_JOBID": "pbs",
    "LSB_JOBID": "lsf",
    "JOB_ID": "sge",
    "RAY_JOB_ID": "ray",
}

_RANKS: Final = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""Where launchers say which of a job's processes this is, the most telling first."""


def masked(arguments: Sequence[str]) -> list[str]:
    """A command line without what looks like a secret."""
    shown, hide_next = [], False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            shown.append(_MASK)
        elif equals and _SECRET_NAME.search(name):
            shown.append(f"{name}={_MASK}")
        else:
            shown.append(
                _KNOWN_KEY.sub(_MASK, _URL_PASSWORD.sub(rf"\g<scheme>:{_MASK}@", argument))
            )
        hide_next = argument.startswith("-") and not equals and bool(_SECRET_NAME.search(argument))
    return shown


def host_id(etc: Path = Path("/etc")) -> str:
    """16 hexadecimal digits that name this machine, the same after a reboot."""
    try:
        machine = (etc / "machine-id").read_text().strip()
    except OSError:
        machine = ""
    return hashlib.sha256(f"{machine}/{platform.node()}".encode()).hexdigest()[:16]


def host_facts(proc: Path) -> HostFacts:
    """What is remembered of this machine; what cannot be read is empty or 0."""
    return HostFacts(
        host_id=host_id(),
        hostname=platform.node(),
        boot_id=boot_id(proc),
        pid_namespace=pid_namespace(proc),
        os=f"{platform.system()} {platform.release()}",
        cpu_name=_line_value(proc / "cpuinfo", "model name") or platform.processor(),
        cpu_threads=os.cpu_count() or 0,
        memory_bytes=_memory_bytes(proc),
    )


def boot_id(proc: Path) -> str:
    """The kernel's id of this boot; empty where it has none."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def pid_namespace(proc: Path) -> str:
    """In which our pid is valid; empty where the system has no such thing."""
    try:
        return str((proc / "self/ns/pid").readlink())
    except OSError:
        return ""


class Identity(Struct, frozen=True):
    """Which process on which machine writes a segment; see ``Segment``."""

    host_id: str
    pid: int
    process_started_at: float
    boot_id: str
    pid_namespace: str


def identity(proc: Path = Path("/proc")) -> Identity:
    """This process, as the kernel that runs it names it."""
    pid = os.getpid()
    started_at = process_started_at(pid, proc)
    return Identity(host_id(), pid, started_at, boot_id(proc), pid_namespace(proc))


def process_started_at(pid: int, proc: Path) -> float:
    """When a process started, in seconds since boot; 0 where the system does not say.

    Not since 1970: the kernel derives that from the wall clock, which may be set meanwhile.
    """
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # proc(5): field 22
    except (OSError, IndexError, ValueError):
        return 0.0


def _line_value(path: Path, name: str) -> str:
    try:
        with path.open() as lines:
            for line in lines:
                if line.startswith(name):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def _memory_bytes(proc: Path) -> int:
    size = _line_value(proc / "meminfo", "MemTotal").split()
    return int(size[0]) * 1024 if size else 0


def provenance(environ: Mapping[str, str]) -> dict[str, object]:
    """Who and what: user, command, folder, git, versions, the launcher's job id."""
    found: dict[str, object] = {
        "user": _user(),
        "host": platform.node(),
        "command": masked(sys.orig_argv),
        "folder": str(Path.cwd()),
        "python": platform.python_version(),
        "os": f"{platform.system()} {platform.release()}",
        "tracker": tracker_version,
    }
    found |= _git()
    if (own_job := job(environ)) is not None:
        found["job"] = own_job
    return found


def job(environ: Mapping[str, str]) -> dict[str, str] | None:
    """The launcher's name, its job's id and this process's rank in it; ``None`` without one."""
    for variable, launcher in _JOB_IDS.items():
        if environ.get(variable):
            rank = next((environ[one] for one in _RANKS if environ.get(one)), None)
            found = {"launcher": launcher, "id": environ[variable]}
            return found if rank is None else found | {"rank": rank}
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a uid without a name
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def _git() -> dict[str, object]:
    """Commit and whether anything is changed; nothing outside a checkout or without git."""
    try:
        answer = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return {}
    heads = [line.split()[-1] for line in answer if line.startswith("# branch.oid")]
    if not heads or heads[0] == "(initial)":
        return {}
    dirty = any(not line.startswith("#") for line in answer)
    return {"git_commit": heads[0], "git_dirty": dirty}
