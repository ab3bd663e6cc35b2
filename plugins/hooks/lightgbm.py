"""LightGBM: the evaluation of every round, and a clean stop.

    with tracker.track("boosting") as run, run.phase("boosting"):
        lightgbm.train(params, data, valid_sets=[held_out], callbacks=[EmissionsCallback(run)])

LightGBM tells callbacks of rounds alone, neither of the beginning nor of an end that early
stopping brings: the phase is yours to mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import figures_of
from tracker.hooks._vendor import required

if TYPE_CHECKING:
    from tracker.live import Run

_BEFORE_EARLY_STOPPING: Final = 25
"""LightGBM's own callbacks have the orders 10 (log), 20 (record) and 30 (early stopping)."""


class EmissionsCallback:
    """Keeps what each round is evaluated to in ``run``.

    Where the run asks for the training's end, the boosting ends after the round, as if by
    early stopping.

    Raises:
        PluginError: LightGBM is not installed.
    """

    def __init__(self, run: Run) -> None:
        self.warned = False
        self.before_iteration = False
        self.order = _BEFORE_EARLY_STOPPING  # in the object itself: a class's is not looked at
        self._run = run
        self._early_stop = required(
            "lightgbm.callback", "tracker.hooks.lightgbm", "lightgbm"
        ).EarlyStopException

    def __call__(self, env: Any) -> None:
        """A round is over."""
        self._keep(env)
        if self._run.should_stop:
            raise self._early_stop(env.iteration, env.evaluation_result_list or [])

    @guarded
    def _keep(self, env: Any) -> None:
        results = env.evaluation_result_list or []
        self._run.log(**figures_of({f"{one[0]}-{one[1]}": one[2] for one in results}))
