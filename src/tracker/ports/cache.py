"""Where the feed keeps what providers answered, so that nobody is asked twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from tracker.model.carbon import CarbonIntensity


class Known(Struct, frozen=True):
    """What is kept of a stretch of time.

    Attributes:
        values: in order of time; an answer may have held none.
        missing: parts that were never asked for, or whose answer has expired; in order.
    """

    values: tuple[CarbonIntensity, ...]
    missing: tuple[tuple[datetime, datetime], ...]


class Answer(Struct, frozen=True):
    """What a provider said about a stretch of time.

    Attributes:
        series: provider and options that change its figures.
        zone: as it was asked for; each value names the grid's own.
        start: UTC.
        end: UTC, exclusive.
        values: in order of time.
        fetched_at: UTC.
        expires_at: UTC; ``None`` if it is final.
    """

    series: str
    zone: str
    start: datetime
    end: datetime
    values: Sequence[CarbonIntensity]
    fetched_at: datetime
    expires_at: datetime | None


class IntensityCache(Protocol):
    """Keeps answers; the store does it for good."""

    def known(self, series: str, zone: str, start: datetime, end: datetime, now: datetime) -> Known:
        """What is kept for ``start`` to ``end`` and still holds at ``now``.

        Raises:
            StoreError: it cannot be read.
        """

    def keep(self, answer: Answer) -> None:
        """Keep an answer; it replaces what was kept of that stretch.

        Raises:
            StoreError: it cannot be written.
        """
