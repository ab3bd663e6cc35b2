"""A run that only remembers what a hook did to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tracker.live import Run


def report_of(callback: Any) -> Any:
    """Of the run that a callback has; a test knows that there is one, and its figures too."""
    return callback.run.report()


class RecordingRun:
    """Answers as ``tracker.live.Run`` does; ``told`` is what happened, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def as_run(self) -> Run:
        return cast("Run", self)

    should_stop = False

    def wait_at_edges(self, barrier: Callable[[], object]) -> None:
        """Nothing computes behind this run's back."""

    def when_asked_to_stop(self, action: Callable[[], object]) -> None:
        self.stop_training = action

    def phase(self, name: str) -> RecordingPhase:
        return RecordingPhase(self, name)

    def epochs(self, epochs: int | Iterable[Any]) -> Iterator[Any]:
        for epoch in range(epochs) if isinstance(epochs, int) else epochs:
            self.told.append("begin epoch")
            try:
                yield epoch
            finally:
                self.told.append("end epoch")

    def log(self, **metrics: float) -> None:
        self.told.append(f"log {metrics}")

    def start(self) -> None:
        self.told.append("start")

    def stop(self, *, error: str | None = None) -> None:
        self.told.append("stop" if error is None else "stop failed")


class RecordingPhase:
    energy_kwh = 0.5
    carbon_g = 28.0

    def __init__(self, run: RecordingRun, name: str) -> None:
        self._run = run
        self.name = name

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._run.told.append(f"begin {self.name}")

    def stop(self) -> None:
        self._run.told.append(f"end {self.name}")
