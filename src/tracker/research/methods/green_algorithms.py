"""Lannelongue et al. 2021: Green Algorithms."""

from __future__ import annotations

from typing import Final

from tracker.research.estimate import Part, Power
from tracker.research.figure import Figure
from tracker.research.job import Job
from tracker.research.methods import _boards

FORMULA: Final = "kWh = t * (n_c * P_c * u_c + n_m * P_m) * PUE * PSF / 1000;  CO2e = kWh * CI"
EDITION: Final = "Green Algorithms, data of 2024: PUE 1.56, 0.3725 W/GB; formula of 2021"
SOURCE: Final = "Lannelongue, Grealey, Inouye: Green Algorithms, Advanced Science 2021"
RANGED: Final = False
GRID: Final = None
W_PER_GB: Final = 0.3725


def power(job: Job) -> Power:
    """Cores at their TDP times usage (1 unless given), and memory by its size.

    PSF, the number of repeats, is in the job's hours.
    """
    usage = 1.0 if job.utilisation is None else job.utilisation
    found = [_boards.mean_or_tdp(job, usage)]
    if job.cpu_w is not None:
        found.append(Part("processors", job.cpu_w.times(usage), job.cpu_w.source or "as given"))
    if job.memory_gb is not None:
        note = f"{job.memory_gb:g} GB at {W_PER_GB} W/GB"
        found.append(Part("memory", Figure.exactly(job.memory_gb * W_PER_GB), note))
    return Power.of(*found)


def pue(_: Job) -> Figure:
    """The world's average of 2024."""
    return Figure.exactly(1.56, "world average 2024, as Green Algorithms takes it")
