"""Lacoste et al. 2019: the ML CO2 Impact calculator."""

from __future__ import annotations

from typing import Final

from tracker.research.estimate import Power
from tracker.research.figure import Figure
from tracker.research.job import Job
from tracker.research.methods import _boards

FORMULA: Final = "kWh = TDP * hours / 1000;  CO2e [kg] = kWh * the region's kg/kWh"
EDITION: Final = "ML CO2 Impact, 2019; no PUE, no utilisation, the accelerator alone"
SOURCE: Final = "Lacoste, Luccioni, Schmidt, Dandres: Quantifying the Carbon Emissions of ML"
RANGED: Final = False
GRID: Final = None


def power(job: Job) -> Power:
    """Accelerators at their TDP, or at the draw that is given as such."""
    return Power.of(_boards.at_tdp(job))


def pue(_: Job) -> Figure:
    """None: the calculator has no PUE."""
    return Figure.exactly(1.0, "the method has none")
