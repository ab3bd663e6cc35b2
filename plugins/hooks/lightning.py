"""Lightning, under both of its names: epochs, validation and the sanity check as phases.

    trainer = Trainer(max_epochs=10, callbacks=[EmissionsCallback(name="cnn", location="FR")])

``energy_kwh`` and ``carbon_g`` of each epoch are logged as the module's own metrics, so every
logger and ``ModelCheckpoint`` sees them; the totals follow at the end of ``fit()``. With
``TRACKER_AUTO=1`` every Trainer has the callback without a line of code.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import FitCallback, figures_of_phase
from tracker.hooks._vendor import on_demand, required
from tracker.live.boundary import in_one_line
from tracker.model.units import kwh_from_j

_NAMES: Final = ("lightning.pytorch", "pytorch_lightning")


class _Emissions(FitCallback):
    """The events of ``EmissionsCallback``, which inherits Lightning's class as well."""

    no_end = "fit() did not come to its end"
    _measures = False
    _steps = 0

    @guarded
    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin a run where none was given: on the first rank of a node, once a Trainer."""
        ours = [one for one in trainer.callbacks if isinstance(one, _Emissions)]
        self._measures = trainer.local_rank == 0 and ours[0] is self
        if self._measures and stage == "fit":
            self._fit.begin(lambda: setattr(trainer, "should_stop", True))

    @guarded
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """End what is still open."""
        self._fit.end()

    @guarded
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the run as failed: after an exception no other event comes."""
        self._fit.end(error=in_one_line(exception))

    @guarded
    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:
        """Validation before the training has begun is kept apart."""
        self._open("sanity")

    @guarded
    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:
        """The training begins."""
        self._fit.close("sanity")

    @guarded
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the epoch's phase."""
        self._steps = trainer.global_step
        self._open("epoch")

    @guarded
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the epoch's metrics, close its phase, and log its figures."""
        if self._measures:
            steps = trainer.global_step - self._steps
            self._fit.log({**trainer.callback_metrics, "steps": steps})
            for name, value in figures_of_phase(self._fit.close("epoch")).items():
                pl_module.log(name, value, rank_zero_only=True)

    @guarded
    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Open ``validation``, but for the sanity check."""
        if not trainer.sanity_checking:
            self._open("validation")

    @guarded
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Close ``validation``."""
        self._fit.close("validation")

    @guarded
    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Open ``test``, if a run is given."""
        self._open("test")

    @guarded
    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Close ``test``."""
        self._fit.close("test")

    @guarded
    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Open ``predict``, if a run is given."""
        self._open("predict")

    @guarded
    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Close ``predict``."""
        self._fit.close("predict")

    @guarded
    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """End a run of our own, and log the totals: of a run of yours, those so far."""
        report = self._fit.end()
        if not self._measures or self._fit.run is None:
            return
        figures = report or self._fit.run.totals
        if figures.energy_j is None or figures.carbon_g is None:
            return
        totals = {
            "total_energy_kwh": kwh_from_j(figures.energy_j),
            "total_carbon_g": figures.carbon_g,
        }
        for logger in trainer.loggers:
            logger.log_metrics(totals, step=max(trainer.global_step - 1, 0))

    def _open(self, name: str) -> None:
        if self._measures:
            self._fit.open(name)


if TYPE_CHECKING:

    class EmissionsCallback(_Emissions):
        """Measures ``fit()``: hand it to ``Trainer(callbacks=…)``.

        Each epoch is a phase ``epoch`` with its ``validation`` inside; the sanity check is a
        phase ``sanity``. With a ``run`` of yours, ``validate()``, ``test()`` and ``predict()``
        are phases too. Where the run asks for the training's end, ``trainer.should_stop`` is
        set. Of a job's processes the first one of a node measures.

        Args:
            run: a started run to mark the phases in, which stays yours to stop. Without one
                each ``fit()`` is a run of its own; an exception ends it as failed.
            name: of the runs that it starts.
            options: of the runs that it starts, as ``tracker.track`` takes them.

        Raises:
            PluginError: Lightning is not installed.
            SettingsError: an option says something that cannot be meant.
        """


@functools.cache
def _callback_type() -> Any:
    """The class, on the base of the Lightning that the program uses."""
    loaded = next((one for one in _NAMES if one in sys.modules), None)
    lightning = required(loaded or _installed(), "tracker.hooks.lightning", "lightning")
    return type("EmissionsCallback", (_Emissions, lightning.Callback), {"__module__": __name__})


__getattr__ = on_demand(__name__, "EmissionsCallback", _callback_type)


def _installed() -> str:
    from importlib.util import find_spec  # noqa: PLC0415 - only before Lightning is imported

    return "lightning.pytorch" if find_spec("lightning") else "pytorch_lightning"


def automatic() -> list[Any]:
    """The callbacks that every Trainer gets: ours with ``TRACKER_AUTO=1``, else none."""
    if os.environ.get("TRACKER_AUTO", "").strip().lower() not in {"1", "true", "yes", "on"}:
        return []
    try:
        return [_callback_type()()]
    except Exception as error:  # noqa: BLE001 - it would be the Trainer's end
        import logging  # noqa: PLC0415 - only where it failed

        logging.getLogger("tracker").warning(
            "TRACKER_AUTO: this Trainer is not measured: %s", error
        )
        return []
