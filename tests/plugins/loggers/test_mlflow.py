from __future__ import annotations

import json
from typing import Any

import pytest

from integration.machine import Machine

pytestmark = pytest.mark.long  # MLflow alone takes seconds to import
pytest.importorskip("mlflow", reason="mlflow-skinny is not installed (extra test-frameworks)")

SETUP = """
    import json, time, warnings
    warnings.simplefilter("ignore")
    import mlflow, tracker
    mlflow.set_tracking_uri("file:mlruns")
    def told(run_id):
        client = mlflow.MlflowClient()
        names = client.get_run(run_id).data.metrics
        history = {
            name: [[one.value, one.step] for one in client.get_metric_history(run_id, name)]
            for name in names
        }
        return [history, client.get_run(run_id).data.tags.get("tracker.run_id")]
    def count():
        return len(mlflow.MlflowClient().search_runs(["0"]))
"""


def trained(machine: Machine, program: str) -> Any:
    done = machine.run(SETUP + program, MLFLOW_ALLOW_FILE_STORE="true")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("log_to", ['"mlflow"', '"auto"', "active", "active.info.run_id_"])
def test_the_run_that_is_active_receives_what_the_report_says(
    machine: Machine, log_to: str
) -> None:
    log_to = log_to.replace("active.info.run_id_", '"mlflow:" + active.info.run_id')
    (history, tag), report, runs = trained(
        machine,
        f"""
    with mlflow.start_run() as active:
        with tracker.track("flow", log_to={log_to}) as run:
            for epoch in run.epochs(2):
                time.sleep(0.4)
                mlflow.log_metric("loss", 1.0 / (epoch + 1), step=epoch)
    print(json.dumps([told(active.info.run_id), run.report().to_dict(), count()]))
    """,
    )
    assert runs == 1
    assert tag == report["run_id"]
    assert history["loss"] == [[1.0, 0], [0.5, 1]]
    epochs = [[phase["energy_j"] / 3600, number] for number, phase in enumerate(report["phases"])]
    assert history["energy/epoch_wh"] == [pytest.approx(one) for one in epochs]
    assert history["energy/wh"][-1][0] == pytest.approx(report["energy_j"] / 3600)
    assert history["energy/co2_g"][-1][0] == pytest.approx(report["carbon_g"])


def test_a_run_that_begins_after_ours_is_found_at_the_next_edge(machine: Machine) -> None:
    (history, _), _ = trained(
        machine,
        """
    with tracker.track("flow", log_to="mlflow") as run:
        with mlflow.start_run() as active:
            for epoch in run.epochs(2):
                time.sleep(0.2)
    print(json.dumps([told(active.info.run_id), 0]))
    """,
    )
    assert [step for _, step in history["energy/epoch_wh"]] == [0, 1]


def test_where_no_run_is_active_none_is_begun_and_it_is_said_once(machine: Machine) -> None:
    runs, events = trained(
        machine,
        """
    with tracker.track("flow", log_to="mlflow") as run:
        for epoch in run.epochs(2):
            pass
    print(json.dumps([count(), [e.kind + " " + e.subject for e in run.report().events]]))
    """,
    )
    assert (runs, events) == (0, ["logger-unavailable mlflow"])


def test_every_device_has_its_power_and_a_name_that_mlflow_takes(machine: Machine) -> None:
    history, _ = trained(
        machine,
        """
    from tracker.loggers import mlflow as plugin
    from tracker.model.run import RunTotals
    with mlflow.start_run() as active:
        plugin.open(active).tick(RunTotals(7.4, 3600.0, 57.0, {"gpu:GPU-8a[1]": 300.0}))
    print(json.dumps(told(active.info.run_id)))
    """,
    )
    assert history["energy/power_w"] == [[300.0, 7]]
    assert history["energy/device_w/gpu:GPU-8a_1_"] == [[300.0, 7]]
    assert history["energy/wh"] == [[1.0, 7]]
