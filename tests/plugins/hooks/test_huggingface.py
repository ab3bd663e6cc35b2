from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fakes.recording import RecordingRun, report_of

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("accelerate", reason="accelerate is not installed")
Callback: Any = transformers.TrainerCallback

from tracker.hooks.huggingface import (  # noqa: E402 - behind the skip
    EmissionsCallback,
    co2_eq_emissions,
    track_trainer,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # the Trainer's own remarks

STEPS = 4


class Rows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"x": torch.ones(4), "labels": torch.tensor(1.0)}


class Model(torch.nn.Module):
    def __init__(self, raised: BaseException | None = None, at_step: int = 6) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
        self.raised = raised
        self.left = at_step

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        self.left -= 1
        if self.left == 0 and self.raised is not None:
            raise self.raised
        predicted = self.layer(x).squeeze(-1)
        return {"loss": (predicted - labels).pow(2).mean(), "logits": predicted}


def trainer(folder: Path, *callbacks: Any, model: Model | None = None, **more: Any) -> Any:
    given: dict[str, Any] = {
        "num_train_epochs": 2,
        "per_device_train_batch_size": 2,
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "remove_unused_columns": False,
    }
    return transformers.Trainer(
        model or Model(),
        transformers.TrainingArguments(str(folder), **(given | more)),
        train_dataset=Rows(),
        eval_dataset=Rows(),
        callbacks=list(callbacks),
    )


def phases(run: RecordingRun) -> list[str]:
    return [line for line in run.told if not line.startswith("log")]


EVALUATED = ["begin epoch", "begin evaluation", "end evaluation", "end epoch"]


@pytest.mark.parametrize("strategy", ["epoch", "steps"])
def test_an_evaluation_lies_in_its_epoch(tmp_path: Path, strategy: str) -> None:
    run = RecordingRun()
    trainer(
        tmp_path, EmissionsCallback(run.as_run()), eval_strategy=strategy, eval_steps=STEPS
    ).train()
    assert phases(run) == EVALUATED * 2


def test_without_evaluation_epochs_follow_each_other(tmp_path: Path) -> None:
    run = RecordingRun()
    trainer(tmp_path, EmissionsCallback(run.as_run()), gradient_accumulation_steps=2).train()
    assert phases(run) == ["begin epoch", "end epoch"] * 2


def test_an_evaluation_alone_is_a_phase_of_a_given_run(tmp_path: Path) -> None:
    run = RecordingRun()
    trainer(tmp_path, EmissionsCallback(run.as_run())).evaluate()
    assert phases(run) == ["begin evaluation", "end evaluation"]


def test_the_log_has_the_figures_of_the_report(tmp_path: Path) -> None:
    callback = EmissionsCallback(name="own", location="FR")
    trained = trainer(tmp_path, callback, eval_strategy="epoch")
    trained.train()
    report = report_of(callback)
    assert (report.name, report.status) == ("own", "finished")
    epochs = [phase for phase in report.phases if phase.name == "epoch"]
    logged = [entry for entry in trained.state.log_history if "energy_kwh" in entry]
    assert [entry["energy_kwh"] for entry in logged] == pytest.approx(
        [epoch.energy_j / 3.6e6 for epoch in epochs]
    )
    assert [entry["step"] for entry in logged] == [STEPS, 2 * STEPS]
    last = trained.state.log_history[-1]
    assert last["total_energy_kwh"] == pytest.approx(report.energy_kwh)
    assert last["total_carbon_g"] == pytest.approx(report.carbon_g)


def test_a_reporter_sees_the_totals_when_the_trainer_is_tracked(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    class Reporter(Callback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            seen.append(dict(logs))

    trained = trainer(tmp_path, Reporter())
    callback = track_trainer(trained, name="tracked", location="FR")
    trained.train()
    totals = [entry["total_energy_kwh"] for entry in seen]
    assert len(totals) == 2 * STEPS + 1
    assert totals == sorted(totals)
    assert report_of(callback).name == "tracked"


def test_a_training_that_raised_is_failed_when_the_next_begins(tmp_path: Path) -> None:
    callback = EmissionsCallback()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path, callback, model=Model(KeyboardInterrupt())).train()
    broken: Any = callback.run
    trainer(tmp_path, callback).train()
    assert broken.report().status == "failed"
    assert report_of(callback).status == "finished"
    assert callback.run is not broken


def test_a_training_that_begins_again_with_a_smaller_batch_stays_one_run(tmp_path: Path) -> None:
    callback = EmissionsCallback()
    full = Model(RuntimeError("CUDA out of memory. "), at_step=2)
    trainer(tmp_path, callback, model=full, auto_find_batch_size=True).train()
    report = report_of(callback)
    assert report.status == "finished"
    names = [phase.name for phase in report.phases]
    assert names == ["epoch"] * 3


def test_a_run_that_asks_for_the_end_gets_it_cleanly(tmp_path: Path) -> None:
    run = RecordingRun()

    class Asks(Callback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            run.should_stop = state.global_step == 1

    trained = trainer(tmp_path, EmissionsCallback(run.as_run()), Asks())
    trained.train()
    assert trained.state.global_step == 2
    assert phases(run) == ["begin epoch", "end epoch"]


def test_a_resumed_training_goes_on_from_the_totals_of_its_checkpoint(tmp_path: Path) -> None:
    saving: dict[str, Any] = {"save_strategy": "steps", "save_steps": STEPS, "max_steps": STEPS}
    first = EmissionsCallback(location="FR")
    trainer(tmp_path, first, **saving).train()
    second = EmissionsCallback(location="FR")
    resumed = trainer(tmp_path, second, save_strategy="no", max_steps=2 * STEPS)
    resumed.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{STEPS}"))
    report = report_of(second)
    assert report.metrics["resumed_at_step"] == STEPS
    earlier_kwh = report.metrics["earlier_kwh"]
    assert 0 < earlier_kwh <= report_of(first).energy_kwh
    last = resumed.state.log_history[-1]
    assert last["total_energy_kwh"] == pytest.approx(earlier_kwh + report.energy_kwh)


def test_codecarbons_callback_beside_ours_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class CodeCarbonCallback(Callback):  # type: ignore[misc]
        """Has the name of the one that comes with Transformers."""

    track_trainer(trainer(tmp_path, CodeCarbonCallback()), RecordingRun().as_run())
    assert "CodeCarbonCallback measures the same training" in caplog.text


def test_a_model_card_has_grams_that_the_hub_can_read(tmp_path: Path) -> None:
    from huggingface_hub import ModelCardData  # noqa: PLC0415 - comes with transformers

    callback = EmissionsCallback(location="FR")
    trainer(tmp_path, callback).train()
    report = report_of(callback)
    field = co2_eq_emissions(report, "fine-tuning")
    assert float(field["emissions"]) == pytest.approx(report.carbon_g, abs=1e-11)
    assert field["training_type"] == "fine-tuning"
    assert field["geographical_location"] == "France"
    written = ModelCardData(co2_eq_emissions=field).to_yaml()
    assert "e-0" not in written
    assert f"{field['emissions']}" in written


def test_the_hook_imports_no_transformers() -> None:
    script = "import sys, tracker.hooks.huggingface; sys.exit('transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
