"""What a report in a format of its own is written of: runs, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tracker.model.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.report import RunReport


class Amount(Struct, frozen=True):
    """A figure and the bounds that hold the truth in about 95 of 100 cases."""

    value: float
    low: float
    high: float


class Embodied(Struct, frozen=True):
    """CO2e of making the hardware: the runs' share of it.

    Attributes:
        carbon_g: ``None`` where no hardware of the runs is in the table.
        basis: table, lifetime and what the range rests on.
        missing: hardware of which the table has nothing.
    """

    carbon_g: Amount | None
    basis: str
    missing: tuple[str, ...] = ()


class Statement(Struct, frozen=True):
    """Runs and what they come to together.

    Attributes:
        title: the run's name, or the project's.
        project: the project where its runs are summed, empty for a single run.
        made_at: when this was computed, UTC.
        version: of this package.
        runs: newest first.
        within: short ids of runs that lie within another of them, whose energy already
            holds theirs: they are not added.
        energy_j: of the devices in the totals, before any PUE; ``None`` where nothing was
            read.
        carbon_g: at each run's current pricing, PUE included.
        unpriced: short ids of runs whose energy has no price and is not in ``carbon_g``.
        embodied: never part of ``carbon_g``.
        equivalents: the CO2e in familiar things, each with region, year and source.
        power_w: mean power in watts from each time on, of a single run.
        given: what a person said of fields that the store cannot fill, by field.
    """

    title: str
    project: str
    made_at: datetime
    version: str
    runs: Sequence[RunReport]
    within: tuple[str, ...] = ()
    energy_j: Amount | None = None
    carbon_g: Amount | None = None
    unpriced: tuple[str, ...] = ()
    embodied: Embodied | None = None
    equivalents: tuple[str, ...] = ()
    power_w: Sequence[tuple[datetime, float]] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The statement as JSON values, as ``RunReport.to_dict`` writes them."""
        values: dict[str, Any] = plain(self)
        return values
