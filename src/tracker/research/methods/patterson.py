"""Patterson et al. 2021: what large models took, from their makers' own records."""

from __future__ import annotations

from typing import Final

from tracker.errors import SettingsError
from tracker.research.estimate import Part, Power
from tracker.research.figure import Figure
from tracker.research.job import Job
from tracker.research.methods import _boards

FORMULA: Final = (
    "kWh = hours * processors * average W per processor * PUE / 1000;  t = kWh * kg/kWh / 1000"
)
EDITION: Final = "arXiv 2104.10350, 2021; PUE 1.59 and 0.429 kg/kWh: US average, their table 1"
SOURCE: Final = "Patterson et al.: Carbon Emissions and Large Neural Network Training"
RANGED: Final = False
GRID: Final = Figure.exactly(429.0, "US average, Patterson et al. 2021")


def power(job: Job) -> Power:
    """The mean power of a system per processor, host included: given, or of their table 3.

    Of a measured run it is that of accelerators and hosts.

    Raises:
        SettingsError: it is neither given nor published for this accelerator.
    """
    if job.measured_as:
        return Power.of(_boards.mean_or_tdp(job), *_boards.hosts(job))
    if job.gpu_w is not None:
        note = f"{job.gpus} at {job.gpu_w.value:g} W, {job.gpu_w.source or 'as given'}"
        return Power.of(Part("systems", job.gpu_w.times(job.gpus), note))
    board = job.accelerator
    if board is None or board.system_w is None:
        raise SettingsError(
            "the method 'patterson' takes the mean power of a system per processor, and"
            f" publishes none for {job.gpu or 'processors alone'};"
            " give it as gpu_watts (measured: TPU v2 221, TPU v3 283, P100 271, V100 325)"
        )
    note = f"{job.gpus} at {board.system_w:g} W, host included (their table 3)"
    return Power.of(Part("systems", Figure.exactly(board.system_w * job.gpus), note))


def pue(_: Job) -> Figure:
    """Their US average."""
    return Figure.exactly(1.59, "US average, Patterson et al. 2021, table 1")
