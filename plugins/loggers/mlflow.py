"""MLflow: metrics by the run's id, from a thread that MLflow's current run is not known in.

``mlflow.active_run()`` holds for the calling thread alone, and ``mlflow.log_metric`` in
another one would begin a second run: so the id is taken where the run was started, and
everything is written through a client, by that id. Steps are seconds since the start; a
phase's are its number. They are those of our own metrics, and move no other one's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracker.loggers import _figures
from tracker.loggers._packages import belongs_to, loaded

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals
    from tracker.ports.logger import PhaseTotals

AT_ONCE = 1000
"""MLflow's limit of metrics in one request."""


def takes(target: object) -> bool:
    """A run of MLflow's: what ``mlflow.start_run()`` gives."""
    return belongs_to(target, "mlflow") and hasattr(target, "info")


def open(target: object | None) -> _MlflowRun | None:
    """The run that is given, named by its id, or active in this thread.

    Raises:
        PluginError: MLflow is not installed.
    """
    mlflow = loaded("mlflow", asked=target is not None, install="mlflow-skinny")
    if mlflow is None:
        return None
    if isinstance(target, str) and target:
        return _MlflowRun(mlflow, target)
    run: Any = target or mlflow.active_run()
    return None if run is None else _MlflowRun(mlflow, run.info.run_id)


class _MlflowRun:
    """One run of MLflow's, by its id."""

    def __init__(self, mlflow: Any, run_id: str) -> None:
        self._run_id = run_id
        self._client = mlflow.MlflowClient(mlflow.get_tracking_uri())
        self._metric = mlflow.entities.Metric

    def tick(self, totals: RunTotals) -> None:
        self._log(_figures.of_totals(totals), round(totals.duration_s))

    def phase_ended(self, phase: PhaseTotals) -> None:
        self._log(_figures.of_phase(phase), phase.number)

    def closed(self, report: RunReport) -> None:
        self._log(_figures.of_report(report), round(report.duration_s))
        self._client.set_tag(self._run_id, "tracker.run_id", str(report.run_id))

    def _log(self, figures: Mapping[str, float], step: int) -> None:
        at_ms = time.time_ns() // 1_000_000
        metrics = [self._metric(name, value, at_ms, step) for name, value in figures.items()]
        for first in range(0, len(metrics), AT_ONCE):
            self._client.log_batch(self._run_id, metrics=metrics[first : first + AT_ONCE])
