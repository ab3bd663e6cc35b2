"""A run's energy, by board: the sums that ranges are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from tracker.history.status import last_sign
from tracker.model.device import DeviceKind, Method
from tracker.model.energy import CounterCheck
from tracker.model.ranges import Range, Share, energy_range, remainder_range
from tracker.model.report import DeviceReport, IdleReport, RemainderReport
from tracker.model.run import Heartbeat, Segment, SegmentDevice
from tracker.store.found import DeviceSum
from tracker.store.idle import IdlePower

_WEAKEST_FIRST: Final = tuple(reversed(Method))


def board_of(segment: Segment, device_id: str) -> str:
    """What tells one board from another: ``cpu:package-0`` is on every machine."""
    return f"{segment.host_id}/{device_id}"


class Board(Struct):
    """One board's part of a run, over all its segments."""

    board: str
    device: SegmentDevice
    lived_s: float = 0.0
    covered_s: float = 0.0
    slack_j2: float = 0.0
    energy_by_method_j: defaultdict[Method, float] = field(
        default_factory=lambda: defaultdict(float)
    )

    def add(self, part: DeviceSum) -> None:
        """One segment's energy by one method; a bridge that was taken back is none."""
        if part.method is Method.BRIDGED and part.energy_j == 0:
            return
        self.energy_by_method_j[part.method] += part.energy_j
        self.slack_j2 += part.slack_j**2
        self.covered_s += part.covered_s

    @property
    def was_read(self) -> bool:
        """Whether there is any figure of it, be it 0."""
        return bool(self.energy_by_method_j)

    @property
    def energy_j(self) -> float:
        """Of all methods."""
        return sum(self.energy_by_method_j.values())

    @property
    def share(self) -> Share:
        """As ranges are made of."""
        return Share(self.board, self.device.accuracy, self.energy_j, self.slack_j2**0.5)

    @property
    def key(self) -> tuple[str, str]:
        """Host and device, as idle powers are kept."""
        host_id, _, device_id = self.board.partition("/")
        return host_id, device_id

    def idle(self, power: IdlePower | None) -> IdleReport | None:
        """What it would have used idle; at most all that it did."""
        if power is None:
            return None
        energy_j = min(power.power_w * self.covered_s, self.energy_j)
        return IdleReport(energy_j, power.power_w, power.measured_at)

    def report(self) -> DeviceReport:
        """As people see it."""
        device, bounds = self.device.device, energy_range([self.share])
        by_method = self.energy_by_method_j
        return DeviceReport(
            device_id=device.id,
            kind=device.kind,
            name=device.name,
            source=self.device.source,
            accuracy_class=device.accuracy.accuracy_class,
            energy_j=self.energy_j,
            low_j=bounds.low,
            high_j=bounds.high,
            method=next(method for method in _WEAKEST_FIRST if method in by_method),
            energy_by_method_j={one: by_method[one] for one in Method if one in by_method},
            coverage=min(self.covered_s / self.lived_s, 1.0) if self.lived_s > 0 else 1.0,
            in_total=self.device.in_total,
            covered_by=self.device.covered_by,
            suspect=self.device.suspect,
            check=self.device.check,
        )


def boards_of(
    segments: Sequence[Segment],
    heartbeats: Mapping[UUID, Heartbeat],
    devices: Iterable[SegmentDevice],
    sums: Iterable[DeviceSum],
) -> list[Board]:
    """Every board of the run, in the order of their ids; some may have given nothing."""
    by_id = {segment.id: segment for segment in segments}
    boards: dict[str, Board] = {}
    for device in sorted(devices, key=lambda one: one.device.id):
        segment = by_id[device.segment_id]
        name = board_of(segment, device.device.id)
        lived = last_sign(segment, heartbeats.get(segment.id)) - segment.started_at
        board = boards.setdefault(name, Board(name, device))
        board.lived_s += max(lived.total_seconds() - segment.slept_s, 0.0)
        if board.device is not device:
            board.device = _joined(board.device, device)
    for part in sums:
        boards[board_of(by_id[part.segment_id], part.device_id)].add(part)
    return list(boards.values())


def _joined(one: SegmentDevice, other: SegmentDevice) -> SegmentDevice:
    """The same board in two segments: what either says against its counter counts."""
    checks = [each.check for each in (one, other) if each.check]
    summed = (
        CounterCheck(sum(each.counted_j for each in checks), sum(each.polled_j for each in checks))
        if checks
        else None
    )
    left_out = one.left_out if other.left_out else None
    return replace(one, left_out=left_out, check=summed, suspect=one.suspect or other.suspect)


class Total(Struct, frozen=True):
    """Energy of all boards in the total, in joules."""

    energy_j: float
    bounds: Range


def total_of(boards: Iterable[Board]) -> Total | None:
    """The sum over the boards in the total; ``None`` where nothing was read."""
    shares = [board.share for board in boards if board.was_read and board.device.in_total]
    if not shares:
        return None
    return Total(sum(share.energy_j for share in shares), energy_range(shares))


def remainder_of(boards: Iterable[Board], ratio: float | None) -> RemainderReport | None:
    """What fans, boards and power supply took, if somebody said how much that is."""
    total = total_of(one for one in boards if one.device.device.kind is not DeviceKind.NODE)
    if ratio is None or total is None:
        return None
    bounds = remainder_range(total.bounds, ratio)
    return RemainderReport(ratio, ratio * total.energy_j, bounds.low, bounds.high)
