"""TensorBoard: scalars into a writer of yours, or into a folder of your choice.

Anything with ``add_scalar`` and ``flush`` will do: ``torch.utils.tensorboard.SummaryWriter``,
tensorboardX's, and whatever looks like them. TensorBoard has no current run, so it is never
found by itself. Each scalar has its own steps: seconds since the start, a phase's number.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracker.errors import PluginError
from tracker.loggers import _figures
from tracker.loggers._packages import is_installed

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals
    from tracker.ports.logger import PhaseTotals


def takes(target: object) -> bool:
    """A writer of scalars."""
    return callable(getattr(target, "add_scalar", None)) and hasattr(target, "flush")


def open(target: object | None) -> _Scalars | None:
    """A writer that is given, or one for the folder that is named.

    Raises:
        PluginError: neither is, or no package is installed that writes such a folder.
    """
    if target is None:
        return None
    if not isinstance(target, str):
        return _Scalars(target, ours=False)
    if not target:
        raise PluginError(
            "log_to = 'tensorboard': TensorBoard has no current run; hand over the writer, "
            "log_to=writer, or name a folder, log_to='tensorboard:runs/1'"
        )
    return _Scalars(_writer_type()(target), ours=True)


def _writer_type() -> Any:
    """tensorboardX's, which loads faster, else PyTorch's with TensorBoard installed."""
    if is_installed("tensorboardX"):
        return import_module("tensorboardX").SummaryWriter
    if is_installed("torch") and is_installed("tensorboard"):
        return import_module("torch.utils.tensorboard").SummaryWriter
    raise PluginError(
        "log_to = 'tensorboard:…': nothing here writes TensorBoard's files: "
        "pip install tensorboardX"
    )


class _Scalars:
    """One writer."""

    def __init__(self, writer: Any, *, ours: bool) -> None:
        self._writer = writer
        self._ours = ours

    def tick(self, totals: RunTotals) -> None:
        self._add(_figures.of_totals(totals), round(totals.duration_s))

    def phase_ended(self, phase: PhaseTotals) -> None:
        self._add(_figures.of_phase(phase), phase.number)

    def closed(self, report: RunReport) -> None:
        self._add(_figures.of_report(report), round(report.duration_s))
        if self._ours:
            self._writer.close()
        else:
            self._writer.flush()

    def _add(self, figures: Mapping[str, float], step: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step, walltime=time.time())
