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
from tracker.model.ranges import BoardSum, Share, range_of_sums
from tracker.model.report import PhaseReport
from tracker.model.run import Metric, Phase, Segment, SegmentDevice

_Place = tuple[UUID, int]
"""A phase's segment and number."""


class Counted(Struct, frozen=True):
    """A device in the total, as all phases of a segment need it; ``joule`` is the sum of one."""

    kind: str
    joule: BoardSum

    @classmethod
    def by_segment(
        cls, segments: Iterable[Segment], devices: Iterable[SegmentDevice]
    ) -> dict[UUID, dict[str, Counted]]:
        """The devices in the total, by segment and device id."""
        of = {segment.id: segment for segment in segments}
        found: dict[UUID, dict[str, Counted]] = {key: {} for key in of}
        for one in devices:
            if one.in_total:
                share = Share(board_of(of[one.segment_id], one.device.id), one.accuracy, 1.0, 0.0)
                counted = cls(one.device.kind.value, BoardSum.of(share))
                found[one.segment_id][one.device.id] = counted
        return found


class PhaseBook(Struct, frozen=True):
    """What all phases of a run are computed with; there may be a hundred thousand.

    Attributes:
        counted: the devices in the total, by segment and device id.
        pricing: the current one, if there is any.
        last_seen_at: until when a phase lasts that is still open, UTC.
    """

    counted: Mapping[UUID, Mapping[str, Counted]]
    pricing: Pricing | None
    last_seen_at: datetime

    def reports(
        self, phases: Sequence[Phase], metrics: Iterable[Metric]
    ) -> tuple[PhaseReport, ...]:
        """All phases; they, and the metrics, are given in the order of time."""
        positions = {_place(phase): position for position, phase in enumerate(phases)}
        inside = _metrics_inside(phases, metrics)
        return tuple(
            self._report(phase, positions, inside.get(place, {}))
            for phase, place in zip(phases, positions, strict=True)
        )

    def _report(
        self, phase: Phase, positions: Mapping[_Place, int], metrics: Mapping[str, float]
    ) -> PhaseReport:
        end = phase.ended_at or max(self.last_seen_at, phase.started_at)
        sums, by_kind_j = self._sums(phase)
        energy_j = sum(one.energy_j for one in sums) if sums else None
        bounds = range_of_sums(sums).at_least_zero() if sums else None
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
            energy_by_kind_j=by_kind_j,
            carbon_g=self._carbon_g(energy_j, phase.started_at, end),
            metrics=metrics,
        )

    def _sums(self, phase: Phase) -> tuple[list[BoardSum], dict[str, float]]:
        """What each device in the total gave, and joules by kind."""
        sums: list[BoardSum] = []
        by_kind_j: dict[str, float] = {}
        if phase.energy:
            of_segment = self.counted.get(phase.segment_id, {})
            for device_id, amount in phase.energy.items():
                device = of_segment.get(device_id)
                if device is not None:
                    sums.append(device.joule.times(amount.energy_j, amount.slack_j))
                    by_kind_j[device.kind] = by_kind_j.get(device.kind, 0.0) + amount.energy_j
        return sums, by_kind_j

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
