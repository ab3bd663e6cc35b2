"""Ignite: a trainer's epochs and its evaluators' passes as phases.

    with tracker.track("cnn") as run:
        track_engine(trainer, run, validation=evaluator)
        trainer.run(batches, max_epochs=10)

There is no handler for exceptions: Ignite swallows one that has a handler. The ``with``
around the training ends the run in that case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.hooks._boundary import guarded
from tracker.hooks._fit import Fit
from tracker.hooks._vendor import required

if TYPE_CHECKING:
    from tracker.live import Run


def track_engine(trainer: Any, run: Run, **evaluators: Any) -> None:
    """Mark the epochs of ``trainer`` in ``run``, and what ``evaluators`` do, by their names.

    An epoch lasts until the next one begins, so that an evaluation after it is part of it.
    Where the run asks for the training's end, ``trainer.terminate()`` is called.

    Args:
        trainer: the engine that trains.
        run: a started run, which stays yours to stop.
        evaluators: engines whose passes are phases: ``validation=evaluator``.

    Raises:
        PluginError: Ignite is not installed.
    """
    events = required("ignite.engine", "tracker.hooks.ignite", "pytorch-ignite").Events
    marks = _Marks(run, trainer)
    trainer.add_event_handler(events.STARTED, marks.started)
    trainer.add_event_handler(events.EPOCH_STARTED, marks.epoch_started)
    trainer.add_event_handler(events.EPOCH_COMPLETED, marks.passed)
    trainer.add_event_handler(events.COMPLETED, marks.completed)
    for name, evaluator in evaluators.items():
        evaluator.add_event_handler(events.STARTED, marks.evaluation_started, name)
        evaluator.add_event_handler(events.COMPLETED, marks.evaluation_completed, name)


class _Marks:
    """The handlers; each is called with the engine that it belongs to."""

    def __init__(self, run: Run, trainer: Any) -> None:
        self.warned = False
        self._fit = Fit(run, None, {}, "")
        self._trainer = trainer

    @guarded
    def started(self, engine: Any) -> None:
        self._fit.begin(self._trainer.terminate)

    @guarded
    def epoch_started(self, engine: Any) -> None:
        self._fit.close("epoch")
        self._fit.open("epoch")

    @guarded
    def passed(self, engine: Any) -> None:
        self._fit.log(engine.state.metrics)

    @guarded
    def completed(self, engine: Any) -> None:
        self._fit.end()

    @guarded
    def evaluation_started(self, engine: Any, name: str) -> None:
        self._fit.open(name)

    @guarded
    def evaluation_completed(self, engine: Any, name: str) -> None:
        self._fit.log(engine.state.metrics)
        self._fit.close(name)
