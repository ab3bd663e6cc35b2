from __future__ import annotations

import csv
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fakes.recording import RecordingRun, report_of

lightning = pytest.importorskip("lightning.pytorch", reason="lightning is not installed")
Module: Any = lightning.LightningModule

from tracker.hooks import lightning as hook  # noqa: E402 - behind the skip
from tracker.hooks.lightning import EmissionsCallback  # noqa: E402 - behind the skip

# Lightning's own remarks on small data and few workers.
pytestmark = pytest.mark.filterwarnings("ignore")

EPOCH = ["begin epoch", "begin validation", "end validation", "log", "end epoch"]


class Net(Module):  # type: ignore[misc]
    def __init__(self, fails_at: BaseException | None = None) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
        self.fails_at = fails_at

    def training_step(self, batch: Any, index: int) -> Any:
        if self.fails_at is not None and self.current_epoch == 1:
            raise self.fails_at
        loss = self.layer(batch[0]).pow(2).mean()
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", self.layer(batch[0]).pow(2).mean())

    test_step = validation_step

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


def loader() -> Any:
    return torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.ones(8, 4)), batch_size=2
    )


def trainer(*callbacks: Any, epochs: int = 2, **more: Any) -> Any:
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "accelerator": "cpu",
    }
    return lightning.Trainer(max_epochs=epochs, callbacks=list(callbacks), **(quiet | more))


def told(run: RecordingRun) -> list[str]:
    return [line.split(" {")[0] for line in run.told]


def test_epochs_are_phases_with_validation_inside_and_their_steps() -> None:
    run = RecordingRun()
    trainer(EmissionsCallback(run.as_run()), accumulate_grad_batches=2).fit(
        Net(), loader(), loader()
    )
    assert told(run) == EPOCH * 2
    assert all("'steps': 2.0" in line for line in run.told if line.startswith("log"))
    assert all("'val_loss'" in line for line in run.told if line.startswith("log"))


def test_the_sanity_check_is_kept_apart() -> None:
    run = RecordingRun()
    trainer(EmissionsCallback(run.as_run()), epochs=1, num_sanity_val_steps=1).fit(
        Net(), loader(), loader()
    )
    assert told(run) == ["begin sanity", "end sanity", *EPOCH]


def test_the_csv_of_lightning_has_the_figures_of_the_report(tmp_path: Path) -> None:
    callback = EmissionsCallback(name="own", location="FR")
    log = lightning.loggers.CSVLogger(str(tmp_path))
    trainer(callback, logger=log, log_every_n_steps=1).fit(Net(), loader(), loader())
    report = report_of(callback)
    assert (report.name, report.status) == ("own", "finished")
    epochs = [phase for phase in report.phases if phase.name == "epoch"]
    with (Path(log.log_dir) / "metrics.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    logged = [row for row in rows if row["energy_kwh"]]
    assert [float(row["energy_kwh"]) for row in logged] == pytest.approx(
        [epoch.energy_j / 3.6e6 for epoch in epochs], rel=1e-6
    )
    assert [float(row["carbon_g"]) for row in logged] == pytest.approx(
        [epoch.carbon_g for epoch in epochs], rel=1e-6
    )
    (totals,) = [row for row in rows if row["total_energy_kwh"]]
    assert float(totals["total_energy_kwh"]) == pytest.approx(report.energy_kwh)
    assert float(totals["total_carbon_g"]) == pytest.approx(report.carbon_g)


@pytest.mark.parametrize(
    ("raised", "seen", "why"),
    [
        (ValueError("loss is nan"), ValueError, "ValueError: loss is nan"),
        (KeyboardInterrupt(), SystemExit, "KeyboardInterrupt"),
    ],
)
def test_an_exception_ends_the_run_as_failed_at_once(
    raised: BaseException, seen: type[BaseException], why: str
) -> None:
    callback = EmissionsCallback()
    with pytest.raises(seen):
        trainer(callback).fit(Net(raised), loader(), loader())
    report = report_of(callback)
    assert (report.status, report.error) == ("failed", why)
    assert all(phase.end is not None for phase in report.phases)


def test_a_second_fit_is_a_second_run() -> None:
    callback = EmissionsCallback()
    trainer(callback, epochs=1).fit(Net(), loader())
    first = callback.run
    trainer(callback, epochs=1).fit(Net(), loader())
    assert callback.run is not first
    assert [run.report().status for run in (first, callback.run) if run] == ["finished"] * 2


def test_test_and_predict_are_phases_of_a_given_run() -> None:
    run = RecordingRun()
    trainer(EmissionsCallback(run.as_run())).test(Net(), loader(), verbose=False)
    assert told(run) == ["begin test", "end test"]


def test_a_run_that_asks_for_the_end_gets_it_cleanly() -> None:
    run = RecordingRun()
    callback = EmissionsCallback(run.as_run())

    class AsksInTheFirstEpoch(Net):
        def training_step(self, batch: Any, index: int) -> Any:
            run.stop_training()
            return super().training_step(batch, index)

    tried = trainer(callback, epochs=50)
    tried.fit(AsksInTheFirstEpoch(), loader(), loader())
    assert tried.state.finished
    assert told(run) == EPOCH


def test_a_copy_for_another_process_leaves_the_run_behind() -> None:
    callback = EmissionsCallback(name="copied")
    trainer(callback, epochs=1).fit(Net(), loader())
    copy = pickle.loads(pickle.dumps(callback))  # noqa: S301 - our own
    assert copy.run is None
    trainer(copy, epochs=1).fit(Net(), loader())
    assert report_of(copy).name == "copied"


def test_of_two_callbacks_one_measures() -> None:
    first, second = EmissionsCallback(), EmissionsCallback()
    trainer(first, second, epochs=1).fit(Net(), loader())
    assert first.run is not None
    assert second.run is None


def test_the_entry_point_gives_nothing_unless_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hook.automatic() == []
    monkeypatch.setenv("TRACKER_AUTO", "1")
    assert [type(one) for one in hook.automatic()] == [EmissionsCallback]


def test_the_class_is_of_the_lightning_that_the_program_uses() -> None:
    pytest.importorskip("pytorch_lightning", reason="pytorch_lightning is not installed")
    script = """
import warnings
warnings.simplefilter("ignore")
import pytorch_lightning
from tracker.hooks.lightning import EmissionsCallback
print(issubclass(EmissionsCallback, pytorch_lightning.Callback))
pytorch_lightning.Trainer(callbacks=[EmissionsCallback()], logger=False, accelerator="cpu")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TRACKER_AUTO": ""},
    )
    assert done.stdout.split() == ["True"]


def test_the_hook_imports_no_lightning_and_says_what_to_install() -> None:
    script = """
import sys
import tracker.hooks.lightning as hook
assert "lightning" not in sys.modules
sys.modules["lightning"] = sys.modules["lightning.pytorch"] = None
sys.modules["pytorch_lightning"] = None
try:
    hook.EmissionsCallback
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("PluginError")
    assert "pip install lightning" in done.stdout
