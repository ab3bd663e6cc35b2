from __future__ import annotations

import time

import pytest

from fakes.recording import RecordingRun
from tracker.hooks.jax import ReadyPhase, ready_phase


class Jax:
    """Only remembers what was waited for."""

    def __init__(self) -> None:
        self.waited: list[object] = []

    def block_until_ready(self, tree: object) -> object:
        self.waited.append(tree)
        return tree


def test_the_phase_waits_for_the_last_value_alone() -> None:
    run, jax = RecordingRun(), Jax()
    with ReadyPhase(run.as_run().phase("train"), jax) as phase:
        assert phase.until("first") == "first"
        phase.until({"weights": "last"})
    assert jax.waited == [{"weights": "last"}]
    assert run.told == ["begin train", "end train"]


def test_a_phase_that_raised_waits_for_nothing() -> None:
    run, jax = RecordingRun(), Jax()

    def work() -> None:
        with ReadyPhase(run.as_run().phase("train"), jax) as phase:
            phase.until("value")
            raise ValueError("nan")

    with pytest.raises(ValueError, match="nan"):
        work()
    assert jax.waited == []
    assert run.told == ["begin train", "end train"]


@pytest.mark.long
def test_with_jax_itself_the_phase_ends_when_the_result_is_there() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed (extra test-frameworks)")

    @jax.jit  # type: ignore[untyped-decorator]
    def work(x: object) -> object:
        return jax.lax.fori_loop(0, 2000, lambda _, y: y @ y * 1e-3, x)

    x = jax.numpy.ones((200, 200))
    jax.block_until_ready(work(x))
    run = RecordingRun()
    with ready_phase(run.as_run(), "train") as phase:
        result = phase.until(work(x))
    began_s = time.perf_counter()
    jax.block_until_ready(result)
    left_s = time.perf_counter() - began_s
    assert left_s < 0.01
