from __future__ import annotations

from pathlib import Path

import pytest

from fakes.recording import RecordingRun, report_of

accelerate = pytest.importorskip("accelerate", reason="accelerate is not installed")

from tracker.hooks.accelerate import EmissionsTracker  # noqa: E402 - behind the skip

pytestmark = pytest.mark.filterwarnings("ignore")  # Accelerate's own remarks


def trained(tracker: EmissionsTracker, folder: Path) -> None:
    accelerator = accelerate.Accelerator(log_with=[tracker], project_dir=str(folder), cpu=True)
    accelerator.init_trackers("project", config={"lr": 0.1, "optimizer": "sgd"})
    accelerator.log({"loss": 0.5, "note": "text"}, step=1)
    accelerator.end_training()


def test_it_measures_from_init_to_end_and_keeps_the_numbers(tmp_path: Path) -> None:
    tracker = EmissionsTracker("accelerated", location="FR")
    trained(tracker, tmp_path)
    report = report_of(tracker)
    assert (report.name, report.status) == ("accelerated", "finished")
    assert report.metrics == {"lr": 0.1, "loss": 0.5}


def test_a_given_run_stays_its_owners(tmp_path: Path) -> None:
    run = RecordingRun()
    trained(EmissionsTracker(run=run.as_run()), tmp_path)
    assert run.told == ["log {'lr': 0.1}", "log {'loss': 0.5}"]
