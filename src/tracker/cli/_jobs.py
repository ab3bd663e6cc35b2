"""The jobs that a line of `tracker estimate` means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tracker.research.figure import Figure

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.research.job import Job


class Hardware(Struct, frozen=True):
    """What the line says of the hardware; ``None`` where it says nothing."""

    hours: float | None
    gpu: str | None
    gpus: int | None
    gpu_watts: float | None
    cpu_watts: float | None
    dram_watts: float | None
    memory_gb: float | None
    utilisation: float | None
    repeats: int
    usd_per_hour: str | None


def jobs_of(file: Path | None, given: Hardware, like: RunReport | None) -> tuple[Job, ...]:
    """The jobs of a file, one like a run, or the one that the flags describe.

    Raises:
        SettingsError: one cannot be meant.
    """
    from tracker.research import jobfile  # noqa: PLC0415 - not for --help
    from tracker.research.like import job_like  # noqa: PLC0415 - the same

    if file is not None:
        return jobfile.read(file)
    price = None if given.usd_per_hour is None else jobfile.price(given.usd_per_hour)
    if like is not None:
        job = job_like(like, given.hours, given.gpus)
        return (replace(job, repeats=given.repeats, usd_per_h=price),)
    return (_described(given, price),)


def _described(given: Hardware, price: tuple[float, float] | None) -> Job:
    from tracker.research.job import Job  # noqa: PLC0415 - not for --help

    accelerated = given.gpu is not None or given.gpu_watts is not None
    gpus = (1 if accelerated else 0) if given.gpus is None else given.gpus
    what = f"{gpus} x {given.gpu or 'accelerator'}" if gpus else "processors"
    return Job(
        name=f"{what} for {given.hours or 0:g} h",
        hours=given.hours or 0.0,
        gpu=given.gpu,
        gpus=gpus,
        gpu_w=_watts(given.gpu_watts),
        cpu_w=_watts(given.cpu_watts),
        dram_w=_watts(given.dram_watts),
        memory_gb=given.memory_gb,
        utilisation=given.utilisation,
        repeats=given.repeats,
        usd_per_h=price,
    )


def _watts(given: float | None) -> Figure | None:
    return None if given is None else Figure.exactly(given, "as given")
