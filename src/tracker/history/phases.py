"""A run's phases as people see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tracker.carbon.accountant import carbon_between_g
from tracker.history.energy import board_of
from tracker.model.carbon import Pricing
from tracker.model.ranges import Share, energy_range
from tracker.model.report import PhaseReport
from tracker.model.run import Metric, Phase, Segment, SegmentDevice

_Place = tuple[UUID, int]
"""A phase's segment and number."""


class PhaseBook(Struct, frozen=True):
    """What all phases of a run are computed with.

    Attributes:
        segments: by id.
        devices: by segment and device id.
        pricing: the current one, if there is any.
        last_seen_at: until when a phase lasts that is still open, UTC.
    """

    segments: Mapping[UUID, Segment]
    devices: Mapping[tuple[UUID, str], SegmentDevice]
    pricing: Pricing | None
    last_seen_at: datetime

    def reports(
        self, phases: Sequence[Phase], metrics: Iterable[Metric]
    ) -> tuple[PhaseReport, ...]:
        """All phases; they, and the metrics, are given in the order of time."""
        positions = {_place(phase): position for position, phase in enumerate(phases)}
        inside = _metrics_inside(phases, metrics)
        return tuple(self._report(phase, positions, inside[_place(phase)]) for phase in phases)

    def _report(
        self, phase: Phase, positions: Mapping[_Place, int], metrics: Mapping[str, float]
    ) -> PhaseReport:
        end = phase.ended_at or max(self.last_seen_at, phase.started_at)
        shares = self._shares(phase)
        energy_j = sum(share.energy_j for share in shares) if shares else None
        bounds = energy_range(shares) if shares else None
        parent = None if phase.parent is None else positions.get((phase.segment_id, phase.parent))
        return PhaseReport(
            name=phase.name,
            index=phase.index,
            parent=parent,
            start=phase.started_at,
            end=phase.ended_at,
            duration_s=(end - phase.started_at).total_seconds(),
            energy_j=energy_j,
            low_j=bounds.low if bounds else None,
            high_j=bounds.high if bounds else None,
            energy_by_kind_j=self._by_kind_j(phase),
            carbon_g=self._carbon_g(energy_j, phase.started_at, end),
            metrics=metrics,
        )

    def _counted(self, phase: Phase) -> list[tuple[SegmentDevice, float, float]]:
        """Device, joules and slack of each device in the total."""
        found = []
        for device_id, amount in (phase.energy or {}).items():
            device = self.devices.get((phase.segment_id, device_id))
            if device is not None and device.in_total:
                found.append((device, amount.energy_j, amount.slack_j))
        return found

    def _shares(self, phase: Phase) -> list[Share]:
        segment = self.segments[phase.segment_id]
        return [
            Share(board_of(segment, one.device.id), one.accuracy, energy_j, slack_j)
            for one, energy_j, slack_j in self._counted(phase)
        ]

    def _by_kind_j(self, phase: Phase) -> dict[str, float]:
        by_kind_j: defaultdict[str, float] = defaultdict(float)
        for one, energy_j, _ in self._counted(phase):
            by_kind_j[one.device.kind.value] += energy_j
        return dict(by_kind_j)

    def _carbon_g(self, energy_j: float | None, start: datetime, end: datetime) -> float | None:
        if self.pricing is None or energy_j is None:
            return None
        return carbon_between_g(self.pricing, energy_j, start, end)


def _place(phase: Phase) -> _Place:
    return phase.segment_id, phase.number


def _metrics_inside(
    phases: Sequence[Phase], metrics: Iterable[Metric]
) -> defaultdict[_Place, dict[str, float]]:
    """The last value of each name by phase; what is inside a phase is inside its parents."""
    parents = {_place(phase): phase.parent for phase in phases}
    inside: defaultdict[_Place, dict[str, float]] = defaultdict(dict)
    for metric in metrics:
        number = metric.phase
        while number is not None:
            place = metric.segment_id, number
            inside[place][metric.name] = metric.value
            number = parents.get(place)
    return inside
