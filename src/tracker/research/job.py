"""What a person knows of a training run that is not measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.research import hardware
from tracker.research.figure import Figure

if TYPE_CHECKING:
    from tracker.data.studies import Accelerator

LEAST_GPU_W: Final = 10.0
"""Below every training accelerator's draw, the Jetson AGX Xavier's 30 W included."""
MOST_GPU_W: Final = 3000.0
"""Above every accelerator's; a node of eight draws more."""
MOST_SHARE_OF_TDP: Final = 2.0
"""A board is limited to its TDP; with its share of the host, 330 W were published for a
V100 of 300 W (Patterson et al. 2021), and 296 W for a P100 of 250 W."""
LEAST_HOST_W: Final = 1.0
MOST_AT_ONCE: Final = 10**9
"""Of accelerators, and of repeats."""
MOST_USD_PER_H: Final = 1e6


class Job(Struct, frozen=True):
    """A training run as it is planned or was told.

    Attributes:
        hours: how long it takes.
        gpu: the accelerator's name, or ``None``.
        gpus: how many run at once; 0 for a job on processors alone.
        gpu_w: mean draw of one accelerator in W, or ``None`` where only its name is known.
        cpu_w: mean draw of all its processors together, in W.
        dram_w: mean draw of all its memory together, in W.
        memory_gb: memory that it holds, in GB.
        utilisation: share of the accelerator's power range that it uses, 0 to 1.
        repeats: how often it is run.
        usd_per_h: lowest and highest price of an accelerator's hour.
        location: where it runs, as a location is written, or ``None``.
        pue: the facility's, or ``None``.
        measured_as: the run whose power this is, or empty: then the figures of power are
            what meters read, and nothing is added to them.
        place: where it is written, for people (``jobs.csv, row 3 (line 4)``), or empty.
    """

    name: str
    hours: float
    gpu: str | None = None
    gpus: int = 1
    gpu_w: Figure | None = None
    cpu_w: Figure | None = None
    dram_w: Figure | None = None
    memory_gb: float | None = None
    utilisation: float | None = None
    repeats: int = 1
    usd_per_h: tuple[float, float] | None = None
    location: str | None = None
    pue: float | None = None
    measured_as: str = ""
    place: str = ""

    @property
    def accelerator(self) -> Accelerator | None:
        """The row of the hardware table, or ``None`` where no name is given.

        Raises:
            SettingsError: the table has no such accelerator and no power is given.
        """
        if self.gpu is None:
            return None
        return hardware.find(self.gpu) if self.gpu_w is not None else hardware.named(self.gpu)

    @property
    def total_hours(self) -> float:
        """Hours of all repeats."""
        return self.hours * self.repeats


def check(job: Job) -> Job:
    """The job, if it can be meant.

    Raises:
        SettingsError: it cannot; names the value, what was found and what to do.
    """
    problem = _problem(job)
    if problem:
        raise SettingsError(problem)
    return job


def _problem(job: Job) -> str:
    for name, value in (("hours", job.hours), ("repeats", job.repeats)):
        if not (math.isfinite(value) and value > 0):
            return f"{name} = {value:g}: must be above 0"
    if job.gpus < 0:
        return f"gpus = {job.gpus}: must be 0 or more"
    for name, count in (("gpus", job.gpus), ("repeats", job.repeats)):
        if count > MOST_AT_ONCE:
            return f"{name}: more than {MOST_AT_ONCE:,} cannot be meant"
    if job.gpus and job.gpu is None and job.gpu_w is None:
        return "neither gpu nor gpu_watts is given: name the accelerator, or say what it draws"
    if not job.gpus and job.cpu_w is None:
        return "no accelerator (gpu, gpu_watts) and no cpu_watts: say what draws the power"
    return _amount_problem(job) or _power_problem(job)


def _amount_problem(job: Job) -> str:
    if job.utilisation is not None and not 0 <= job.utilisation <= 1:
        return f"utilisation = {job.utilisation:g}: must be a share from 0 to 1 (80 % is 0.8)"
    if job.pue is not None and not (math.isfinite(job.pue) and job.pue >= 1):
        return f"pue = {job.pue:g}: must be at least 1: a facility uses no less than its computers"
    if job.memory_gb is not None and not (math.isfinite(job.memory_gb) and job.memory_gb >= 0):
        return f"memory_gb = {job.memory_gb:g}: must be 0 or more"
    if job.usd_per_h is not None and not 0 <= job.usd_per_h[0] <= job.usd_per_h[1] < MOST_USD_PER_H:
        return "usd_per_hour: the price must be 0 or more and below a million, the lower one first"
    return ""


def _power_problem(job: Job) -> str:
    if job.measured_as:
        return ""
    if job.gpu_w is not None and job.gpus:
        problem = _gpu_problem(job, job.gpu_w.value)
        if problem:
            return problem
    for name, figure in (("cpu_watts", job.cpu_w), ("dram_watts", job.dram_w)):
        if figure is None or figure.value == 0:
            continue
        if not (math.isfinite(figure.value) and figure.value >= LEAST_HOST_W):
            return f"{name} = {figure.value:g}: must be watts{_above_0(figure.value)}"
    return ""


def _gpu_problem(job: Job, given_w: float) -> str:
    shown = f"gpu_watts = {given_w:g}"
    if not (math.isfinite(given_w) and given_w >= LEAST_GPU_W):
        return f"{shown}: must be watts{_above_0(given_w)}; no accelerator trains with less than 10"
    if given_w > MOST_GPU_W:
        return f"{shown}: more than one accelerator draws; give watts of one, not of the node"
    board = job.accelerator
    if board is not None and given_w > board.tdp_high_w * MOST_SHARE_OF_TDP:
        return (
            f"{shown}: the {board.name} is made for {board.tdp_high_w:g} W;"
            " give watts of one accelerator, not of the node"
        )
    return ""


def _above_0(given: float) -> str:
    if 0 < given < LEAST_GPU_W:
        return f" (if kilowatts are meant, write {given * 1000:g})"
    return " above 0"
