"""Our own estimate: the hardware table with its ranges, the whole node, the grid of the place.

Where a job's mean draw is not given, an accelerator is taken at a share of its TDP:

* 70 % where nothing is known of its use, which is in the middle of what was published:
  30 to 92 % of the TDP per V100 and A100 hour in Dodge et al. 2022, table 2;
* 15 % at rest and 100 % at full use, and linear between, where a utilisation is given (our
  choice: utilisation is a share of time, not of power).

Either way the range is 40 % to both sides (estimates from the TDP erred by 27 to 37 % on
H100 nodes, arXiv 2506.14551; inputs alone move a kernel's power by up to 67 %, arXiv
2212.08805), but never above the TDP.

What stands around it, up to the wall:

* 1.7 times the accelerators (1.35 to 1.9) where no more is known: accelerators were 74 % of
  GPU, processor and memory (Dodge et al.), 63 % of BLOOM's nodes and infrastructure, 58 % of
  Google's Gemini servers (arXiv 2508.15734), 55 to 67 % of an HGX H100 node;
* 1.2 times the components (1.1 to 1.35) where those of processors are given: wall meters
  against component meters gave 1.15 to 1.24 (Fischer 2025, arXiv 2509.22092);
* nothing where the power is that of a measured run.
"""

from __future__ import annotations

from typing import Final

from tracker.data.studies import DATACENTRE
from tracker.research.estimate import Part, Power
from tracker.research.figure import Figure, product, total
from tracker.research.job import Job
from tracker.research.methods import _boards

FORMULA: Final = (
    "kWh = hours * gpus * TDP * share * node / 1000;  CO2e = kWh * PUE * grid;  embodied apart"
)
EDITION: Final = "hardware table 2026-11, yearly grid table, PUE 2025"
SOURCE: Final = "docs/estimate.md: what each factor and its range rest on"
RANGED: Final = True
GRID: Final = None

USUAL_SHARE: Final = 0.70
IDLE_SHARE: Final = 0.15
SHARE_ERROR: Final = 0.40
NODE: Final = Figure(1.7, 1.35, 1.9)
WALL: Final = Figure(1.2, 1.1, 1.35)
DATACENTRE_PUE: Final = Figure(
    1.54, 1.09, 1.59, "world average 2025, Uptime Institute; 1.09 is Google's, 1.59 that of 2020"
)
OFFICE_PUE: Final = Figure.exactly(1.0, "a workstation: no building's share")


def power(job: Job) -> Power:
    """Accelerators, hosts where given, and what stands around them."""
    boards = _accelerators(job)
    known = (*((boards,) if job.gpus else ()), *_boards.hosts(job))
    if job.measured_as:
        return Power.of(*known)
    factor = WALL if job.cpu_w is not None else NODE
    inner = total(*(part.power for part in known))
    others = Figure(factor.value - 1, factor.low - 1, factor.high - 1).times(inner.value)
    note = f"up to the wall: {factor.value:g} times the parts ({factor.low:g} to {factor.high:g})"
    return Power((*known, Part("around them", others, note)), product(inner, factor))


def pue(job: Job) -> Figure:
    """A data centre's average with a wide range, or 1 for a workstation."""
    board = job.accelerator
    return OFFICE_PUE if board is not None and board.kind != DATACENTRE else DATACENTRE_PUE


def share_of_tdp(utilisation: float | None) -> Figure:
    """The mean draw as a share of the TDP."""
    used = USUAL_SHARE if utilisation is None else IDLE_SHARE + (1 - IDLE_SHARE) * utilisation
    return Figure(used, used * (1 - SHARE_ERROR), min(1.0, used * (1 + SHARE_ERROR)))


def _accelerators(job: Job) -> Part:
    board = job.accelerator
    if job.gpu_w is not None or board is None:
        return _boards.mean_or_tdp(job)
    tdp = Figure(board.tdp_w, board.tdp_low_w, board.tdp_high_w)
    share = share_of_tdp(job.utilisation)
    why = "as jobs mostly do" if job.utilisation is None else f"utilisation {job.utilisation:g}"
    note = f"{job.gpus} at {share.value:.0%} of the TDP of {board.tdp_w:g} W, {why}"
    return Part("accelerators", product(tdp, share).times(job.gpus), note)
