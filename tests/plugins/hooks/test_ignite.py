from __future__ import annotations

from typing import Any

import pytest

from fakes.recording import RecordingRun
from tracker.hooks.ignite import track_engine

engine = pytest.importorskip("ignite.engine", reason="pytorch-ignite is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # Ignite's own remarks on PyTorch

EPOCH = ["begin epoch", "log {'loss': 0.5}", "begin validation", "end validation"]


def engines(run: RecordingRun) -> tuple[Any, Any]:
    trainer = engine.Engine(lambda _, batch: batch)
    evaluator = engine.Engine(lambda _, batch: batch)
    track_engine(trainer, run.as_run(), validation=evaluator)
    trainer.add_event_handler(
        engine.Events.EPOCH_STARTED, lambda one: one.state.metrics.update(loss=0.5)
    )
    trainer.add_event_handler(engine.Events.EPOCH_COMPLETED, lambda _: evaluator.run([1]))
    return trainer, evaluator


def test_an_epoch_lasts_until_the_next_and_holds_its_evaluation() -> None:
    run = RecordingRun()
    trainer, _ = engines(run)
    trainer.run([1, 2], max_epochs=2)
    assert run.told == [*EPOCH, "end epoch"] * 2


def test_an_exception_reaches_the_caller() -> None:
    run = RecordingRun()
    trainer, _ = engines(run)

    def fail(_: Any) -> None:
        raise ValueError("loss is nan")

    trainer.add_event_handler(engine.Events.ITERATION_STARTED, fail)
    with pytest.raises(ValueError, match="loss is nan"):
        trainer.run([1], max_epochs=1)
    assert run.told == ["begin epoch"]


def test_a_run_that_asks_for_the_end_gets_it_cleanly() -> None:
    run = RecordingRun()
    trainer, _ = engines(run)
    trainer.add_event_handler(engine.Events.ITERATION_COMPLETED, lambda _: run.stop_training())
    trainer.run([1, 2, 3], max_epochs=50)
    assert trainer.state.iteration == 1
