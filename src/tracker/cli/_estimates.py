"""Every job by every method that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tracker.cli._supply import Wishes, supply_for
from tracker.errors import SettingsError
from tracker.research.estimate import Estimate, estimate, method_named

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.research.job import Job


class Found(Struct, frozen=True):
    """Estimates, and what of them is not there.

    Attributes:
        left_out: ``{name, method, reason}`` of each job that a method could not say, where
            another one could.
    """

    estimates: tuple[Estimate, ...]
    left_out: tuple[dict[str, str], ...]


def estimates_of(
    jobs: Sequence[Job], methods: Sequence[str], wishes: Wishes, like: RunReport | None
) -> Found:
    """Each job by each method.

    Raises:
        SettingsError: a job cannot be meant, or no method has a figure of it.
    """
    for method in methods:
        method_named(method)
    estimates: list[Estimate] = []
    left_out: list[dict[str, str]] = []
    for job in jobs:
        faults: list[tuple[str, SettingsError]] = []
        for method in methods:
            try:
                estimates.append(_estimate(job, wishes, method, like))
            except SettingsError as error:
                faults.append((method, error))
        if len(faults) == len(methods):
            raise faults[0][1]
        # A method that has a figure shows that the job can be meant: the others lack one.
        left_out += [
            {"name": job.name, "method": method, "reason": str(error)} for method, error in faults
        ]
    return Found(tuple(estimates), tuple(left_out))


def _estimate(job: Job, wishes: Wishes, method: str, like: RunReport | None) -> Estimate:
    where = f"{job.place}, column location: " if job.place and job.location else ""
    try:
        supply = supply_for(job, wishes, method, like)
    except SettingsError as error:
        raise SettingsError(f"{where}{error}") from error
    where = f"{job.place}: " if job.place else ""
    try:
        return estimate(job, supply, method)
    except SettingsError as error:
        raise SettingsError(f"{where}{error}") from error
