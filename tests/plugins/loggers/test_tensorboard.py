from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from integration.machine import Machine
from tracker.errors import PluginError
from tracker.loggers import tensorboard

needs_tensorboardx = pytest.mark.skipif(
    importlib.util.find_spec("tensorboardX") is None, reason="tensorboardX is not installed"
)

TRAINING = """
    import json, sys, time, tracker
    class Writer:
        said = []
        def add_scalar(self, tag, value, step, walltime): self.said.append([tag, value, step])
        def flush(self): self.said.append("flush")
    with tracker.track("boards", log_to=Writer()) as run:
        for epoch in run.epochs(2):
            time.sleep(0.4)
    print(json.dumps([Writer.said, run.report().to_dict()]))
"""


def test_a_writer_is_told_each_phase_and_the_end_as_the_report_has_them(machine: Machine) -> None:
    done = machine.run(TRAINING)
    assert done.returncode == 0, done.stderr
    said, report = json.loads(done.stdout)
    assert said[-1] == "flush"
    told = {(tag, step): value for tag, value, step in said[:-1]}
    for number, phase in enumerate(report["phases"]):
        assert told["energy/epoch_wh", number] == pytest.approx(phase["energy_j"] / 3600)
        assert told["energy/epoch_co2_g", number] == pytest.approx(phase["carbon_g"])
        gpu_j = phase["energy_by_kind_j"]["gpu"]
        assert told["energy/epoch_gpu_wh", number] == pytest.approx(gpu_j / 3600)
    end = round(report["duration_s"])
    assert told["energy/wh", end] == pytest.approx(report["energy_j"] / 3600)
    assert told["energy/wh_low", end] == pytest.approx(report["energy_low_j"] / 3600)
    assert told["energy/co2_g_high", end] == pytest.approx(report["carbon_high_g"])


def test_a_writer_that_fails_is_one_warning_and_one_event(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        class Writer:
            def add_scalar(self, *args, **more): raise OSError("disk is gone")
            def flush(self): pass
        with tracker.track("boards", log_to=Writer()) as run:
            for epoch in run.epochs(3):
                time.sleep(0.5)
        print(run.report().status)
    """)
    assert done.stdout.split() == ["finished"]
    assert done.stderr.count("disk is gone") == 1
    kinds = [(event["kind"], event["subject"]) for event in machine.shown()["events"]]
    assert kinds == [("logger-failed", "tensorboard")]


def test_a_writer_that_never_returns_holds_nothing_up(machine: Machine) -> None:
    done = machine.run("""
        import threading, time, tracker
        class Writer:
            def add_scalar(self, *args, **more): threading.Event().wait()
            def flush(self): pass
        with tracker.track("boards", log_to=Writer()) as run:
            with run.phase("train"):
                time.sleep(0.3)
        print(run.report().status, run.report().kept)
    """)
    assert done.stdout.split() == ["finished", "True"]
    assert "did not take the final figures in time" in done.stderr


@needs_tensorboardx
def test_a_folder_that_is_named_holds_the_scalars(machine: Machine) -> None:
    done = machine.run("""
        import time, tracker
        with tracker.track("boards", log_to="tensorboard:scalars") as run, run.phase("train"):
            time.sleep(0.3)
    """)
    assert done.returncode == 0, done.stderr
    (events,) = (machine.folder / "scalars").iterdir()
    assert b"energy/train_wh" in events.read_bytes()


def test_without_a_package_that_writes_it_the_error_says_what_to_install(tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["tensorboardX"] = sys.modules["torch"] = None
from tracker.errors import PluginError
from tracker.loggers import tensorboard
try:
    tensorboard.open({str(tmp_path)!r})
except PluginError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install tensorboardX" in done.stdout


def test_its_name_alone_is_no_place_to_write_to() -> None:
    with pytest.raises(PluginError, match="hand over the writer"):
        tensorboard.open("")


def test_it_is_never_found_by_itself_and_takes_writers_alone() -> None:
    assert tensorboard.open(None) is None
    assert not tensorboard.takes("runs")
    assert not tensorboard.takes(object())
