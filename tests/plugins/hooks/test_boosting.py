from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fakes.recording import RecordingRun, report_of
from tracker.hooks import catboost as catboost_hook

ROWS = np.arange(40.0).reshape(20, 2)
TARGETS = ROWS.sum(axis=1)


def test_xgboost_is_one_phase_with_every_rounds_evaluation() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    from tracker.hooks.xgboost import EmissionsCallback  # noqa: PLC0415 - behind the skip

    run = RecordingRun()
    kept: dict[str, Any] = {}
    data = xgboost.DMatrix(ROWS, TARGETS)
    xgboost.train(
        {"max_depth": 2},
        data,
        num_boost_round=3,
        evals=[(data, "train")],
        evals_result=kept,
        verbose_eval=False,
        callbacks=[EmissionsCallback(run.as_run())],
    )
    logs = [f"log {{'train-rmse': {value}}}" for value in kept["train"]["rmse"]]
    assert run.told == ["begin boosting", *logs, "end boosting"]


def test_xgboosts_own_run_ends_and_early_stopping_is_undisturbed() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    from tracker.hooks.xgboost import EmissionsCallback  # noqa: PLC0415 - behind the skip

    callback = EmissionsCallback(name="trees", location="FR")
    model = xgboost.XGBRegressor(
        n_estimators=50, early_stopping_rounds=1, learning_rate=1.0, callbacks=[callback]
    )
    model.fit(ROWS, TARGETS, eval_set=[(ROWS[::-1], TARGETS)], verbose=False)
    assert model.best_iteration < 49
    report = report_of(callback)
    assert (report.name, report.status) == ("trees", "finished")
    assert [phase.name for phase in report.phases] == ["boosting"]


def test_xgboost_ends_when_the_run_asks() -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    from tracker.hooks.xgboost import EmissionsCallback  # noqa: PLC0415 - behind the skip

    run = RecordingRun()
    run.should_stop = True
    callbacks = [EmissionsCallback(run.as_run())]
    grown = xgboost.train({}, xgboost.DMatrix(ROWS, TARGETS), 50, callbacks=callbacks)
    assert grown.num_boosted_rounds() == 1


@pytest.mark.parametrize("should_stop", [False, True])
def test_lightgbm_keeps_every_rounds_evaluation_and_ends_when_asked(should_stop: bool) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")
    from tracker.hooks.lightgbm import EmissionsCallback  # noqa: PLC0415 - behind the skip

    run = RecordingRun()
    run.should_stop = should_stop
    kept: dict[str, Any] = {}
    data = lightgbm.Dataset(ROWS, TARGETS, params={"min_data_in_leaf": 1, "verbose": -1})
    lightgbm.train(
        {"verbose": -1, "min_data_in_leaf": 1, "num_threads": 1},
        data,
        num_boost_round=3,
        valid_sets=[data],
        callbacks=[lightgbm.record_evaluation(kept), EmissionsCallback(run.as_run())],
    )
    values = kept["training"]["l2"]
    assert len(values) == (1 if should_stop else 3)
    assert run.told == [f"log {{'training-l2': {value}}}" for value in values]


@pytest.mark.long
@pytest.mark.parametrize("should_stop", [False, True])
def test_catboost_keeps_every_rounds_evaluation_and_ends_when_asked(should_stop: bool) -> None:
    catboost = pytest.importorskip(
        "catboost", reason="catboost is not installed (extra test-frameworks)"
    )
    run = RecordingRun()
    run.should_stop = should_stop
    model = catboost.CatBoostRegressor(
        iterations=3, verbose=False, allow_writing_files=False, thread_count=1
    )
    model.fit(ROWS, TARGETS, callbacks=[catboost_hook.EmissionsCallback(run.as_run())])
    values = model.get_evals_result()["learn"]["RMSE"]
    assert len(values) == (1 if should_stop else 3)
    assert run.told == [f"log {{'learn-RMSE': {value}}}" for value in values]


def test_a_failing_run_is_one_warning_and_the_boosting_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(RecordingRun):
        def log(self, **metrics: float) -> None:
            raise OSError("disk is gone")

    callback = catboost_hook.EmissionsCallback(Broken().as_run())
    info = SimpleNamespace(metrics={"learn": {"RMSE": [1.0]}})
    assert callback.after_iteration(info)
    assert callback.after_iteration(info)
    assert caplog.text.count("disk is gone") == 1


@pytest.mark.parametrize(
    ("hook", "package", "make"),
    [
        ("xgboost", "xgboost", "hook.EmissionsCallback"),
        ("lightgbm", "lightgbm", "hook.EmissionsCallback(None)"),
        ("accelerate", "accelerate", "hook.EmissionsTracker"),
        ("jax", "jax", "hook.ready_phase(tracker.track(), 'train')"),
        ("ignite", "pytorch-ignite", "hook.track_engine(None, None)"),
        ("huggingface", "transformers", "hook.EmissionsCallback"),
    ],
)
def test_a_missing_framework_is_an_error_that_says_what_to_install(
    hook: str, package: str, make: str
) -> None:
    imported = {"pytorch-ignite": "ignite"}.get(package, package)
    script = f"""
import sys, tracker
import tracker.hooks.{hook} as hook
assert "{imported}" not in sys.modules
sys.modules["{imported}"] = None
try:
    {make}
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("PluginError")
    assert f"pip install {package}" in done.stdout
