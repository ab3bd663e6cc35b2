"""Keras 3: epochs and their validation as phases, energy and CO2e in each epoch's ``logs``.

    model.fit(x, y, epochs=10, callbacks=[EmissionsCallback(name="mnist", location="FR")])

The class only looks like a Keras callback, so that importing it imports no Keras, and the
same class serves every back end. It has no event for a batch. Callbacks that stand after
it in the list see its two values in ``logs``; those before it do not.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, SupportsFloat, Unpack

from tracker.hooks._boundary import guarded
from tracker.live import track

if TYPE_CHECKING:
    from tracker.live import PhaseTimer, Run, TrackOptions

_Logs = MutableMapping[str, Any]
_NO_END = "fit() did not come to its end: it raised, or was interrupted"


class EmissionsCallback:
    """Measures ``fit()``: hand it to ``callbacks=``.

    Each epoch is a phase ``epoch`` and its validation a phase ``validation`` within it;
    with a ``run`` of yours, ``evaluate()`` and ``predict()`` on their own are phases too.
    At an epoch's end ``logs`` receives ``energy_kwh`` and ``carbon_g`` of that epoch, and
    what Keras logged (loss, metrics) is kept with the phase.

    Args:
        run: a started run to mark the phases in, which stays yours to stop. Without one
            each ``fit()`` is a run of its own. Keras tells callbacks nothing when ``fit()``
            raises: such a run ends as failed when the next ``fit()`` begins or the program
            ends. ``with tracker.track() as run`` around ``fit(callbacks=[…(run)])`` ends at
            once.
        name: of the runs that it starts.
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
        **options: Unpack[TrackOptions],
    ) -> None:
        self.warned = False
        self.params: Mapping[str, Any] = {}
        self.model: Any = None
        self._own_runs = run is None
        self._run = run
        self._name = name
        self._options = options
        self._open: list[PhaseTimer] = []
        self._fitting = False
        if self._own_runs:
            track(name, **options)  # what is wrong with them is said here, not within fit()

    @property
    def run(self) -> Run | None:
        """The run under way, else the last one; ``None`` before the first ``fit()``."""
        return self._run

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Keras says how many epochs and steps there will be."""
        self.params = params

    def set_model(self, model: Any) -> None:  # noqa: ANN401 - Keras is not imported here
        """Keras says which model is trained."""
        self.model = model

    @guarded
    def on_train_begin(self, logs: _Logs | None = None) -> None:
        """Begin a run where none was given, after closing one whose ``fit()`` broke off."""
        self._close_phases()
        if self._own_runs:
            if self._fitting and self._run is not None:
                self._run.stop(error=_NO_END)
            self._run = track(self._name, **self._options)
            self._run.start()
        self._fitting = True

    @guarded
    def on_train_end(self, logs: _Logs | None = None) -> None:
        """End the run that this callback began."""
        self._close_phases()
        self._fitting = False
        if self._own_runs and self._run is not None:
            self._run.stop()

    @guarded
    def on_epoch_begin(self, epoch: int, logs: _Logs | None = None) -> None:
        """Open the epoch's phase."""
        self._begin("epoch")

    @guarded
    def on_epoch_end(self, epoch: int, logs: _Logs | None = None) -> None:
        """Keep the epoch's metrics, close its phase, and give its figures to ``logs``."""
        if self._run is not None and logs:
            self._run.log(**_numbers(logs))
        phase = self._end()
        if phase is None or logs is None:
            return
        if phase.energy_kwh is not None:
            logs["energy_kwh"] = phase.energy_kwh
        if phase.carbon_g is not None:
            logs["carbon_g"] = phase.carbon_g

    @guarded
    def on_test_begin(self, logs: _Logs | None = None) -> None:
        """Open ``validation`` within an epoch; on its own ``evaluate``, if a run is given."""
        self._begin("validation" if self._open else "evaluate")

    @guarded
    def on_test_end(self, logs: _Logs | None = None) -> None:
        """Close what ``on_test_begin`` opened."""
        self._end()

    @guarded
    def on_predict_begin(self, logs: _Logs | None = None) -> None:
        """Open ``predict``, if a run is given."""
        self._begin("predict")

    @guarded
    def on_predict_end(self, logs: _Logs | None = None) -> None:
        """Close what ``on_predict_begin`` opened."""
        self._end()

    def on_batch_begin(self, batch: int, logs: _Logs | None = None) -> None:
        """Nothing: an event a batch would cost more than it tells."""

    on_batch_end = on_batch_begin
    on_train_batch_begin = on_batch_begin
    on_train_batch_end = on_batch_begin
    on_test_batch_begin = on_batch_begin
    on_test_batch_end = on_batch_begin
    on_predict_batch_begin = on_batch_begin
    on_predict_batch_end = on_batch_begin

    def _begin(self, name: str) -> None:
        if self._run is not None and (self._fitting or not self._own_runs):
            phase = self._run.phase(name)
            phase.start()
            self._open.append(phase)

    def _end(self) -> PhaseTimer | None:
        if not self._open:
            return None
        phase = self._open.pop()
        phase.stop()
        return phase

    def _close_phases(self) -> None:
        while self._open:
            self._end()


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """What of ``logs`` is a number; Keras allows a metric to be anything."""
    return {name: float(value) for name, value in logs.items() if isinstance(value, SupportsFloat)}
