"""A run's energy in slots of ten seconds, aligned to UTC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from msgspec import Struct

from tracker.energy.curve import Stretch
from tracker.energy.meter import Meter
from tracker.model.device import Method
from tracker.model.energy import EnergyInterval
from tracker.model.run import SegmentInterval
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Anchor, utc_of

SLOT_NS: Final = ns_from_s(10)

CARRY_AFTER_NS: Final = ns_from_s(0.3)
"""A device whose energy is known to within this of now needs no carrying at a tick."""


class _Slot(Struct):
    """What one device used in one slot by one method."""

    start_ns: int
    end_ns: int
    energy_j: float = 0.0
    variance_j2: float = 0.0
    covered_ns: float = 0.0

    def add(self, piece: Stretch) -> None:
        self.start_ns = min(self.start_ns, piece.start_ns)
        self.end_ns = max(self.end_ns, piece.end_ns)
        self.energy_j += piece.energy_j
        self.variance_j2 += piece.slack_j**2
        self.covered_ns += piece.coverage * (piece.end_ns - piece.start_ns)

    def copy(self) -> _Slot:
        return _Slot(self.start_ns, self.end_ns, self.energy_j, self.variance_j2, self.covered_ns)


_Key = tuple[str, int, Method]


class SlotBook:
    """Books a run's stretches into slots; each tick gives the slots that changed.

    What the meter knows for certain is added once; what it carries beyond that, by the
    last power, is shown in the open slot and replaced at the next tick.

    Args:
        segment_id: whose energy it is.
        anchor: the run's UTC.
        start_ns: when the run began, on the monotonic clock.
    """

    def __init__(self, segment_id: UUID, anchor: Anchor, start_ns: int) -> None:
        self._segment_id = segment_id
        self._anchor = anchor
        self._start_ns = start_ns
        self._booked_ns: dict[str, int] = {}
        self._slots: dict[_Key, _Slot] = {}
        self._shown: dict[_Key, _Slot] = {}

    def booked_to_ns(self) -> int:
        """Nobody will ask for stretches before this instant."""
        return min(self._booked_ns.values(), default=self._start_ns)

    def book(
        self, meter: Meter, device_ids: Iterable[str], now_ns: int, *, final: bool = False
    ) -> list[SegmentInterval]:
        """Book what is known up to ``now_ns``; the slots that changed, as records.

        ``final`` carries every device to ``now_ns``; before the end that is worth it only
        for one that has not been heard of for a while.
        """
        changed: dict[_Key, _Slot] = {}
        slack_j: dict[str, float] = {}
        shown, self._shown = self._shown, {}
        for device_id in device_ids:
            from_ns = self._booked_ns.get(device_id, self._start_ns)
            known, slack_j[device_id] = meter.stretches(device_id, from_ns, now_ns, final=False)
            for piece in known:
                self._add(self._slots, changed, device_id, piece)
            if known:
                from_ns = self._booked_ns[device_id] = known[-1].end_ns
            if meter.is_closed(device_id):  # nothing more will come of it
                from_ns = self._booked_ns[device_id] = now_ns
            if final or now_ns - from_ns > CARRY_AFTER_NS:
                carried, _ = meter.stretches(device_id, from_ns, now_ns, final=True)
                for piece in carried:
                    self._add_shown(changed, device_id, piece)
        for key, slot in shown.items():  # what was carried is taken back unless shown anew
            changed.setdefault(key, self._slots.get(key) or _Slot(slot.start_ns, slot.start_ns))
        self._forget_complete(now_ns)
        return [self._record(key, slot, slack_j[key[0]]) for key, slot in changed.items()]

    def _add(
        self, slots: dict[_Key, _Slot], changed: dict[_Key, _Slot], device_id: str, piece: Stretch
    ) -> None:
        for slot_ns, part in self._cut(piece):
            key = (device_id, slot_ns, piece.method)
            slot = slots.setdefault(key, _Slot(part.start_ns, part.end_ns))
            slot.add(part)
            changed[key] = slot

    def _add_shown(self, changed: dict[_Key, _Slot], device_id: str, piece: Stretch) -> None:
        """Show a carried piece in a copy: the next tick books the true one."""
        for slot_ns, part in self._cut(piece):
            key = (device_id, slot_ns, piece.method)
            known = changed.get(key) or self._slots.get(key)
            slot = known.copy() if known else _Slot(part.start_ns, part.end_ns)
            slot.add(part)
            changed[key] = self._shown[key] = slot

    def _cut(self, piece: Stretch) -> Iterator[tuple[int, Stretch]]:
        """A stretch cut where slots meet, with each part's slot in ns since 1970."""
        start_ns = piece.start_ns
        offset_ns = self._anchor.offset_at(start_ns)
        slot_ns = (start_ns + offset_ns) // SLOT_NS * SLOT_NS
        if piece.end_ns + offset_ns <= slot_ns + SLOT_NS:  # as nearly all of them
            yield slot_ns, piece
            return
        while start_ns < piece.end_ns:
            end_ns = min(slot_ns + SLOT_NS - offset_ns, piece.end_ns)
            yield slot_ns, piece.part(start_ns, end_ns)
            start_ns, slot_ns = end_ns, slot_ns + SLOT_NS

    def _forget_complete(self, now_ns: int) -> None:
        oldest_ns = self._anchor.unix_ns(min(self.booked_to_ns(), now_ns)) - SLOT_NS
        self._slots = {key: slot for key, slot in self._slots.items() if key[1] >= oldest_ns}

    def _record(self, key: _Key, slot: _Slot, edge_slack_j: float) -> SegmentInterval:
        device_id, slot_ns, method = key
        lived_ns = slot.end_ns - slot.start_ns
        offset_ns = self._anchor.offset_at(slot.start_ns)  # of a sleep within it nothing is its
        return SegmentInterval(
            self._segment_id,
            utc_of(slot_ns),
            EnergyInterval(
                device_id,
                utc_of(slot.start_ns + offset_ns),
                utc_of(slot.end_ns + offset_ns),
                slot.energy_j,
                (slot.variance_j2 + 2 * edge_slack_j**2) ** 0.5 if lived_ns else 0.0,
                method,
                min(slot.covered_ns / lived_ns, 1.0) if lived_ns else 0.0,
            ),
        )
