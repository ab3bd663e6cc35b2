"""Strubell, Ganesh and McCallum 2019: the study that counted what training NLP models costs."""

from __future__ import annotations

from typing import Final

from tracker.model.units import g_from_lb
from tracker.research.estimate import Power
from tracker.research.figure import Figure
from tracker.research.job import Job
from tracker.research.methods import _boards

FORMULA: Final = "kWh = 1.58 * t * (p_c + p_r + g * p_g) / 1000;  CO2e [lb] = 0.954 * kWh"
EDITION: Final = "arXiv 1906.02243v1, 2019; PUE: Uptime 2018; grid: EPA 2018, US average"
SOURCE: Final = "Strubell, Ganesh, McCallum: Energy and Policy Considerations for Deep Learning"
RANGED: Final = False
GRID: Final = Figure.exactly(g_from_lb(0.954), "0.954 lb/kWh, US average, EPA 2018")


def power(job: Job) -> Power:
    """Mean draws as measured; the TDP stands in for an accelerator's that is not given."""
    return Power.of(_boards.mean_or_tdp(job), *_boards.hosts(job))


def pue(_: Job) -> Figure:
    """The world's average of 2018."""
    return Figure.exactly(1.58, "world average 2018, Uptime Institute")
