"""A run's figures as they are booked once it has ended, and the groups that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from tracker.model.ranges import BoardSum
from tracker.model.units import carbon_g


class Dimension(StrEnum):
    """What runs are grouped by; ``host`` and ``device`` divide a run, the others do not."""

    ALL = "all"
    PROJECT = "project"
    MONTH = "month"
    USER = "user"
    HOST = "host"
    DEVICE = "device"


class DeviceShare(Struct, frozen=True):
    """One board's part of a run.

    Attributes:
        name: the device's, as people call it.
        host_id: of the machine that it is in.
    """

    name: str
    host_id: str
    sums: BoardSum


class RunFigures(Struct, frozen=True):
    """A run's figures; energies in joules, ``None`` where nothing was read.

    Attributes:
        user: who ran it; empty where that was left out.
        low_g_per_kwh: the low of the mean intensity, PUE included; ``None`` where the run
            has no price.
        high_g_per_kwh: the high of it.
        shares: of the boards in the total.
    """

    run_id: UUID
    started_at: datetime
    project: str
    user: str
    duration_s: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None
    carbon_g: float | None
    carbon_low_g: float | None
    carbon_high_g: float | None
    low_g_per_kwh: float | None
    high_g_per_kwh: float | None
    shares: tuple[DeviceShare, ...]


class Part(Struct, frozen=True):
    """What a run, or a part of it, gives to a group.

    Attributes:
        unread_runs: 1 where nothing was read.
        unpriced_j: joules without a price, which have no part in ``carbon_g``.
        carbon_at_low_g: grams at the low of the intensity alone; the energy as it is.
    """

    runs: int
    unread_runs: int
    duration_s: float
    energy_j: float
    unpriced_j: float
    carbon_g: float
    carbon_at_low_g: float
    carbon_at_high_g: float
    boards: tuple[BoardSum, ...]


def month_of(at: datetime) -> str:
    """The month of an instant, in UTC: ``2026-11``."""
    return f"{at.astimezone(UTC):%Y-%m}"


def parts_of(run: RunFigures) -> Iterator[tuple[Dimension, str, Part]]:
    """What a run gives to which groups."""
    whole = _part(run, run.shares)
    yield Dimension.ALL, "", whole
    yield Dimension.PROJECT, run.project, whole
    yield Dimension.MONTH, month_of(run.started_at), whole
    yield Dimension.USER, run.user, whole
    by_host: defaultdict[str, list[DeviceShare]] = defaultdict(list)
    by_device: defaultdict[str, list[DeviceShare]] = defaultdict(list)
    for share in run.shares:
        by_host[share.host_id].append(share)
        by_device[share.name].append(share)
    yield from ((Dimension.HOST, key, _part(run, some)) for key, some in by_host.items())
    yield from ((Dimension.DEVICE, key, _part(run, some)) for key, some in by_device.items())


def whole_of(run: RunFigures) -> Part:
    """All of a run, for a group that does not divide it."""
    return _part(run, run.shares)


def _part(run: RunFigures, shares: Sequence[DeviceShare]) -> Part:
    boards = tuple(share.sums for share in shares)
    energy_j = sum(board.energy_j for board in boards)
    low, high = run.low_g_per_kwh, run.high_g_per_kwh
    priced = low is not None and high is not None and run.carbon_g is not None
    ratio = energy_j / run.energy_j if run.energy_j else 0.0
    return Part(
        runs=1,
        unread_runs=int(run.energy_j is None),
        duration_s=run.duration_s,
        energy_j=energy_j,
        unpriced_j=0.0 if priced else energy_j,
        carbon_g=(run.carbon_g or 0.0) * ratio,
        carbon_at_low_g=carbon_g(energy_j, low) if priced and low is not None else 0.0,
        carbon_at_high_g=carbon_g(energy_j, high) if priced and high is not None else 0.0,
        boards=boards,
    )
