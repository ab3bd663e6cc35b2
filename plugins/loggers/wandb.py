"""Weights & Biases: our figures over ``energy/elapsed_s``, never a step of the run's own.

A row that is committed moves the one step that a run has, and with it the x axis of what the
training logs. Our rows are therefore not committed: each goes with one row of the training's,
and only what is left when our run ends is committed by itself. The totals stand in the
summary of the run.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tracker.loggers import _figures
from tracker.loggers._packages import belongs_to, loaded

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals
    from tracker.ports.logger import PhaseTotals


def takes(target: object) -> bool:
    """A run of W&B's: what ``wandb.init()`` gives."""
    return belongs_to(target, "wandb") and hasattr(target, "define_metric")


def open(target: object | None) -> _WandbRun | None:
    """The run that is given, or under way in this process.

    Raises:
        PluginError: W&B is not installed.
    """
    if target and not isinstance(target, str):
        return _WandbRun(target)
    wandb = loaded("wandb", asked=target is not None)
    run = getattr(wandb, "run", None)
    return None if run is None else _WandbRun(run)


class _WandbRun:
    """One run of W&B's."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._waiting: deque[dict[str, float]] = deque()
        self._taken_at: int | None = None
        run.define_metric(_figures.ELAPSED, hidden=True)
        run.define_metric("energy/*", step_metric=_figures.ELAPSED)

    def tick(self, totals: RunTotals) -> None:
        if not self._waiting:  # the next tick knows better
            self._waiting.append(_figures.of_totals(totals))
        self._log_next()

    def phase_ended(self, phase: PhaseTotals) -> None:
        self._waiting.append(_figures.of_phase(phase) | {_figures.ELAPSED: phase.elapsed_s})
        self._log_next()

    def closed(self, report: RunReport) -> None:
        while self._waiting:
            if self._run.step == self._taken_at:
                self._run.log({}, commit=True)
            self._log_next()
        self._run.summary.update(_figures.of_report(report))
        self._run.summary.update({"energy/tracker_run_id": str(report.run_id)})

    def _log_next(self) -> None:
        """Lay the oldest row that waits into the training's next one, if that is free."""
        if self._waiting and self._run.step != self._taken_at:
            self._taken_at = self._run.step
            self._run.log(self._waiting.popleft(), commit=False)
