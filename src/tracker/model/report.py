"""All that people look at, computed once from the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tracker.model.plain import plain
from tracker.model.units import kwh_from_j

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tracker.model.device import DeviceKind, NotCounted
    from tracker.model.energy import CounterCheck
    from tracker.model.run import RunStatus


class IdleReport(Struct, frozen=True):
    """What of a device's energy it would have used idle; a part of it, never taken off.

    Attributes:
        energy_j: at the idle power, over the time that was read.
        power_w: the idle power.
        measured_at: when ``tracker doctor --baseline`` measured that, UTC; ``None`` where it
            is the mean of the run's quietest minute: then it is at most so much.
    """

    energy_j: float
    power_w: float
    measured_at: datetime | None


class RemainderReport(Struct, frozen=True):
    """Energy of what no source reads: fans, boards, power supply. Not part of any total.

    Attributes:
        ratio: over the energy of the devices read, as the setting gives it.
        energy_j: that share of it; of a whole node, which is metered with all of this,
            there is no remainder.
    """

    ratio: float
    energy_j: float
    low_j: float
    high_j: float


class DeviceReport(Struct, frozen=True):
    """One device's part of a run; energies in joules.

    Attributes:
        method: the weakest method that gave a part of it.
        coverage: seconds read over seconds lived, 0 to 1.
        energy_by_method_j: joules by method.
        covered_by: the device whose figure already holds this one's, or ``None``.
        suspect: its counter and its power readings disagree by more than both may err.
        check: both of them, over the time that both were read, or ``None``.
        idle: what of it the device would have used idle, or ``None``.
    """

    device_id: str
    kind: DeviceKind
    name: str
    source: str
    accuracy_class: str
    energy_j: float
    low_j: float
    high_j: float
    method: str
    energy_by_method_j: Mapping[str, float]
    coverage: float
    in_total: bool
    covered_by: str | None
    suspect: bool = False
    check: CounterCheck | None = None
    idle: IdleReport | None = None


class PhaseReport(Struct, frozen=True):
    """One phase; energies in joules, ``None`` while they are not settled.

    Attributes:
        index: its place among its namesakes, from 0.
        parent: place of the phase around it in the report's list, or ``None``.
        metrics: what was logged inside it; the last value of each name.
    """

    name: str
    index: int
    parent: int | None
    start: datetime
    end: datetime | None
    duration_s: float
    energy_j: float | None
    low_j: float | None
    high_j: float | None
    energy_by_kind_j: Mapping[str, float]
    carbon_g: float | None
    metrics: Mapping[str, float]


class PricingPart(Struct, frozen=True):
    """A part of a run's energy and whose figure it is priced with.

    Attributes:
        energy_ratio: of the run's energy, 0 to 1.
        estimated: the provider, or we, estimated the figure.
    """

    provider: str
    zone: str
    signal: str
    scope: str
    estimated: bool
    energy_ratio: float


class CostReport(Struct, frozen=True):
    """What the run's electricity cost, before any PUE; the price is taken as exact."""

    currency: str
    amount: float
    low: float
    high: float
    source: str


class WaterReport(Struct, frozen=True):
    """Litres that the run's electricity took, before any PUE; ``None`` where no figure is."""

    site_l: float | None
    grid_l: float | None
    source: str


class PricingReport(Struct, frozen=True):
    """One pricing and what it makes of the run's energy; ``carbon_g`` includes the PUE.

    Attributes:
        provider: the one that was chosen; ``parts`` say which ones gave the figures.
        parts: the largest first.
        cost: ``None`` where no price is known.
        water: ``None`` where no figure is known.
    """

    id: UUID
    provider: str
    zone: str
    zone_name: str
    location_origin: str
    signal: str
    scope: str
    basis: str
    g_per_kwh_mean: float
    g_per_kwh_low: float
    g_per_kwh_high: float
    pue: float
    pue_source: str
    carbon_g: float
    carbon_low_g: float
    carbon_high_g: float
    source: str
    provisional: bool
    current: bool
    made_at: datetime
    what_if: bool = False
    parts: tuple[PricingPart, ...] = ()
    cost: CostReport | None = None
    water: WaterReport | None = None


class OverlapReport(Struct, frozen=True):
    """Another run that measured the same device at the same time."""

    run_id: UUID
    short_id: str
    device_id: str
    start: datetime
    end: datetime
    energy_j: float


class EventReport(Struct, frozen=True):
    """Something that went wrong or was decided."""

    at: datetime
    kind: str
    subject: str
    message: str


class RunSummary(Struct, frozen=True):
    """One line of a list of runs; energies in joules, carbon in grams."""

    run_id: UUID
    short_id: str
    name: str
    project: str
    tags: Mapping[str, str]
    status: RunStatus
    hostname: str
    started_at: datetime
    duration_s: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON values, as ``RunReport.to_dict`` writes them."""
        values: dict[str, Any] = plain(self)
        return values


class RunReport(Struct, frozen=True):
    """A run's totals with ranges, by device and phase, its pricing, and what is missing.

    ``energy_*`` is the energy of the devices read, before any PUE; ``carbon_*`` is the
    current pricing's. ``kept`` is false where the store could not be written: then
    this report is all there is. ``error`` is why a run failed, in one line; ``parent_id``
    is the run around it (``tracker run``), whose energy already holds this one's.
    ``attribution`` says whether whole devices count, or the share of this run's processes.
    """

    run_id: UUID
    short_id: str
    name: str
    project: str
    tags: Mapping[str, str]
    params: Mapping[str, object]
    status: RunStatus
    kept: bool
    store: str
    started_at: datetime
    ended_at: datetime | None
    last_seen_at: datetime
    duration_s: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None
    power_w: Mapping[str, float]
    open_phases: tuple[str, ...]
    devices: tuple[DeviceReport, ...]
    phases: tuple[PhaseReport, ...]
    pricings: tuple[PricingReport, ...]
    overlaps: tuple[OverlapReport, ...]
    not_counted: tuple[NotCounted, ...]
    events: tuple[EventReport, ...]
    metrics: Mapping[str, float]
    provenance: Mapping[str, object]
    error: str | None = None
    parent_id: UUID | None = None
    attribution: str = "machine"
    note: str = ""
    remainder: RemainderReport | None = None

    @property
    def energy_kwh(self) -> float | None:
        """The energy in kilowatt-hours; ``None`` where nothing was read."""
        return None if self.energy_j is None else kwh_from_j(self.energy_j)

    @property
    def pricing(self) -> PricingReport | None:
        """The pricing that the carbon figures come from."""
        return next((pricing for pricing in self.pricings if pricing.current), None)

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from tracker.model.html import report_html  # noqa: PLC0415 - only in a notebook

        return report_html(self)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values: times ISO 8601 UTC with microseconds, ids as text."""
        values: dict[str, Any] = plain(self)
        return values
