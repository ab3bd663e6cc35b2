"""XGBoost: the boosting as one phase, with the evaluation of every round.

    xgboost.train(params, data, evals=[(held_out, "test")], callbacks=[EmissionsCallback(run)])

A round is too short for a phase of its own. What the rounds are evaluated to is kept.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import FitCallback
from tracker.hooks._vendor import on_demand, required

_Evaluations = Mapping[str, Mapping[str, Sequence[Any]]]


class _Emissions(FitCallback):
    """The events of ``EmissionsCallback``, which inherits XGBoost's class as well."""

    no_end = "train() did not come to its end: it raised, or was interrupted"

    # XGBoost wants these two to return the model, and names their argument.

    def before_training(self, model: Any) -> Any:
        """Begin a run where none was given, and the phase."""
        self._begin()
        return model

    def after_training(self, model: Any) -> Any:
        """End both."""
        self._end()
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: _Evaluations) -> bool:
        """Nothing."""
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: _Evaluations) -> bool:
        """Keep the round's evaluations; whether the run asks for the training's end."""
        self._keep(evals_log)
        return self._fit.should_stop

    @guarded
    def _begin(self) -> None:
        self._fit.begin(lambda: None)
        self._fit.open("boosting")

    @guarded
    def _keep(self, evals_log: _Evaluations) -> None:
        self._fit.log(
            {
                f"{data}-{metric}": values[-1][0] if isinstance(values[-1], tuple) else values[-1]
                for data, metrics in evals_log.items()
                for metric, values in metrics.items()
            }
        )

    @guarded
    def _end(self) -> None:
        self._fit.close("boosting")
        self._fit.end()


if TYPE_CHECKING:

    class EmissionsCallback(_Emissions):
        """Measures ``xgboost.train``, or a ``fit`` of its scikit-learn classes.

        Where the run asks for the training's end, the boosting ends after the round.

        Args:
            run: a started run, which stays yours to stop. Without one each training is a run
                of its own. XGBoost tells callbacks nothing when a training raises: such a run
                ends as failed when the next one begins or the program ends.
            name: of the runs that it starts.
            options: of the runs that it starts, as ``tracker.track`` takes them.

        Raises:
            PluginError: XGBoost is not installed.
            SettingsError: an option says something that cannot be meant.
        """


@functools.cache
def _callback_type() -> Any:
    callback = required("xgboost.callback", "tracker.hooks.xgboost", "xgboost")
    bases = (_Emissions, callback.TrainingCallback)
    return type("EmissionsCallback", bases, {"__module__": __name__})


__getattr__ = on_demand(__name__, "EmissionsCallback", _callback_type)
