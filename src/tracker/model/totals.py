"""What runs come to together, by group."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tracker.model.plain import plain


class GroupTotal(Struct, frozen=True):
    """What the runs of a group come to; energies in joules, carbon in grams.

    Attributes:
        group: the project, month, host … ; empty for all together, and where a run has none.
        runs: how many; a run that a group holds a part of counts.
        unread_runs: those of which nothing was read; they are in no figure.
        duration_s: of all runs, one after the other.
        energy_j: each joule once, though several runs of the group counted it; ``None``
            where nothing was read.
        carbon_g: at each run's current pricing, PUE included; ``None`` where nothing is
            priced.
        unpriced_j: joules without a price, which have no part in the carbon.
        shared_j: joules that runs of other groups counted too: they are in those groups as
            well, and in all together once.
    """

    group: str
    runs: int
    unread_runs: int
    duration_s: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None
    unpriced_j: float
    shared_j: float


class Totals(Struct, frozen=True):
    """Groups of runs and all of them together, where each joule counts once.

    Attributes:
        by: what they are grouped by: ``project``, ``month`` (of the start, UTC), ``host``,
            ``user``, ``device``, ``tag:KEY``.
        groups: in the order of their names.
        total: less than the sum of the groups where a run is in several.
        scopes: what the CO2e of these runs counts: more than one of ``lifecycle``, ``direct``
            and ``unknown`` where figures that are not to be compared were added.
    """

    by: str
    groups: tuple[GroupTotal, ...]
    total: GroupTotal
    scopes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The totals as JSON values."""
        values: dict[str, Any] = plain(self)
        return values
