"""A run as what differences are made of: shares of boards by device and by phase."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tracker.history.energy import board_of
from tracker.history.figures import figures_of
from tracker.history.listing import Line, line_of
from tracker.history.status import Vantage
from tracker.model.ranges import Share
from tracker.model.report import PricingReport
from tracker.model.run import Phase
from tracker.store.found import RunDetails, RunRecords
from tracker.store.reader import Reader

EPOCH = "epoch"


class Profile(Struct, frozen=True):
    """One run.

    Attributes:
        shares: of the devices in the total.
        devices: of those by name.
        phases: of those by path, summed over the phases of one path.
        epoch: of the mean epoch; ``None`` where there is none that is settled.
        metrics: the last value of each name.
        pricing: the current one.
    """

    line: Line
    shares: Sequence[Share]
    devices: Mapping[str, Sequence[Share]]
    phases: Mapping[str, Sequence[Share]]
    epoch: Sequence[Share] | None
    metrics: Mapping[str, float]
    pricing: PricingReport | None


def profile_of(reader: Reader, run_id: UUID, vantage: Vantage) -> Profile:
    """A run's profile as it is stored now.

    Raises:
        RunNotFound: it is not there.
        StoreError: the store cannot be read.
    """
    records, details = reader.run(run_id)
    figures = figures_of(reader, records, vantage)
    counted = [board for board in figures.boards if board.was_read and board.device.in_total]
    devices: defaultdict[str, list[Share]] = defaultdict(list)
    for board in counted:
        devices[board.device.device.name].append(board.share)
    paths = _paths(details.phases)
    by_path, epochs = _by_path(records, details, paths)
    return Profile(
        line=line_of(figures, records),
        shares=[board.share for board in counted],
        devices=devices,
        phases=by_path,
        epoch=scaled(by_path[EPOCH], 1 / epochs) if EPOCH in by_path else None,
        metrics={metric.name: metric.value for metric in details.metrics},
        pricing=figures.carbon,
    )


def scaled(shares: Iterable[Share], factor: float) -> list[Share]:
    """The same shares of something smaller or larger."""
    return [
        replace(one, energy_j=one.energy_j * factor, slack_j=one.slack_j * abs(factor))
        for one in shares
    ]


def _paths(phases: Iterable[Phase]) -> dict[tuple[UUID, int], str]:
    """The name of each phase after those around it; a parent comes before its children."""
    paths: dict[tuple[UUID, int], str] = {}
    for phase in sorted(phases, key=lambda one: one.number):
        above = "" if phase.parent is None else paths.get((phase.segment_id, phase.parent), "")
        paths[phase.segment_id, phase.number] = f"{above}/{phase.name}" if above else phase.name
    return paths


def _by_path(
    records: RunRecords, details: RunDetails, paths: Mapping[tuple[UUID, int], str]
) -> tuple[dict[str, list[Share]], int]:
    """Shares by path, in order of first start; and how many epochs are settled."""
    segments = {segment.id: segment for segment in records.segments}
    devices = {(one.segment_id, one.device.id): one for one in records.devices if one.in_total}
    found: dict[str, list[Share]] = {}
    epochs = 0
    for phase in details.phases:
        path = paths[phase.segment_id, phase.number]
        shares = found.setdefault(path, [])
        epochs += path == EPOCH and phase.energy is not None
        for device_id, amount in (phase.energy or {}).items():
            if device := devices.get((phase.segment_id, device_id)):
                board = board_of(segments[phase.segment_id], device_id)
                accuracy = device.device.accuracy
                shares.append(Share(board, accuracy, amount.energy_j, amount.slack_j))
    return {path: shares for path, shares in found.items() if shares}, epochs
