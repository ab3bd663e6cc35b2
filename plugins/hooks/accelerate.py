"""Accelerate: a tracker that measures, and keeps what ``accelerator.log`` is given.

    accelerator = Accelerator(log_with=[EmissionsTracker("bert", location="FR")])
    accelerator.init_trackers("bert", config={"lr": 3e-4})

Accelerate tells its trackers of values alone, never of epochs: mark these with
``tracker.run.phase("train")`` or ``tracker.run.epochs(n)``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import Fit
from tracker.hooks._vendor import on_demand, required

if TYPE_CHECKING:
    from tracker.live import Run, TrackOptions

_NO_END: Final = "accelerator.end_training() was not called"


class _Emissions:
    """What Accelerate asks of a tracker; ``EmissionsTracker`` inherits its class as well."""

    name = "emissions-tracker"
    requires_logging_directory = False
    main_process_only = True

    def __init__(
        self,
        name: str | None = None,
        *,
        run: Run | None = None,
        **options: Unpack[TrackOptions],
    ) -> None:
        super().__init__()
        self.warned = False
        self._fit = Fit(run, name, options, _NO_END)

    @property
    def tracker(self) -> Run | None:
        """The run, as Accelerate's ``get_tracker(name, unwrap=True)`` gives it."""
        return self._fit.run

    run = tracker

    @guarded
    def start(self) -> None:
        """Begin a run where none was given."""
        if not self._fit.under_way:
            self._fit.begin(lambda: None)

    @guarded
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Keep the numbers of the configuration."""
        self.start()
        self._fit.log(values)

    @guarded
    def log(self, /, values: Mapping[str, Any], step: int | None = None, **_: Any) -> None:
        """Keep the numbers among ``values`` with the innermost open phase."""
        self._fit.log(values)

    @guarded
    def finish(self) -> None:
        """End a run of our own."""
        self._fit.end()


if TYPE_CHECKING:

    class EmissionsTracker(_Emissions):
        """Measures from ``init_trackers()`` to ``end_training()``.

        Args:
            name: of the run that it starts.
            run: a started run, which stays yours to stop.
            options: of the run that it starts, as ``tracker.track`` takes them.

        Raises:
            PluginError: Accelerate is not installed.
            SettingsError: an option says something that cannot be meant.
        """


@functools.cache
def _tracker_type() -> Any:
    tracking = required("accelerate.tracking", "tracker.hooks.accelerate", "accelerate")
    bases = (_Emissions, tracking.GeneralTracker)
    return type("EmissionsTracker", bases, {"__module__": __name__})


__getattr__ = on_demand(__name__, "EmissionsTracker", _tracker_type)
