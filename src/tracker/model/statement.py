"""What a report in a format of its own is written of: runs, and what they come to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tracker.model.plain import plain

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

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
        basis: table and lifetime.
        range_from: how wide the range is, and why.
        missing: hardware of which the table has nothing.
    """

    carbon_g: Amount | None
    basis: str
    range_from: str
    missing: tuple[str, ...] = ()


class Group(Struct, frozen=True):
    """Some of a project's runs, summed.

    Attributes:
        name: ``final``, ``tuning``, ``failed``, ``abandoned``, ``running``, or ``all``.
        runs: how many.
        duration_s: of all, one after the other.
        gpu_hours: hours of all GPUs; ``None`` where no run had one.
        energy_j: ``None`` where nothing was read.
        carbon_g: ``None`` where nothing is priced.
        electricity_usd: of the energy, without PUE.
        cloud_usd: lowest and highest price of the GPU-hours; ``None`` where no price was said.
    """

    name: str
    runs: int
    duration_s: float
    gpu_hours: float | None
    energy_j: Amount | None
    carbon_g: Amount | None
    electricity_usd: Amount | None
    cloud_usd: tuple[float, float] | None


class Development(Struct, frozen=True):
    """What it took to come to the final runs.

    Attributes:
        final_is: the patterns that make a run final.
        groups: those that have runs, the final ones first.
        whole: all of them.
        energy_ratio: energy of the whole over that of the final runs, errors that both
            share left out; ``None`` where no final run has energy.
        usd_per_kwh: what the electricity is priced at.
    """

    final_is: tuple[str, ...]
    groups: tuple[Group, ...]
    whole: Group
    energy_ratio: Amount | None
    usd_per_kwh: float


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
        shared_j: joules that several of the runs counted, and that are in the sums once.
        energy_j: of the devices in the totals, before any PUE; ``None`` where nothing was
            read.
        carbon_g: at each run's current pricing, PUE included.
        unpriced: short ids of runs whose energy has no price and is not in ``carbon_g``.
        embodied: never part of ``carbon_g``.
        equivalents: the CO2e in familiar things, each with region, year and source.
        power_w: mean power in watts from each time on, of a single run.
        development: the project's runs by what became of them, where that was asked for.
        records: what the store keeps of each run, by table, for a format that is read back.
        given: what a person said of fields that the store cannot fill, by field.
    """

    title: str
    project: str
    made_at: datetime
    version: str
    runs: Sequence[RunReport]
    within: tuple[str, ...] = ()
    shared_j: float = 0.0
    energy_j: Amount | None = None
    carbon_g: Amount | None = None
    unpriced: tuple[str, ...] = ()
    embodied: Embodied | None = None
    equivalents: tuple[str, ...] = ()
    power_w: Sequence[tuple[datetime, float]] = ()
    development: Development | None = None
    records: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The statement as JSON values, as ``RunReport.to_dict`` writes them."""
        values: dict[str, Any] = plain(self)
        values.pop("records")
        return values
