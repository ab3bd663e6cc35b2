"""A run's devices: which count, which turned out not to be ours, and what was found of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec.structs import replace

from tracker.energy.meter import Meter
from tracker.live.choice import choose
from tracker.model.device import NotCounted, whole_of
from tracker.model.energy import CounterCheck
from tracker.model.reading import Settled
from tracker.model.run import Attribution, SegmentDevice
from tracker.sampling.selection import Selection


class RunDevices:
    """The devices of one run in this process, as the store keeps them.

    Args:
        segment_id: the run's part in this process.
        meter: compares counters with powers, for as long as the process samples.
        wanted: which devices count, as the setting ``devices`` says; all if ``None``.
        attribution: whole devices, or one process tree's share of each.
    """

    def __init__(
        self,
        segment_id: UUID,
        meter: Meter,
        wanted: Sequence[str] | None,
        attribution: Attribution,
    ) -> None:
        self._segment_id = segment_id
        self._attribution = attribution
        self._meter = meter
        self._wanted = wanted
        self._checked_before = meter.checks()
        self._by_id: dict[str, SegmentDevice] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """Every device that is read for the run, in the total or not."""
        return tuple(self._by_id)

    @property
    def ours(self) -> frozenset[str]:
        """Those that have not turned out to be somebody else's."""
        return frozenset(key for key, one in self._by_id.items() if one.left_out is None)

    @property
    def in_total(self) -> frozenset[str]:
        """Those whose energy is added."""
        return frozenset(key for key, one in self._by_id.items() if one.in_total)

    def opened(self, selection: Selection) -> tuple[list[SegmentDevice], tuple[NotCounted, ...]]:
        """The devices that were found, and those that are not counted."""
        choice = choose(selection, self._wanted, self._attribution)
        for one in choice.counted:
            self._by_id[one.device.id] = SegmentDevice(
                self._segment_id, one.device, one.source, one.covered_by, one.left_out
            )
        return list(self._by_id.values()), choice.not_counted

    def settled(self, answers: Iterable[Settled]) -> list[SegmentDevice]:
        """It is known whose some devices are; their records."""
        changed = []
        for answer in answers:
            for device_id, known in self._by_id.items():
                if whole_of(device_id) == answer.device_id:
                    self._by_id[device_id] = replace(known, left_out=answer.left_out)
                    changed.append(self._by_id[device_id])
        return changed

    def checked(self, *, final: bool) -> list[SegmentDevice]:
        """Devices whose counter turned suspect; ``final`` all that were compared with power."""
        changed = []
        for device_id, (check, is_suspect) in self._meter.checks().items():
            known = self._by_id.get(device_id)
            if known is None or not (final or is_suspect != known.suspect):
                continue
            since = self._since(device_id, check)
            self._by_id[device_id] = replace(known, check=since, suspect=is_suspect)
            changed.append(self._by_id[device_id])
        return changed

    def _since(self, device_id: str, check: CounterCheck) -> CounterCheck | None:
        before, _ = self._checked_before.get(device_id, (CounterCheck(0.0, 0.0), False))
        if check == before:
            return None
        return CounterCheck(check.counted_j - before.counted_j, check.polled_j - before.polled_j)
