from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import tracker
from fakes.recording import RecordingRun, report_of
from tracker.errors import SettingsError
from tracker.hooks.keras import EmissionsCallback
from tracker.model.report import RunReport

# Keras's torch back end hands arrays to NumPy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

ROWS = 32
EPOCH = ["begin epoch", "begin validation", "end validation", "log", "end epoch"]


def fit(*callbacks: Any, epochs: int = 2, **more: Any) -> Any:
    network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    rows, targets = np.ones((ROWS, 4)), np.ones(ROWS)
    more = {"validation_split": 0.5, "verbose": 0, "batch_size": 8} | more
    return network.fit(rows, targets, epochs=epochs, callbacks=list(callbacks), **more)


def told(run: RecordingRun) -> list[str]:
    return [line.split(" {")[0] for line in run.told]


class Raises(keras.callbacks.Callback):  # type: ignore[misc]
    """Breaks the fit() off in its second validation."""

    def __init__(self) -> None:
        super().__init__()
        self.validations = 0

    def on_test_begin(self, logs: object = None) -> None:
        self.validations += 1
        if self.validations == 2:
            raise KeyboardInterrupt


def test_epochs_are_phases_and_validation_lies_within() -> None:
    run = RecordingRun()
    fit(EmissionsCallback(run.as_run()))
    assert told(run) == EPOCH * 2


def test_a_run_of_the_callers_is_neither_started_nor_stopped() -> None:
    run = RecordingRun()
    fit(EmissionsCallback(run.as_run()))
    assert not {"start", "stop"} & set(run.told)


def test_what_keras_logs_is_kept_with_the_epoch() -> None:
    run = RecordingRun()
    history = fit(EmissionsCallback(run.as_run()), epochs=1).history
    logged = next(line for line in run.told if line.startswith("log"))
    assert f"'loss': {history['loss'][0]}" in logged
    assert f"'val_loss': {history['val_loss'][0]}" in logged


def test_history_receives_energy_and_carbon_of_each_epoch() -> None:
    history = fit(EmissionsCallback(RecordingRun().as_run())).history
    assert history["energy_kwh"] == [0.5, 0.5]
    assert history["carbon_g"] == [28.0, 28.0]


def test_evaluate_and_predict_on_their_own_are_phases_of_a_given_run() -> None:
    run = RecordingRun()
    callback = EmissionsCallback(run.as_run())
    network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    network.evaluate(np.ones((8, 4)), np.ones(8), verbose=0, callbacks=[callback])
    network.predict(np.ones((8, 4)), verbose=0, callbacks=[callback])
    assert run.told == ["begin evaluate", "end evaluate", "begin predict", "end predict"]


def test_after_a_broken_fit_the_next_one_begins_with_no_phase_open() -> None:
    run = RecordingRun()
    callback = EmissionsCallback(run.as_run())
    with pytest.raises(KeyboardInterrupt):
        fit(callback, Raises())
    fit(callback, epochs=1)
    broken = ["begin epoch", "begin validation", "end validation", "end epoch"]
    assert told(run) == [*EPOCH, *broken, *EPOCH]


def test_early_stopping_leaves_no_phase_open() -> None:
    run = RecordingRun()
    stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
    fit(EmissionsCallback(run.as_run()), stopping, epochs=50)
    assert told(run) == EPOCH * 2


def test_without_validation_there_is_no_such_phase() -> None:
    run = RecordingRun()
    fit(EmissionsCallback(run.as_run()), epochs=1, validation_split=0.0)
    assert told(run) == ["begin epoch", "log", "end epoch"]


def test_batches_stay_asynchronous() -> None:
    callbacks = keras.callbacks.CallbackList([EmissionsCallback(RecordingRun().as_run())])
    alone = keras.callbacks.CallbackList([])
    for kind in ("_async_train", "_async_test", "_async_predict"):
        assert getattr(callbacks, kind) == getattr(alone, kind)


def test_the_callback_answers_every_event_that_keras_has() -> None:
    events = {name for name in dir(keras.callbacks.Callback) if name.startswith(("on_", "set_"))}
    assert events <= set(dir(EmissionsCallback))


def test_a_run_that_fails_is_one_warning_and_the_training_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(RecordingRun):
        def phase(self, name: str) -> Any:
            raise OSError("disk is gone")

    history = fit(EmissionsCallback(Broken().as_run())).history
    assert len(history["loss"]) == 2
    assert [record.getMessage() for record in caplog.records if record.name == "tracker"] == [
        "EmissionsCallback.on_epoch_begin failed, and the training goes on: OSError('disk is gone')"
    ]


def test_each_fit_is_a_run_of_its_own() -> None:
    callback = EmissionsCallback(name="own", location="FR")
    assert callback.run is None
    reports: list[RunReport] = []
    for _ in range(2):
        fit(callback)
        assert callback.run is not None
        reports.append(callback.run.report())
    assert reports[0].run_id != reports[1].run_id
    for report in reports:
        assert (report.name, report.status) == ("own", "finished")
        assert [phase.name for phase in report.phases] == ["epoch", "validation"] * 2
        assert [phase.parent for phase in report.phases] == [None, 0, None, 2]
        assert set(report.phases[0].metrics) >= {"loss", "val_loss"}


def test_an_epochs_figures_are_those_of_the_report() -> None:
    callback = EmissionsCallback(location="FR")
    history = fit(callback).history
    assert callback.run is not None
    epochs = [phase for phase in callback.run.report().phases if phase.name == "epoch"]
    assert history["energy_kwh"] == pytest.approx(
        [epoch.energy_j / 3.6e6 for epoch in epochs if epoch.energy_j is not None]
    )
    assert history["carbon_g"] == pytest.approx([epoch.carbon_g for epoch in epochs])


def test_a_fit_that_broke_off_is_closed_as_failed_when_the_next_begins() -> None:
    callback = EmissionsCallback()
    with pytest.raises(KeyboardInterrupt):
        fit(callback, Raises())
    broken = callback.run
    fit(callback, epochs=1)
    assert broken is not None
    assert broken.report().status == "failed"
    assert callback.run is not None
    assert callback.run.report().status == "finished"


def test_a_run_that_asks_for_the_end_gets_keras_own_clean_stop() -> None:
    run = RecordingRun()

    class AsksInItsFirstEpoch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            run.stop_training()

    history = fit(EmissionsCallback(run.as_run()), AsksInItsFirstEpoch(), epochs=50).history
    assert len(history["loss"]) == 1
    assert told(run) == EPOCH


def test_a_run_that_asked_before_the_fit_ends_it_at_once() -> None:
    run = RecordingRun()
    run.should_stop = True
    assert len(fit(EmissionsCallback(run.as_run()), epochs=50).history["loss"]) == 1


def test_what_stands_before_ours_and_cannot_see_its_values_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Prints(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            """Would look at the values."""

    blind = [keras.callbacks.CSVLogger(str(tmp_path / "log.csv")), Prints()]
    seeing = keras.callbacks.CSVLogger(str(tmp_path / "seen.csv"))
    ours = EmissionsCallback(RecordingRun().as_run())
    for _ in range(2):
        fit(*blind, keras.callbacks.EarlyStopping("loss"), ours, seeing)
    said = [record.getMessage() for record in caplog.records if record.name == "tracker"]
    warning = (
        "before EmissionsCallback in callbacks= CSVLogger and Prints cannot see energy_kwh and "
        "carbon_g: list EmissionsCallback first"
    )
    assert said == [warning]
    with (tmp_path / "seen.csv").open() as table:
        assert {"energy_kwh", "carbon_g"} <= set(next(csv.reader(table)))


def test_a_checkpoint_can_watch_our_values(tmp_path: Path) -> None:
    best = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{energy_kwh:.2f}.keras"), monitor="energy_kwh", mode="min"
    )
    fit(EmissionsCallback(RecordingRun().as_run()), best)
    (saved,) = tmp_path.iterdir()
    assert saved.name == "0.50.keras"
    assert keras.models.load_model(saved).count_params() == 5


def test_evaluate_on_its_own_is_a_run_where_that_is_asked() -> None:
    callback = EmissionsCallback(name="alone", standalone=True)
    network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    network.evaluate(np.ones((8, 4)), np.ones(8), verbose=0, callbacks=[callback])
    report = report_of(callback)
    assert (report.name, report.status) == ("alone", "finished")
    assert [phase.name for phase in report.phases] == ["evaluate"]
    quiet = EmissionsCallback()
    network.evaluate(np.ones((8, 4)), np.ones(8), verbose=0, callbacks=[quiet])
    assert quiet.run is None


def test_the_phases_of_a_fit_and_the_rest_are_the_run() -> None:
    with tracker.track("whole", location="FR") as run:
        fit(EmissionsCallback(run))
        with run.phase("rest"):
            pass
    report: Any = run.report()
    by_parent = {
        place: sum(one.energy_j for one in report.phases if one.parent == place)
        for place in (None, 0, 2)
    }
    assert by_parent[None] <= report.energy_j * (1 + 1e-6)
    for place in (0, 2):
        assert by_parent[place] <= report.phases[place].energy_j * (1 + 1e-6)


@pytest.mark.long
def test_on_jax_the_same_callback_serves(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="jax is not installed (extra test-frameworks)")
    script = """
import json, keras, numpy as np
from tracker.hooks.keras import EmissionsCallback
network = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
network.compile("sgd", "mse", steps_per_execution=2)
callback = EmissionsCallback(name="on-jax", location="FR")
history = network.fit(np.ones((32, 4)), np.ones(32), epochs=2, validation_split=0.5, verbose=0,
                      batch_size=4, callbacks=[callback]).history
phases = [phase.name for phase in callback.run.report().phases]
print(json.dumps([keras.backend.backend(), phases, len(history["energy_kwh"])]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"KERAS_BACKEND": "jax", "TRACKER_STORE": f"sqlite:///{tmp_path}/r.db"},
        capture_output=True,
        text=True,
        check=True,
    )
    backend, phases, epochs = json.loads(done.stdout.splitlines()[-1])
    assert (backend, epochs) == ("jax", 2)
    assert phases == ["epoch", "validation"] * 2


def test_a_wrong_option_is_refused_before_the_training() -> None:
    with pytest.raises(SettingsError, match="pue"):
        EmissionsCallback(pue=0.5)


def test_the_hook_imports_no_keras() -> None:
    script = "import sys, tracker.hooks.keras; sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
