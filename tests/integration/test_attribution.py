"""A run that counts its own processes' share, beside one that counts the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.nvml import FakeGpu, Waveform
from integration.machine import Machine, living, machine_in

SUBJECT = """
    import os, pathlib, time, tracker
    pathlib.Path("pid.new").write_text(str(os.getpid()))
    os.rename("pid.new", "pid")
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    with tracker.track("whole"), tracker.track("share", attribution="process"):
        end_s = time.monotonic() + 3
        while time.monotonic() < end_s:
            sum(range(1000))
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with living(machine_in(tmp_path)) as machine:
        yield machine


def used_by(*processes: tuple[int, ...]) -> FakeGpu:
    return FakeGpu(waveform=Waveform.constant(300.0), processes=processes)


def test_a_share_of_the_gpu_is_counted_and_both_runs_say_what_they_share(
    machine: Machine,
) -> None:
    process = machine.start(SUBJECT)
    while not (machine.folder / "pid").exists():
        assert process.poll() is None
    pid = int((machine.folder / "pid").read_text())
    machine.nvml.update([used_by((pid, 10, 60), (2**22 + 1, 10, 20))])
    (machine.folder / "go").touch()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    whole, share = machine.shown("whole"), machine.shown("share")
    (gpu,) = (one for one in share["devices"] if one["kind"] == "gpu")
    assert gpu["device_id"].endswith("/process")
    assert (gpu["method"], gpu["accuracy_class"]) == ("model", "share:gpu")
    assert gpu["energy_j"] == pytest.approx(0.75 * 300 * share["duration_s"], rel=0.1)
    assert gpu["low_j"] < 0.75 * gpu["energy_j"]
    assert share["attribution"] == "process"
    assert whole["attribution"] == "machine"
    (common,) = (one for one in share["overlaps"] if one["device_id"] == gpu["device_id"])
    assert common["energy_j"] == pytest.approx(gpu["energy_j"], rel=0.05)
    (common,) = (one for one in whole["overlaps"] if one["device_id"].startswith("gpu"))
    assert common["energy_j"] == pytest.approx(gpu["energy_j"], rel=0.05)


def test_a_gpu_whose_users_are_not_told_is_counted_whole_and_that_is_said(
    machine: Machine,
) -> None:
    done = machine.run("""
        import time, tracker
        with tracker.track("share", attribution="process") as run:
            time.sleep(2)
        report = run.report()
        print([one.kind for one in report.events])
    """)
    assert "share-unknown" in done.stdout, done.stderr
    shown = machine.shown()
    (gpu,) = (one for one in shown["devices"] if one["kind"] == "gpu")
    assert gpu["energy_j"] == pytest.approx(300 * shown["duration_s"], rel=0.1)


def test_the_command_counts_its_childs_share(machine: Machine) -> None:
    script = machine.folder / "work.py"
    script.write_text("import time\nwhile time.process_time() < 1.5: pass\n")
    environ = {"TRACKER_SYSFS": str(machine.folder / "nothing")}
    done = machine.tracker(
        *("run", "--attribution", "process", "--name", "share", "--", "python", str(script)),
        **environ,
    )
    assert done.returncode == 0, done.stderr
    shown = machine.shown()
    (cpu,) = (one for one in shown["devices"] if one["kind"] == "cpu")
    assert cpu["device_id"].endswith("/process")
    assert cpu["energy_j"] > 0
