"""What the benchmarks share: child processes that are measured, fake hardware, plain output."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the fakes are the tests'

MS_PER_S: Final = 1e3
BYTES_PER_MB: Final = 1e6


class Usage(Struct, frozen=True):
    """What a finished child process took, in seconds, and what it printed."""

    cpu_s: float
    wall_s: float
    stdout: str

    def json(self) -> Any:  # noqa: ANN401 - a child prints what it likes
        """The last line that it printed, as JSON."""
        return json.loads(self.stdout.strip().splitlines()[-1])


def options(description: str | None) -> argparse.Namespace:
    """The command line that every benchmark has: ``--short`` for a quick look."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--short", action="store_true", help="seconds, not minutes; rough figures")
    return parser.parse_args()


def measured(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Usage:
    """Run ``command`` to its end; its own output on stderr goes through."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.perf_counter()
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    wall_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(cpu_s, wall_s, done.stdout)


def python(code: str, environ: Mapping[str, str] | None = None) -> Usage:
    """Run ``code`` in a Python of its own."""
    return measured((sys.executable, "-c", code), environ)


def medians_cpu_s(
    commands: Mapping[str, Sequence[str]], times: int, environ: Mapping[str, str] | None = None
) -> dict[str, float]:
    """The median CPU time of each command, taken in turns so that a disturbance hits all."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times + 1):
        for name, command in commands.items():
            taken[name].append(measured(command, environ).cpu_s)
    return {name: statistics.median(each[1:]) for name, each in taken.items()}  # the first warms up


def command() -> str:
    """The command ``tracker`` of this environment."""
    return str(Path(sys.executable).with_name("tracker"))


@contextlib.contextmanager
def machine() -> Iterator[Path]:
    """A folder for fake hardware and a store, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder:
        yield Path(folder)


def compiled(folder: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of children whose modules are compiled once, into ``folder``.

    What pip installs is compiled; a checkout is not where Python may write no such files,
    and each start would be measured with the compiler.
    """
    environ = dict(os.environ if base is None else base)
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    return environ


def environ_with_store(folder: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child that keeps its runs in ``folder`` and knows no user's settings."""
    environ = compiled(folder, base)
    for name in [name for name in environ if name.startswith(("TRACKER_", "CUDA_VISIBLE"))]:
        del environ[name]
    environ["TRACKER_STORE"] = f"sqlite:///{folder / 'runs.db'}"
    environ["TRACKER_LOCATION"] = "FR"
    environ["XDG_CONFIG_HOME"] = str(folder)
    return environ


def shown(environ: Mapping[str, str], run: str = "last") -> dict[str, Any]:
    """A run as ``tracker show RUN --json`` prints it."""
    done = subprocess.run(
        (command(), "show", run, "--json"), env=environ, stdout=subprocess.PIPE, check=True
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def line(what: str, value: float, unit: str, *, most: float | None = None) -> None:
    """Print one figure, and how it stands to its bound."""
    verdict = "" if most is None else f"  at most {most:g}: {'ok' if value <= most else 'MISSED'}"
    print(f"{what:<52} {value:>10.3f} {unit:<8}{verdict}", flush=True)
