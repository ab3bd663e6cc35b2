"""What a reader finds: records of runs, and sums over their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from tracker.model.carbon import Pricing
from tracker.model.device import Method
from tracker.model.host import HostFacts
from tracker.model.run import (
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Run,
    Segment,
    SegmentDevice,
)
from tracker.store.idle import IdlePower


class DeviceSum(Struct, frozen=True):
    """All that one device gave to one segment by one method.

    Attributes:
        slack_j: of the intervals in quadrature.
        covered_s: seconds that were read.
    """

    segment_id: UUID
    device_id: str
    method: Method
    energy_j: float
    slack_j: float
    covered_s: float


class RunRecords(Struct, frozen=True):
    """Runs and what a report needs of them, without intervals; ordered as they came.

    Attributes:
        hosts: by host id.
        heartbeats: by segment id.
    """

    runs: tuple[Run, ...]
    segments: tuple[Segment, ...]
    hosts: dict[str, HostFacts]
    heartbeats: dict[UUID, Heartbeat]
    devices: tuple[SegmentDevice, ...]
    sums: tuple[DeviceSum, ...]
    pricings: tuple[Pricing, ...]


class RunDetails(Struct, frozen=True):
    """What only the report of a single run needs, ordered as it came.

    Attributes:
        overlaps: with other runs, as seen from this one.
        idle: power by host and device, where it is known.
    """

    phases: tuple[Phase, ...]
    metrics: tuple[Metric, ...]
    events: tuple[Event, ...]
    overlaps: tuple[Overlap, ...] = ()
    idle: dict[tuple[str, str], IdlePower] = {}


class BookedTotals(Struct, frozen=True):
    """Rows of what was added up: see ``store/figures.py`` for their columns."""

    totals: Sequence[Any]
    classes: Sequence[Any]
    boards: Sequence[Any]
