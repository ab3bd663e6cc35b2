"""What the callbacks share: one training's phases, in a run that is given or one of its own."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from tracker.hooks._vendor import synchronize
from tracker.live import track

if TYPE_CHECKING:
    from tracker.live import PhaseTimer, Run, TrackOptions
    from tracker.model.report import RunReport


class Fit:
    """Marks phases as a framework tells of them, and ends what the framework left open.

    Args:
        run: a started run, which stays the caller's to stop; without one each fit is a run.
        name: of the runs that it starts.
        options: of the runs that it starts.
        no_end: why a fit failed whose end the framework never told.

    Raises:
        SettingsError: an option says something that cannot be meant.
    """

    def __init__(
        self, run: Run | None, name: str | None, options: TrackOptions, no_end: str
    ) -> None:
        self.run = run
        self.owns_runs = run is None
        self.under_way = False
        self._name = name
        self._options = options
        self._no_end = no_end
        self._open: list[PhaseTimer] = []
        self._prepared: Run | None = None
        if self.owns_runs:
            track(name, **options)  # what is wrong with them is said here, not while training

    def __getstate__(self) -> dict[str, Any]:
        """For another process: a run stays in the one that it measures."""
        return self.__dict__ | {"run": None, "_open": [], "_prepared": None, "under_way": False}

    def begin(self, stop: Callable[[], object]) -> None:
        """A fit begins; one before it that never ended has failed.

        Args:
            stop: sets the framework's own flag to end the training; from any thread.
        """
        self.close_phases()
        if self.owns_runs:
            if self.under_way and self.run is not None:
                self.run.stop(error=self._no_end)
            self.run = track(self._name, **self._options)
            self.run.start()
        self.under_way = True
        if self.run is not None and self.run is not self._prepared:
            self._prepared = self.run
            self.run.wait_at_edges(synchronize)
            self.run.when_asked_to_stop(stop)

    def end(self, error: str | None = None) -> RunReport | None:
        """The fit has ended, and with it a run of our own; a second time does nothing."""
        self.close_phases()
        was_under_way, self.under_way = self.under_way, False
        if was_under_way and self.owns_runs and self.run is not None:
            return self.run.stop(error=error)
        return None

    @property
    def should_stop(self) -> bool:
        """Whether the run asks the training to end."""
        return self.run is not None and self.run.should_stop

    @property
    def depth(self) -> int:
        """How many phases are open."""
        return len(self._open)

    def is_open(self, name: str) -> bool:
        """Whether a phase of that name is open."""
        return any(phase.name == name for phase in self._open)

    def open(self, name: str) -> None:
        """Begin a phase, if there is a run to mark it in."""
        if self.run is not None and (self.under_way or not self.owns_runs):
            phase = self.run.phase(name)
            phase.start()
            self._open.append(phase)

    def close(self, name: str | None = None) -> PhaseTimer | None:
        """End the innermost phase; with a name, it and what it holds, if it is open."""
        if name is not None and not self.is_open(name):
            return None
        while self._open:
            phase = self._open.pop()
            phase.stop()
            if name in {None, phase.name}:
                return phase
        return None

    def close_phases(self) -> None:
        """End all phases, the innermost first."""
        while self._open:
            self.close()

    def log(self, values: Mapping[str, Any]) -> None:
        """Keep what of ``values`` is a number with the innermost phase."""
        figures = figures_of(values)
        if self.run is not None and figures:
            self.run.log(**figures)


class FitCallback:
    """What the callbacks of several frameworks begin with; each inherits its framework's class too.

    Args:
        run: as ``Fit`` takes it.
        name: the same.
        options: the same.
    """

    no_end: ClassVar[str]
    """Why a fit failed whose end the framework never told."""

    def __init__(
        self,
        run: Run | None = None,
        *,
        name: str | None = None,
        **options: Unpack[TrackOptions],
    ) -> None:
        super().__init__()
        self.warned = False
        self._fit = Fit(run, name, options, self.no_end)

    @property
    def run(self) -> Run | None:
        """The run under way, else the last one; ``None`` before the first fit."""
        return self._fit.run


def figures_of(values: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among ``values``; of arrays and tensors those with one element."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, numbers.Real)
        or (hasattr(value, "__float__") and getattr(value, "size", None) in {1, ()})
        or (callable(getattr(value, "numel", None)) and value.numel() == 1)
    }


def figures_of_phase(phase: PhaseTimer | None) -> dict[str, float]:
    """``energy_kwh`` and ``carbon_g`` of a phase that has ended; what is unknown is left out."""
    if phase is None:
        return {}
    known = {"energy_kwh": phase.energy_kwh, "carbon_g": phase.carbon_g}
    return {name: value for name, value in known.items() if value is not None}
