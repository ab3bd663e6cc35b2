"""JAX: phases that end when their result is there, and not when it was asked for.

    with ready_phase(run, "train") as train:
        for batch in batches:
            state = step(state, batch)
        train.until(state)

A call returns as soon as its work is queued, on a CPU too. What the phase shall wait for is
handed to ``until``; the phase waits for the last value that it was given.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tracker.hooks._boundary import guarded
from tracker.hooks._vendor import required

if TYPE_CHECKING:
    from tracker.live import PhaseTimer, Run

_Tree = TypeVar("_Tree")


def ready_phase(run: Run, name: str) -> ReadyPhase:
    """A phase ``name`` of ``run`` that ends when what it was given is computed.

    Raises:
        PluginError: JAX is not installed.
    """
    return ReadyPhase(run.phase(name), required("jax", "tracker.hooks.jax"))


class ReadyPhase:
    """A phase as a context manager; ``timer`` has its energy when it is over."""

    def __init__(self, timer: PhaseTimer, jax: Any) -> None:
        self.warned = False
        self.timer = timer
        self._jax = jax
        self._awaited: Any = None

    def until(self, tree: _Tree) -> _Tree:
        """Let the phase last until every array of ``tree`` is computed; gives it back."""
        self._awaited = tree
        return tree

    def __enter__(self) -> Self:
        self.timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._wait()
        self._awaited = None
        self.timer.stop()

    @guarded
    def _wait(self) -> None:
        self._jax.block_until_ready(self._awaited)
