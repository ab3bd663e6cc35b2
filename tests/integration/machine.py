"""A machine of ours: fake GPUs and a powercap tree, with what a run needs to find them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from fakes.nvml import FakeGpu, FakeNvml, Waveform
from fakes.powercap import PowercapTree, ProcTree, drawing

HARDLY_W = 0.01


class Machine(Struct, frozen=True):
    """Where the fakes are.

    Attributes:
        folder: holds everything.
        nvml: GPUs of known power.
        powercap: its package and memory, which stand still outside of ``living``.
        environ: what a subprocess needs to see them, and a store of its own.
        store: that store's URL.
    """

    folder: Path
    nvml: FakeNvml
    powercap: PowercapTree
    environ: dict[str, str]
    store: str

    def start(self, script: str, **environ: str) -> subprocess.Popen[str]:
        """Begin a Python program; the caller ends it."""
        path = self.folder / f"script_{len(list(self.folder.glob('script_*')))}.py"
        path.write_text(textwrap.dedent(script))
        return subprocess.Popen(
            [sys.executable, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ | environ,
            cwd=self.folder,
        )

    def run(self, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program to its end."""
        process = self.start(script, **environ)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def tracker(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            capture_output=True,
            text=True,
            env=self.environ | environ,
            cwd=self.folder,
            timeout=60,
            check=False,
        )

    def shown(self, selector: str = "last") -> dict[str, Any]:
        """What ``tracker show --json`` prints of a run."""
        answer = self.tracker("show", selector, "--json")
        assert answer.returncode == 0, answer.stderr
        report: dict[str, Any] = json.loads(answer.stdout)
        return report

    def names(self) -> list[str]:
        """Names of the stored runs, newest first."""
        answer = self.tracker("runs", "--json")
        return [run["name"] for run in json.loads(answer.stdout)["runs"]] if answer.stdout else []


def machine_in(folder: Path, *gpus: FakeGpu) -> Machine:
    """A machine with those GPUs (one of 300 W by default), one package and its memory."""
    (folder / "nvml").mkdir()
    nvml = FakeNvml(folder / "nvml", gpus=gpus or (FakeGpu(waveform=Waveform.constant(300.0)),))
    tree = PowercapTree(folder / "sys")
    tree.add_package()
    ProcTree(folder / "proc").write_cpu("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", threads=40)
    store = f"sqlite:///{folder / 'runs.db'}"
    environ = {
        **nvml.environ(os.environ),
        "TRACKER_SYSFS": str(folder / "sys"),
        "TRACKER_STORE": store,
        "TRACKER_LOCATION": "FR",
    }
    return Machine(folder, nvml, tree, environ, store)


@contextmanager
def living(machine: Machine) -> Iterator[Machine]:
    """The machine with a package and a memory that draw hardly anything, but do."""
    with drawing(machine.powercap, HARDLY_W):
        yield machine
