"""What a training marks: phases and epochs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from tracker.errors import BudgetExceeded
from tracker.live.journal import OpenPhase
from tracker.live.stopping import AskedToStop
from tracker.model.units import kwh_from_j

if TYPE_CHECKING:
    from tracker.live.tracker import Run

_Item = TypeVar("_Item")


class PhaseTimer:
    """A named stretch of a run: a context manager, or ``start()`` and ``stop()``.

    Its energy settles within 0.15 s after its end; who asks earlier waits so long, and
    the value is final.
    """

    def __init__(self, run: Run, name: str) -> None:
        self.name = name
        self._run = run
        self._open: list[OpenPhase] = []
        self._ended: OpenPhase | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Begin the phase; it lies inside the innermost open phase of this thread."""
        phase = self._run._begin_phase(self.name)  # noqa: SLF001 - one class in two files
        if phase is not None:
            self._open.append(phase)
        return self

    def stop(self) -> None:
        """End the phase that was begun last; where none is open, do nothing."""
        if self._open:
            self._ended = self._open.pop()
            self._run._end_phase(self._ended)  # noqa: SLF001 - one class in two files

    @property
    def energy_j(self) -> float | None:
        """Joules of the devices in the total; ``None`` before the end or where nothing is read."""
        if self._ended is None:
            return None
        return self._run._phase_energy_j(self._ended)  # noqa: SLF001 - one class in two files

    @property
    def energy_kwh(self) -> float | None:
        """The same in kilowatt-hours."""
        energy_j = self.energy_j
        return None if energy_j is None else kwh_from_j(energy_j)

    @property
    def carbon_g(self) -> float | None:
        """Grams of CO2e of that energy, at the run's own pricing."""
        energy_j = self.energy_j
        return None if energy_j is None else self._run._carbon_g(energy_j)  # noqa: SLF001 - the same


class Phases(AskedToStop):
    """A run's phases, for the one class that inherits this."""

    def phase(self: Run, name: str) -> PhaseTimer:  # type: ignore[misc]  # Run alone is one
        """A named stretch: ``with run.phase("train"):``; phases nest, also in threads."""
        return PhaseTimer(self, name)

    @overload
    def epochs(self, epochs: int) -> Iterator[int]: ...

    @overload
    def epochs(self, epochs: Iterable[_Item]) -> Iterator[_Item]: ...

    def epochs(self: Run, epochs: int | Iterable[Any]) -> Iterator[Any]:  # type: ignore[misc]  # the same
        """Count epochs, or go through an iterable, each item in a phase ``epoch``.

        Raises:
            BudgetExceeded: the training was asked to stop, and another epoch would begin.
        """
        items = range(epochs) if isinstance(epochs, int) else epochs
        return _each_in_a_phase(self, items, "epoch")


def _each_in_a_phase(run: Run, items: Iterable[_Item], name: str) -> Iterator[_Item]:
    """Every item, each in a phase of its own that ends when the next is asked for."""
    for item in items:
        if run.stop_reason is not None:
            raise BudgetExceeded(run.stop_reason)
        with PhaseTimer(run, name):
            yield item
