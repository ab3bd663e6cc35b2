"""Keras 3: epochs and their validation as phases, energy and CO2e in each epoch's ``logs``.

    model.fit(x, y, epochs=10, callbacks=[EmissionsCallback(name="mnist", location="FR")])

The class only looks like a Keras callback, so that importing it imports no Keras, and the
same class serves every back end. It has no event for a batch. Callbacks that stand after
it in the list see its two values in ``logs``; those before it do not, which is said once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import Fit, figures_of_phase

if TYPE_CHECKING:
    from tracker.live import Run, TrackOptions

_LOG = logging.getLogger("tracker")
_Logs = MutableMapping[str, Any]
_NO_END: Final = "fit() did not come to its end: it raised, or was interrupted"
_OURS: Final = ("energy_kwh", "carbon_g")
_RECORDERS: Final = {"CSVLogger", "TensorBoard", "RemoteMonitor", "LambdaCallback"}
"""Callbacks of Keras that read every value of an epoch; others read ``monitor`` alone."""


class EmissionsCallback:
    """Measures ``fit()``: hand it to ``callbacks=``, before those that shall see its values.

    Each epoch is a phase ``epoch`` and its validation a phase ``validation`` within it;
    with a ``run`` of yours, ``evaluate()`` and ``predict()`` on their own are phases too.
    At an epoch's end ``logs`` receives ``energy_kwh`` and ``carbon_g`` of that epoch, and
    what Keras logged (loss, metrics) is kept with the phase. Where the run asks for the
    training's end, ``model.stop_training`` is set: Keras then ends after the batch under
    way and still validates.

    Args:
        run: a started run to mark the phases in, which stays yours to stop. Without one
            each ``fit()`` is a run of its own. Keras tells callbacks nothing when ``fit()``
            raises: such a run ends as failed when the next ``fit()`` begins or the program
            ends. ``with tracker.track() as run`` around ``fit(callbacks=[…(run)])`` ends at
            once.
        name: of the runs that it starts.
        standalone: without a run of yours, ``evaluate()`` and ``predict()`` outside of
            ``fit()`` are runs as well.
        options: of the runs that it starts, as ``tracker.track`` takes them.

    Raises:
        SettingsError: an option says something that cannot be meant.
    """

    async_safe = True  # no event of a batch does anything: Keras need not wait for it

    def __init__(
        self,
        run: Run | None = None,
        *,
        name: str | None = None,
        standalone: bool = False,
        **options: Unpack[TrackOptions],
    ) -> None:
        self.warned = False
        self.params: Mapping[str, Any] = {}
        self.model: Any = None
        self._fit = Fit(run, name, options, _NO_END)
        self._standalone = standalone
        self._said = False

    @property
    def run(self) -> Run | None:
        """The run under way, else the last one; ``None`` before the first ``fit()``."""
        return self._fit.run

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Keras says how many epochs and steps there will be."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Keras says which model is trained."""
        self.model = model

    @guarded
    def on_train_begin(self, logs: _Logs | None = None) -> None:
        """Begin a run where none was given, after closing one whose ``fit()`` broke off."""
        self._fit.begin(self._stop_training)
        if self._fit.should_stop:  # Keras has just taken it back
            self._stop_training()
        if not self._said and (blind := _blind(_before(self))):
            self._said = True
            _LOG.warning(
                "before EmissionsCallback in callbacks= %s cannot see %s: "
                "list EmissionsCallback first",
                " and ".join(blind),
                " and ".join(_OURS),
            )

    @guarded
    def on_train_end(self, logs: _Logs | None = None) -> None:
        """End the run that this callback began."""
        self._fit.end()

    @guarded
    def on_epoch_begin(self, epoch: int, logs: _Logs | None = None) -> None:
        """Open the epoch's phase."""
        self._fit.open("epoch")

    @guarded
    def on_epoch_end(self, epoch: int, logs: _Logs | None = None) -> None:
        """Keep the epoch's metrics, close its phase, and give its figures to ``logs``."""
        self._fit.log(logs or {})
        figures = figures_of_phase(self._fit.close("epoch"))
        if logs is not None:
            logs.update(figures)

    @guarded
    def on_test_begin(self, logs: _Logs | None = None) -> None:
        """Open ``validation`` within an epoch, else ``evaluate``."""
        self._begin_alone()
        self._fit.open("validation" if self._fit.depth else "evaluate")

    @guarded
    def on_test_end(self, logs: _Logs | None = None) -> None:
        """Close what ``on_test_begin`` opened."""
        self._fit.close()
        self._end_alone()

    @guarded
    def on_predict_begin(self, logs: _Logs | None = None) -> None:
        """Open ``predict``."""
        self._begin_alone()
        self._fit.open("predict")

    @guarded
    def on_predict_end(self, logs: _Logs | None = None) -> None:
        """Close what ``on_predict_begin`` opened."""
        self._fit.close()
        self._end_alone()

    def on_batch_begin(self, batch: int, logs: _Logs | None = None) -> None:
        """Nothing: an event a batch would cost more than it tells."""

    on_batch_end = on_batch_begin
    on_train_batch_begin = on_batch_begin
    on_train_batch_end = on_batch_begin
    on_test_batch_begin = on_batch_begin
    on_test_batch_end = on_batch_begin
    on_predict_batch_begin = on_batch_begin
    on_predict_batch_end = on_batch_begin

    def _stop_training(self) -> None:
        if self.model is not None:
            self.model.stop_training = True

    def _begin_alone(self) -> None:
        if self._standalone and self._fit.owns_runs and not self._fit.depth:
            self._fit.begin(self._stop_training)

    def _end_alone(self) -> None:
        if self._standalone and not self._fit.depth:
            self._fit.end()


def _before(callback: EmissionsCallback) -> list[Any]:
    """The callbacks that Keras calls before this one; its list is in the calling frame."""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to the callers' frames
    while frame.f_back is not None:
        frame = frame.f_back
        every = getattr(frame.f_locals.get("self"), "callbacks", None)
        if isinstance(every, list) and callback in every:
            return every[: every.index(callback)]
    return []


def _blind(before: Iterable[Any]) -> list[str]:
    """Names of the classes among ``before`` that would want to see our values."""
    names = {type(one).__name__: one for one in before}
    return [name for name, one in names.items() if _would_look(one)]


def _would_look(callback: Any) -> bool:
    kind = type(callback)
    if kind.__module__.partition(".")[0] != "keras":
        return "on_epoch_end" in vars(kind)
    return kind.__name__ in _RECORDERS or getattr(callback, "monitor", None) in _OURS
