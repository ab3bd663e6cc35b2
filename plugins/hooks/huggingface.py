"""Hugging Face Trainer: epochs and evaluations as phases, figures in its log and its card.

    trainer = Trainer(model, args, train_dataset=data)
    track_trainer(trainer, name="bert", location="FR")
    trainer.train()

``trainer.state.log_history`` receives ``energy_kwh`` and ``carbon_g`` of each epoch and the
totals so far. ``track_trainer`` puts the callback before the Trainer's reporters, so that
they see the totals too; ``Trainer(callbacks=[EmissionsCallback()])`` leaves it behind them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Unpack

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import FitCallback, figures_of_phase
from tracker.hooks._vendor import on_demand, required
from tracker.model.units import kwh_from_j

if TYPE_CHECKING:
    from tracker.live import Run, TrackOptions
    from tracker.model.report import RunReport

_LOG = logging.getLogger("tracker")
_KWH, _G = "total_energy_kwh", "total_carbon_g"


class _Emissions(FitCallback):
    """The events of ``EmissionsCallback``, which inherits the Trainer's class as well."""

    no_end = "train() did not come to its end: it raised, or was interrupted"
    _measures = True
    _epoch_is_over = False
    _earlier_kwh = _earlier_g = 0.0

    @guarded
    def on_train_begin(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin a run where none was given; a smaller batch after a full memory goes on."""
        self._measures = state.is_local_process_zero
        if not self._measures or (self._fit.under_way and args.auto_find_batch_size):
            self._fit.close_phases()
            return
        self._fit.begin(lambda: setattr(control, "should_training_stop", True))
        self._earlier_kwh, self._earlier_g = _earlier(state) if state.global_step else (0.0, 0.0)
        if state.global_step:
            self._fit.log({"resumed_at_step": state.global_step, "earlier_kwh": self._earlier_kwh})

    @guarded
    def on_train_end(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End a run of our own; its totals are the last entry of the log."""
        self._fit.close_phases()
        report = self._fit.end()
        figures = report or (self._fit.run.totals if self._fit.run and self._measures else None)
        if figures is not None:
            self._write(state, self._totals(figures.energy_j, figures.carbon_g))

    @guarded
    def on_epoch_begin(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Open the epoch's phase."""
        self._fit.close_phases()
        self._open("epoch")

    @guarded
    def on_epoch_end(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Close the epoch's phase, but after the evaluation that follows it."""
        self._epoch_is_over = True
        if control.should_evaluate:
            self._open("evaluation")
        else:
            self._end_epoch(state)

    @guarded
    def on_step_end(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Pass on that the run asks for the end; an evaluation begins where one is due."""
        if self._fit.should_stop:
            control.should_training_stop = True
        if control.should_evaluate:
            self._open("evaluation")
        if control.should_save and self._fit.run is not None and self._measures:
            totals = self._fit.run.totals  # a resumed training finds them in the checkpoint
            self._write(state, self._totals(totals.energy_j, totals.carbon_g))

    @guarded
    def on_prediction_step(self, /, args: Any, state: Any, control: Any, **_: Any) -> None:
        """An evaluation that nobody announced has begun a batch ago."""
        if not self._fit.is_open("evaluation"):
            self._open("evaluation")

    @guarded
    def on_evaluate(self, /, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Close ``evaluation``, and with it an epoch that waited for it."""
        self._fit.log(more.get("metrics") or {})
        self._fit.close("evaluation")
        if self._epoch_is_over:
            self._end_epoch(state)

    @guarded
    def on_predict(self, /, args: Any, state: Any, control: Any, *_: Any, **more: Any) -> None:
        """``predict()`` is over."""
        self._fit.close("evaluation")

    @guarded
    def on_log(
        self,
        /,
        args: Any,
        state: Any,
        control: Any,
        logs: MutableMapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Keep what was logged; callbacks behind this one see the totals so far."""
        if logs is None or not self._measures or self._fit.run is None:
            return
        if not any(name.startswith("eval_") for name in logs):  # those come with on_evaluate
            self._fit.log(logs)
        totals = self._fit.run.totals
        logs.update(self._totals(totals.energy_j, totals.carbon_g))

    def _open(self, name: str) -> None:
        if self._measures:
            self._fit.open(name)

    def _end_epoch(self, state: Any) -> None:
        self._epoch_is_over = False
        figures = figures_of_phase(self._fit.close("epoch"))
        if figures and self._fit.run is not None:
            totals = self._fit.run.totals
            self._write(state, figures | self._totals(totals.energy_j, totals.carbon_g))

    def _totals(self, energy_j: float | None, carbon_g: float | None) -> dict[str, float]:
        if energy_j is None or carbon_g is None:
            return {}
        return {
            _KWH: self._earlier_kwh + kwh_from_j(energy_j),
            _G: self._earlier_g + carbon_g,
        }

    def _write(self, state: Any, figures: dict[str, float]) -> None:
        if figures:
            state.log_history.append(
                {"epoch": state.epoch or 0.0, "step": state.global_step, **figures}
            )


def _earlier(state: Any) -> tuple[float, float]:
    """The totals that a checkpoint's log ends with."""
    for entry in reversed(state.log_history):
        if _KWH in entry:
            return entry[_KWH], entry.get(_G, 0.0)
    return 0.0, 0.0


if TYPE_CHECKING:

    class EmissionsCallback(_Emissions):
        """Measures ``train()``: hand it to ``Trainer(callbacks=…)``, or use ``track_trainer``.

        Each epoch is a phase ``epoch`` and each evaluation a phase ``evaluation`` within it.
        Where the run asks for the training's end, ``control.should_training_stop`` is set.
        A training that is resumed from a checkpoint is a run of its own, whose totals in the
        Trainer's log go on from those of the checkpoint. Of a job's processes the first one
        of a node measures.

        Args:
            run: a started run to mark the phases in, which stays yours to stop. Without one
                each ``train()`` is a run of its own. The Trainer tells callbacks nothing when
                ``train()`` raises: such a run ends as failed when the next one begins or the
                program ends; ``with tracker.track() as run`` around it ends at once.
            name: of the runs that it starts.
            options: of the runs that it starts, as ``tracker.track`` takes them.

        Raises:
            PluginError: Transformers is not installed.
            SettingsError: an option says something that cannot be meant.
        """


@functools.cache
def _callback_type() -> Any:
    transformers = required("transformers", "tracker.hooks.huggingface")
    bases = (_Emissions, transformers.TrainerCallback)
    return type("EmissionsCallback", bases, {"__module__": __name__})


__getattr__ = on_demand(__name__, "EmissionsCallback", _callback_type)


def track_trainer(
    trainer: Any,
    run: Run | None = None,
    *,
    name: str | None = None,
    **options: Unpack[TrackOptions],
) -> EmissionsCallback:
    """Measure a Trainer: the callback, placed before the reporters so that they see its values.

    Args:
        trainer: a ``transformers.Trainer``.
        run: as ``EmissionsCallback`` takes it.
        name: of the runs that it starts.
        options: of the runs that it starts.

    Raises:
        PluginError: Transformers is not installed.
        SettingsError: an option says something that cannot be meant.
    """
    callback: EmissionsCallback = _callback_type()(run, name=name, **options)
    handler = trainer.callback_handler
    trainer.add_callback(callback)
    handler.callbacks.insert(1, handler.callbacks.pop())  # behind what decides on evaluations
    if any(type(one).__name__ == "CodeCarbonCallback" for one in handler.callbacks):
        _LOG.warning(
            "CodeCarbonCallback measures the same training: trainer.pop_callback it, or set "
            'report_to="none", to have it measured once'
        )
    return callback


def co2_eq_emissions(report: RunReport, training_type: str = "") -> dict[str, str | float]:
    """The field ``co2_eq_emissions`` of a model card: ``ModelCardData(co2_eq_emissions=…)``.

    Grams, as the Hub's documentation asks. The Hub searches for the first plain number in the
    value, so a very small one is written without an exponent.

    Args:
        report: of a run that has ended.
        training_type: ``pre-training`` or ``fine-tuning``; left out where it is empty.
    """
    field: dict[str, str | float] = {}
    if report.carbon_g is not None:
        plain = f"{report.carbon_g:.12f}".rstrip("0").rstrip(".")
        field["emissions"] = plain if "e" in repr(report.carbon_g) else report.carbon_g
    field["source"] = "emissions-tracker"
    if training_type:
        field["training_type"] = training_type
    if report.pricing is not None:
        field["geographical_location"] = report.pricing.zone_name
    names = dict.fromkeys(device.name for device in report.devices if device.in_total)
    field["hardware_used"] = ", ".join(names)
    return field
