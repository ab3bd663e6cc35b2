"""CO2e of making the hardware: a job's share of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tracker.research.figure import Figure

if TYPE_CHECKING:
    from tracker.data.studies import Accelerator
    from tracker.research.job import Job

LIFETIME_H: Final = 4 * 8760
"""Four years, every hour reserved; cloud providers state four to six."""
FACTOR: Final = 2.0
"""Published figures of one board differ by two to three and a half times (A100: 128 by a
life-cycle assessment on primary data, 318 as a share of a cloud instance), so the range is
from half to double."""
RANGE_FROM: Final = "from half to double: published figures of one board differ by as much"
SOURCE: Final = "accelerators.csv: maker's footprint with an eighth of a host, over 4 years"


def share_of(job: Job) -> Figure | None:
    """The job's share in grams, or ``None`` where the hardware is not in the table."""
    board = job.accelerator
    return share(board, job.gpus * job.total_hours) if board is not None and job.gpus else None


def share(board: Accelerator, device_hours: float) -> Figure:
    """The share of so many hours of one board in grams.

    By the Software Carbon Intensity's formula (ISO/IEC 21031:2024): the hardware's total,
    times the time it is reserved over its expected life.
    """
    grams = board.embodied_kg * 1000 * device_hours / LIFETIME_H
    return Figure(grams, grams / FACTOR, grams * FACTOR, SOURCE)
