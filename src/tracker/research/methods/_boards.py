"""What several methods say of accelerators whose mean draw nobody gave."""

from __future__ import annotations

from msgspec.structs import replace

from tracker.research.estimate import Part
from tracker.research.figure import Figure
from tracker.research.job import Job


def mean_or_tdp(job: Job, share: float = 1.0) -> Part:
    """All accelerators of a job at their given draw, else at ``share`` of their TDP."""
    if job.gpu_w is not None:
        note = f"{job.gpus} at {job.gpu_w.value:g} W, {job.gpu_w.source or 'as given'}"
        return Part("accelerators", job.gpu_w.times(job.gpus * share), note)
    board = job.accelerator
    if board is None or not job.gpus:
        return Part("accelerators", Figure.exactly(0.0), "none")
    drawn = Figure.exactly(board.tdp_w * share * job.gpus)
    used = "" if share == 1 else f" at {share:.0%}"
    return Part("accelerators", drawn, f"{job.gpus} at the TDP of {board.tdp_w:g} W{used}")


def at_tdp(job: Job) -> Part:
    """All accelerators at their TDP; at the given draw where the table has no TDP."""
    known = job.measured_as and job.accelerator is not None
    return mean_or_tdp(replace(job, gpu_w=None) if known else job)


def hosts(job: Job, share: float = 1.0) -> tuple[Part, ...]:
    """Processors and memory, where their draw was given."""
    given = (("processors", job.cpu_w), ("memory", job.dram_w))
    return tuple(
        Part(name, power.times(share), power.source or "as given")
        for name, power in given
        if power is not None
    )
