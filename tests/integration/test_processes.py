"""However a process ends, forks or turns into another one: nothing hangs, doubles or is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration.machine import Machine, machine_in

NO_THREADS_AT_THE_END = sys.version_info[:2] == (3, 12)
"""Python 3.12 alone starts no thread once the main thread has ended."""

STORED = "run.report()  # waits until what there is so far is stored"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = machine_in(tmp_path)
    made.environ["TRACKER_SYSFS"] = str(tmp_path / "none")  # no counter that stands still
    return made


def statuses(machine: Machine) -> dict[str, str]:
    return {name: machine.shown(name)["status"] for name in machine.names()}


def assert_kept_or_left_alone(
    machine: Machine, done: subprocess.CompletedProcess[str], name: str
) -> None:
    """The run is there; or, where none can be measured, one line says so and nothing fails."""
    assert done.returncode == 0
    if NO_THREADS_AT_THE_END:
        assert done.stderr.count("\n") == 1
        assert f"start of run {name} failed, and the program goes on" in done.stderr
    else:
        assert done.stderr == ""
        assert statuses(machine) == {name: "finished"}


def await_file(path: Path, within_s: float = 50.0) -> None:
    until_s = time.monotonic() + within_s
    while not path.exists():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_ends_the_program_as_if_nobody_measured(
    machine: Machine, signo: signal.Signals
) -> None:
    process = machine.start(f"""
        import pathlib, time, tracker
        with tracker.track("ended") as run:
            {STORED}
            pathlib.Path("stored").touch()
            time.sleep(60)
    """)
    await_file(machine.folder / "stored")
    process.send_signal(signo)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (-signo, "", "")
    assert statuses(machine) == {"ended": "interrupted"}


def test_a_handler_of_the_programs_own_is_left_in_place_and_its_exit_is_reported(
    machine: Machine,
) -> None:
    process = machine.start("""
        import pathlib, signal, sys, time, tracker
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        with tracker.track("ended"):
            pathlib.Path("begun").touch()
            time.sleep(60)
    """)
    await_file(machine.folder / "begun")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (143, "")
    shown = machine.shown()
    assert (shown["status"], shown["error"]) == ("failed", "SystemExit: 143")


def test_os_exec_takes_the_sampler_with_it_and_the_new_program_may_measure(
    machine: Machine,
) -> None:
    (machine.folder / "after.py").write_text("import tracker\nwith tracker.track('after'): pass\n")
    done = machine.run(f"""
        import os, sys, tracker
        with tracker.track("before") as run:
            {STORED}
            os.execv(sys.executable, [sys.executable, "after.py"])
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert statuses(machine) == {"before": "interrupted", "after": "finished"}


def test_os_exit_asks_nobody(machine: Machine) -> None:
    done = machine.run(f"""
        import os, tracker
        with tracker.track("left") as run:
            {STORED}
            os._exit(3)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert statuses(machine) == {"left": "interrupted"}


def test_a_daemon_thread_at_the_end_of_the_interpreter_hangs_nothing(machine: Machine) -> None:
    done = machine.run("""
        import threading, time, tracker
        begun = threading.Event()
        def work():
            with tracker.track("daemon") as run:
                begun.set()
                while True:
                    with run.phase("step"):
                        time.sleep(0.001)
        threading.Thread(target=work, daemon=True).start()
        begun.wait()
        time.sleep(0.5)
        print("main ends")
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "main ends\n", "")
    assert statuses(machine) == {"daemon": "failed"}


def test_a_thread_that_outlives_main_ends_its_run_by_itself(machine: Machine) -> None:
    done = machine.run("""
        import threading, time, tracker
        def work():
            with tracker.track("late"):
                time.sleep(1)
        threading.Thread(target=work).start()
    """)
    assert_kept_or_left_alone(machine, done, "late")


def test_a_run_may_begin_while_the_interpreter_ends(machine: Machine) -> None:
    done = machine.run("""
        import atexit, time, tracker
        @atexit.register
        def last():
            with tracker.track("last"):
                time.sleep(0.2)
    """)
    assert_kept_or_left_alone(machine, done, "last")


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_workers_of_a_pool_start_no_run_and_print_nothing(machine: Machine, method: str) -> None:
    done = machine.run(f"""
        import multiprocessing, tracker
        run = tracker.track("main").start()
        def square(number):
            run.log(number=number)
            return number * number
        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                print(pool.map(square, range(4)))
            run.stop()
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0, 1, 4, 9]\n", "")
    assert statuses(machine) == {"main": "finished"}


def test_a_loaders_workers_leave_the_run_alone(machine: Machine) -> None:
    pytest.importorskip("torch")
    done = machine.run("""
        import torch, tracker
        from torch.utils.data import DataLoader, TensorDataset
        data = TensorDataset(torch.arange(64))
        with tracker.track("loader") as run:
            for epoch in run.epochs(2):
                print(sum(len(batch[0]) for batch in DataLoader(data, 8, num_workers=2)))
        print(len(run.report().phases))
    """)
    assert (done.returncode, done.stdout) == (0, "64\n64\n2\n"), done.stderr
    assert statuses(machine) == {"loader": "finished"}


def test_a_child_that_exits_normally_ends_nothing_of_its_parents(machine: Machine) -> None:
    done = machine.run(
        """
        import os, sys, time, tracker
        run = tracker.track("parent").start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
        time.sleep(0.5)
        print(run.stop().status)
        """,
        PYTHONWARNINGS="ignore::DeprecationWarning",  # Python's own, of any fork with threads
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "finished\n", "")
    assert statuses(machine) == {"parent": "finished"}


def test_a_notebook_whose_cell_is_run_again_and_whose_kernel_is_killed(machine: Machine) -> None:
    kernel = machine.start("""
        import code, pathlib, time
        kernel = code.InteractiveConsole()
        cell = "run = tracker.track('cell').start()"
        for line in ("import tracker", cell, "__import__('time').sleep(0.5)", cell):
            kernel.push(line)
        kernel.push("report = run.report()")
        pathlib.Path("stored").touch()
        time.sleep(60)
    """)
    await_file(machine.folder / "stored")
    os.kill(kernel.pid, signal.SIGKILL)
    out, _ = kernel.communicate(timeout=20)
    assert out == ""
    assert machine.shown()["status"] == "interrupted"
    assert machine.names() == ["cell", "cell"]


def test_a_process_that_was_stopped_for_a_while_loses_no_energy(machine: Machine) -> None:
    process = machine.start("""
        import pathlib, time, tracker
        with tracker.track("stopped"):
            time.sleep(1.5)
            pathlib.Path("warm").touch()
            end_s = time.monotonic() + 4
            while time.monotonic() < end_s:
                time.sleep(0.1)
    """)
    await_file(machine.folder / "warm")
    process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    shown = machine.shown()
    (gpu,) = (one for one in shown["devices"] if one["kind"] == "gpu")
    assert gpu["energy_j"] == pytest.approx(300 * shown["duration_s"], rel=0.05)
