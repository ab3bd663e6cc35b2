"""PyTorch: optimizer steps are counted, and each epoch's number of them is kept with it.

    with tracker.track("cnn") as run:
        steps = track_optimizer(optimizer, run)
        for epoch in steps.epochs(10):
            train_one_epoch()

A step is what the optimizer did: micro-batches whose gradients are accumulated make one,
and what a ``GradScaler`` skipped makes none (but for optimizers with ``fused=True``, whose
``step`` is called all the same). Optimizers of Keras on PyTorch are not PyTorch's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, overload

from tracker.errors import PluginError, SettingsError
from tracker.hooks._boundary import guarded

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils.hooks import RemovableHandle

    from tracker.live import Run

_T = TypeVar("_T")


def track_optimizer(optimizer: Optimizer | Iterable[Optimizer], run: Run) -> StepCounter:
    """Count the steps of ``optimizer``, or of several that train one model in turn.

    Args:
        optimizer: one, or all that step in the same iteration (those of a GAN, say): the
            iterations are counted, which is the largest number of steps of any of them.
        run: the run that an epoch's steps are logged to.

    Raises:
        PluginError: PyTorch is not installed.
        SettingsError: this is no optimizer of PyTorch's.
    """
    optimizer_type = _optimizer_type()
    optimizers = (optimizer,) if isinstance(optimizer, optimizer_type) else optimizer
    if not isinstance(optimizers, Iterable):
        raise SettingsError(_no_optimizer(optimizer))
    counts = []
    for each in optimizers:
        if not isinstance(each, optimizer_type):
            raise SettingsError(_no_optimizer(each))
        counts.append(_OptimizerSteps(each))
    if not counts:
        raise SettingsError("track_optimizer() was given no optimizer: hand it at least one")
    return StepCounter(counts, run)


class StepCounter:
    """The steps of one or several optimizers, until ``remove()``."""

    def __init__(self, counts: Iterable[_OptimizerSteps], run: Run) -> None:
        self.warned = False
        self._counts = tuple(counts)
        self._run = run

    @property
    def steps(self) -> int:
        """Steps since the counting began: of several optimizers, the largest number."""
        return max(count.steps for count in self._counts)

    @overload
    def epochs(self, epochs: int) -> Iterator[int]: ...
    @overload
    def epochs(self, epochs: Iterable[_T]) -> Iterator[_T]: ...
    def epochs(self, epochs: int | Iterable[_T]) -> Iterator[int] | Iterator[_T]:
        """``run.epochs(epochs)``, with each epoch's steps logged as its metric ``steps``."""
        for epoch in self._run.epochs(epochs):
            before = self.steps
            try:
                yield epoch
            finally:  # the epoch is still open here, also when its body broke off
                self._log(self.steps - before)

    def remove(self) -> None:
        """Stop counting; ``steps`` keeps its value."""
        for count in self._counts:
            count.remove()

    @guarded
    def _log(self, steps: int) -> None:
        self._run.log(steps=steps)


class _OptimizerSteps:
    """One optimizer's steps.

    A subclass whose ``step`` calls ``super().step()`` has its hooks called once more for
    the inner call, so a step counts when the outermost call is over.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.steps = 0
        self._depth = 0
        self._handles: tuple[RemovableHandle, RemovableHandle] = (
            optimizer.register_step_pre_hook(self._begun),
            optimizer.register_step_post_hook(self._done),
        )

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _begun(self, optimizer: Optimizer, *_: object) -> None:
        # A step that raised left its depth behind, and would make all later ones inner ones.
        inner = self._depth > 0 and _is_stepping(optimizer)
        self._depth = self._depth + 1 if inner else 1

    def _done(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.steps += 1


def _is_stepping(optimizer: Optimizer) -> bool:
    """Whether a method of the optimizer called the step whose pre-hook calls this."""
    from torch.compiler import is_compiling  # noqa: PLC0415 - torch is not ours to require

    if is_compiling():  # frames cannot be traced
        return True
    frame = sys._getframe(3)  # noqa: SLF001 - behind this, the hook and PyTorch's own wrapper
    while frame.f_back is not None and frame.f_locals.get("self") is not optimizer:
        frame = frame.f_back
    return frame.f_locals.get("self") is optimizer


def _optimizer_type() -> type[Optimizer]:
    try:
        from torch.optim import Optimizer  # noqa: PLC0415 - costs seconds, and may be missing
    except ImportError as error:
        raise PluginError(
            f"track_optimizer() needs PyTorch, which does not load ({error}): pip install torch"
        ) from error
    return Optimizer


def _no_optimizer(found: object) -> str:
    kind = f"{type(found).__module__}.{type(found).__qualname__}"
    return (
        f"track_optimizer() wants a torch.optim.Optimizer or several, found {kind}: "
        "hand it the optimizer that the training loop calls step() on"
    )
