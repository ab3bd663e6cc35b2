"""A provider of carbon intensity: one file in ``plugins/grid/``.

A provider translates zone, request and answer, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch


class Grid(Protocol):
    """An opened provider."""

    signal: Signal
    scope: Scope

    def zones(self) -> Mapping[str, str]:
        """Every zone it knows, with its name for people."""

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The intensities that cover ``start`` to ``end`` (UTC), in order of time.

        Raises:
            ZoneUnknown: not one of its zones.
            IntensityMissing: nothing for that time.
            GridUnavailable: it cannot be asked now.
        """


class GridPlugin(Protocol):
    """A module in ``plugins/grid/``."""

    def open(self, fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
        """Prepare the provider; no network yet.

        Args:
            fetch: how to ask; ``None`` where no network is allowed.
            options: the provider's own settings.
        """
