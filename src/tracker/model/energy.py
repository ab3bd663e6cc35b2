"""Energy over a stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.device import Method


class EnergyInterval(Struct, frozen=True):
    """What one device used between two instants.

    Attributes:
        start: UTC.
        end: UTC.
        energy_j: as the device states it, in joules.
        slack_j: random error of the two ends (a half-width of about 95 %), in joules;
            independent between intervals.
        method: how it was obtained.
        coverage: share of the interval that was read, 0 to 1.
    """

    device_id: str
    start: datetime
    end: datetime
    energy_j: float
    slack_j: float
    method: Method
    coverage: float


class CounterCheck(Struct, frozen=True):
    """A device's counter beside its own power readings, over the time that both were read.

    Attributes:
        counted_j: by the counter, in joules.
        polled_j: by the power readings, in joules.
    """

    counted_j: float
    polled_j: float

    @property
    def ratio(self) -> float | None:
        """Polled over counted; ``None`` where the counter counted nothing."""
        return self.polled_j / self.counted_j if self.counted_j > 0 else None


class EnergyAmount(Struct, frozen=True):
    """Energy of one device without its times, as a phase keeps it."""

    energy_j: float
    slack_j: float
