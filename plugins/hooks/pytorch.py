"""PyTorch: steps and samples are counted, and each epoch's number of them is kept with it.

    with tracker.track("cnn") as run:
        steps = track_optimizer(optimizer, run)
        for epoch in steps.epochs(10):
            train_one_epoch()

or, where the loop shall stay as it is, around the loader alone:

    for epoch in range(10):
        for batch, targets in track_loader(loader, run):
            ...

A step is what the optimizer did: micro-batches whose gradients are accumulated make one,
and what a ``GradScaler`` skipped makes none (but for optimizers with ``fused=True``, whose
``step`` is called all the same). Optimizers of Keras on PyTorch are not PyTorch's. At the
edges of phases, and only there, GPUs that this process computes on are waited for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from tracker.errors import SettingsError
from tracker.hooks._boundary import guarded
from tracker.hooks._vendor import required, synchronize

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils.hooks import RemovableHandle

    from tracker.live import Run

_T = TypeVar("_T")


def track_optimizer(
    optimizer: Optimizer | Iterable[Optimizer], run: Run, *, wait_for_gpu: bool = True
) -> StepCounter:
    """Count the steps of ``optimizer``, or of several that train one model in turn.

    Args:
        optimizer: one, or all that step in the same iteration (those of a GAN, say): the
            iterations are counted, which is the largest number of steps of any of them.
        run: the run that an epoch's steps are logged to.
        wait_for_gpu: at the edges of this thread's phases, so that a phase has the energy of
            the work that it queued.

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
    if wait_for_gpu:
        run.wait_at_edges(synchronize)
    return StepCounter(counts, run)


def track_loader(
    loader: Iterable[_T], run: Run, *, phase: str = "epoch", wait_for_gpu: bool = True
) -> TrackedLoader[_T]:
    """A loader whose every pass is a phase, with its numbers of batches and samples.

    It stands for the loader: what else that has (``len``, ``sampler``, ``dataset``) is there.

    Args:
        loader: a ``DataLoader``, or anything that is gone through once an epoch.
        run: the run that the phases are marked in.
        phase: what a pass is called: ``"train"`` within epochs that are phases already.
        wait_for_gpu: as ``track_optimizer`` takes it.
    """
    if wait_for_gpu:
        run.wait_at_edges(synchronize)
    return TrackedLoader(loader, run, phase)


class TrackedLoader(Generic[_T]):
    """What ``track_loader`` gives."""

    def __init__(self, loader: Iterable[_T], run: Run, phase: str) -> None:
        self.warned = False
        self._loader = loader
        self._run = run
        self._phase = phase

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":  # a copy that is being made has none yet
            raise AttributeError(name)
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)  # type: ignore[arg-type]  # as the loader itself would answer

    def __iter__(self) -> Iterator[_T]:
        batches = samples = 0
        with self._run.phase(self._phase):
            try:
                for batch in self._loader:
                    batches += 1
                    samples += _size(batch)
                    yield batch
            finally:  # the phase is still open here, also when the loop broke off
                self._log(batches, samples)

    @guarded
    def _log(self, batches: int, samples: int) -> None:
        self._run.log(batches=batches, **({"samples": samples} if samples else {}))


def _size(batch: Any) -> int:
    """How many samples a batch has: the length of its first tensor, 0 where none is found."""
    kind = type(batch)  # asked at every step, so the usual batch is asked for first
    first = batch[0] if (kind is list or kind is tuple) and batch else batch
    try:
        return int(first.shape[0])
    except (AttributeError, IndexError):
        return _size_within(first)


def _size_within(batch: Any) -> int:
    if isinstance(batch, Mapping) and batch:
        return _size(next(iter(batch.values())))
    if isinstance(batch, list | tuple) and batch:
        return _size(batch[0])
    return 0


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
    optimizer_type: type[Optimizer] = required(
        "torch.optim", "track_optimizer()", "torch"
    ).Optimizer
    return optimizer_type


def _no_optimizer(found: object) -> str:
    kind = f"{type(found).__module__}.{type(found).__qualname__}"
    return (
        f"track_optimizer() wants a torch.optim.Optimizer or several, found {kind}: "
        "hand it the optimizer that the training loop calls step() on"
    )
