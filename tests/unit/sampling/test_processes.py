"""Processor time of a process tree beside the machine's, from files as the kernel writes them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracker.sampling.processes import RESCAN_NS, ProcessTree


class Machine:
    """A ``/proc`` with processes of known time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_ns = 0
        self.busy(0)

    def process(self, pid: int, parent: int, ticks: int, waited: int = 0) -> None:
        (self.path / str(pid)).mkdir(exist_ok=True)
        blank = "0 0 0 0 0 0 0 0 0"  # fields 5 to 13
        text = f"{pid} (a (b) c) S {parent} {blank} {ticks} 1 {waited} 2 20 0 1 0\n"
        (self.path / str(pid) / "stat").write_text(text)

    def end(self, pid: int) -> None:
        (self.path / str(pid) / "stat").unlink()

    def busy(self, ticks: int) -> None:
        (self.path / "stat").write_text(f"cpu  {ticks} 10 20 999 7 3 4 888 5 5\ncpu0 1 2\n")

    def tree(self, pid: int) -> ProcessTree:
        return ProcessTree(self.path, pid, lambda: self.now_ns)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_share_is_of_busy_time_since_the_last_call(machine: Machine) -> None:
    machine.process(1, 0, 1000)
    machine.process(50, 1, 100)
    tree = machine.tree(50)
    assert tree.ratio() is None
    machine.process(50, 1, 130)
    machine.busy(120)
    assert tree.ratio() == pytest.approx(0.25)
    machine.process(50, 1, 190)
    machine.busy(200)
    assert tree.ratio() == pytest.approx(0.75)


def test_children_and_theirs_count_and_strangers_do_not(machine: Machine) -> None:
    for pid, parent in ((50, 1), (51, 50), (52, 51), (60, 1)):
        machine.process(pid, parent, 100)
    tree = machine.tree(50)
    tree.ratio()
    assert tree.pids == {50, 51, 52}
    for pid, parent in ((50, 1), (51, 50), (52, 51), (60, 1)):
        machine.process(pid, parent, 110)
    machine.busy(40)
    assert tree.ratio() == pytest.approx(0.75)


def test_a_child_that_was_waited_for_is_counted_once(machine: Machine) -> None:
    machine.process(50, 1, 100)
    machine.process(51, 50, 100)
    tree = machine.tree(50)
    tree.ratio()
    machine.end(51)
    machine.process(50, 1, 100, waited=108)  # the 103 that it had, and 5 more until its end
    machine.busy(10)
    assert tree.ratio() == pytest.approx(0.5)


def test_new_children_are_found_with_what_they_have_used(machine: Machine) -> None:
    machine.process(50, 1, 100)
    tree = machine.tree(50)
    tree.ratio()
    machine.process(51, 50, 9)
    machine.now_ns = RESCAN_NS
    machine.busy(24)
    assert tree.ratio() == pytest.approx(0.5)


def test_where_nothing_was_busy_the_last_share_holds(machine: Machine) -> None:
    machine.process(50, 1, 100)
    tree = machine.tree(50)
    tree.ratio()
    machine.process(50, 1, 150)
    machine.busy(100)
    assert tree.ratio() == tree.ratio() == pytest.approx(0.5)


def test_without_proc_nothing_is_told(tmp_path: Path) -> None:
    assert ProcessTree(tmp_path / "none", 1, time.monotonic_ns).ratio() is None
    assert not ProcessTree(tmp_path, 1, time.monotonic_ns).is_known(1)


def test_on_this_machine_a_busy_child_is_found_and_counted() -> None:
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    child = subprocess.Popen([sys.executable, "-c", spin])
    tree = ProcessTree(Path("/proc"), os.getpid(), time.monotonic_ns)
    tree.ratio()
    child.wait()
    ratio = tree.ratio()
    assert child.pid in tree.pids
    assert ratio is not None
    assert 0 < ratio <= 1
