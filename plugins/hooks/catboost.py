"""CatBoost: the evaluation of every round, and a clean stop. On the CPU alone has it callbacks.

    with tracker.track("boosting") as run, run.phase("boosting"):
        model.fit(x, y, eval_set=held_out, callbacks=[EmissionsCallback(run)])

CatBoost tells callbacks of rounds alone: the phase is yours to mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import figures_of

if TYPE_CHECKING:
    from tracker.live import Run


class EmissionsCallback:
    """Keeps what each round is evaluated to in ``run``.

    Where the run asks for the training's end, the boosting ends after the round.
    """

    def __init__(self, run: Run) -> None:
        self.warned = False
        self._run = run

    def after_iteration(self, info: Any) -> bool:
        """A round is over; whether the training goes on."""
        self._keep(info)
        return not self._run.should_stop

    @guarded
    def _keep(self, info: Any) -> None:
        last = {
            f"{data}-{metric}": values[-1]
            for data, metrics in (info.metrics or {}).items()
            for metric, values in metrics.items()
        }
        self._run.log(**figures_of(last))
