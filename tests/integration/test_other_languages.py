"""`tracker run` measures whatever a command is written in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from integration.machine import Machine, machine_in


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return machine_in(tmp_path)


PROGRAM = """
#include <chrono>
#include <cstdio>
int main() {
  auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(800);
  volatile double x = 1;
  while (std::chrono::steady_clock::now() < until) x = x * 1.0000001;
  std::puts("trained");
}
"""


def test_a_shell_loop_is_measured(machine: Machine) -> None:
    loop = "for seed in 1 2 3; do sleep 0.3; echo seed $seed; done"
    done = machine.tracker("run", "--name", "loop", "--", "sh", "-c", loop)
    assert (done.returncode, done.stdout.split("\n")[:3]) == (0, ["seed 1", "seed 2", "seed 3"])
    shown = machine.shown("loop")
    assert shown["status"] == "finished"
    gpu = next(device for device in shown["devices"] if device["kind"] == "gpu")
    assert gpu["low_j"] <= 300 * shown["duration_s"] <= gpu["high_j"]


def test_a_cpp_program_is_measured(machine: Machine) -> None:
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C++ compiler is installed")
    source = machine.folder / "train.cpp"
    source.write_text(PROGRAM)
    subprocess.run([compiler, "-O1", str(source), "-o", str(machine.folder / "train")], check=True)
    done = machine.tracker("run", "--", "./train")
    assert (done.returncode, done.stdout) == (0, "trained\n")
    shown = machine.shown()
    assert shown["name"] == "train"
    gpu = next(device for device in shown["devices"] if device["kind"] == "gpu")
    assert gpu["low_j"] <= 300 * shown["duration_s"] <= gpu["high_j"]
