"""All devices of a process: readings in, levels at edges and stretches out."""

from __future__ import annotations

import threading
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from tracker.energy.channel import Channel, Notice
from tracker.energy.curve import Stretch
from tracker.model.device import Device
from tracker.model.energy import CounterCheck, EnergyAmount
from tracker.model.reading import Reading, ReadWish
from tracker.model.units import ns_from_s

GIVE_UP_NS: Final = ns_from_s(5)
"""A device that is silent for so long no longer holds up the others' edges."""


TOGETHER_NS: Final = ns_from_s(0.002)
"""Wishes no further apart than this are one round."""


class Edge(Struct, eq=False):
    """An instant at which somebody wants to know every device's energy.

    Attributes:
        time_ns: on the monotonic clock.
        levels: energy and its random error by device id, once settled.
    """

    time_ns: int
    levels: Mapping[str, EnergyAmount] | None = None


def energy_between(start: Edge, end: Edge) -> dict[str, EnergyAmount] | None:
    """What every device used between two edges; ``None`` before both are settled."""
    if start.levels is None or end.levels is None:
        return None
    amounts = {}
    for device_id, after in end.levels.items():
        before = start.levels.get(device_id, EnergyAmount(0.0, 0.0))
        slack_j = (before.slack_j**2 + after.slack_j**2) ** 0.5
        amounts[device_id] = EnergyAmount(max(after.energy_j - before.energy_j, 0.0), slack_j)
    return amounts


class Meter:
    """The energy of all devices; fed by the sampler's thread, asked by any.

    Args:
        notice: called with what went wrong, the device's id and a message.
    """

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._notices: list[tuple[str, str, str]] = []
        self._channels: dict[str, Channel] = {}
        self._pending: deque[Edge] = deque()
        self._settled = threading.Condition(threading.Lock())

    def add(self, devices: Iterable[Device]) -> None:
        """Devices that will be read."""
        with self._settled:
            for device in devices:
                self._channels[device.id] = Channel(device, self._note)

    def _note(self, kind: str, device_id: str, message: str) -> None:
        self._notices.append((kind, device_id, message))

    def close(self, device_id: str) -> None:
        """The device is gone; what it has used stays."""
        with self._settled:
            if device_id in self._channels:
                self._channels[device_id].closed = True

    def take(self, readings: Sequence[Reading]) -> None:
        """Book readings and settle the edges that they decide."""
        with self._settled:
            for reading in readings:
                self._channels[reading.device_id].take(reading)
            if readings:
                self._settle_known(readings[-1].monotonic_ns)
            elif self._pending:  # nothing is read: an instant counts as silent by those after it
                self._settle_known(self._pending[-1].time_ns)
            notices, self._notices = self._notices, []
        for notice in notices:  # whoever is told may hold a lock that waits for ours
            self._notice(*notice)

    def _settle_known(self, now_ns: int) -> None:
        pending = self._pending  # whoever marks an instant appends to it meanwhile
        later = bisect(
            range(len(pending)),
            False,
            key=lambda place: not self._decides(pending[place].time_ns, now_ns),
        )
        if later:
            self._settle_all([pending.popleft() for _ in range(later)])
            self._settled.notify_all()

    def _decides(self, edge_ns: int, now_ns: int) -> bool:
        if now_ns - edge_ns > GIVE_UP_NS:
            return True
        return all(channel.knows(edge_ns) for channel in self._channels.values())

    def _settle_all(self, edges: Iterable[Edge]) -> None:
        known = [
            (device_id, channel.level_j, channel.edge_slack_j)
            for device_id, channel in self._channels.items()
            if not channel.curve.empty and not channel.has_shown_nothing
        ]
        for edge in edges:
            if edge.levels is None:
                edge.levels = {
                    device_id: EnergyAmount(level_j(edge.time_ns), slack_j)
                    for device_id, level_j, slack_j in known
                }

    def mark(self, time_ns: int) -> Edge:
        """Ask for the levels at an instant; they settle as readings come in. Never waits."""
        edge = Edge(time_ns)
        self._pending.append(edge)  # in one step: without the lock
        return edge

    def settle(self, edge: Edge, timeout_s: float) -> None:
        """Wait for an edge, then settle it with what is known: its value is final."""
        with self._settled:
            self._settled.wait_for(lambda: edge.levels is not None, timeout_s)
            self._settle_all([edge])

    def wants_read_at(self, now_ns: int) -> ReadWish | None:
        """When the next read would tell most, and of what; ``None`` if any time will do."""
        with self._settled:
            edge_ns = self._pending[-1].time_ns if self._pending else None
            wishes = {
                device_id: wish_ns
                for device_id, channel in self._channels.items()
                if (wish_ns := channel.wants_read_at(now_ns, edge_ns)) is not None
            }
        if not wishes:
            return None
        first_ns = min(wishes.values())
        together_ns = first_ns + TOGETHER_NS
        return ReadWish(first_ns, frozenset(key for key, ns in wishes.items() if ns < together_ns))

    def is_closed(self, device_id: str) -> bool:
        """Whether the device is gone."""
        with self._settled:
            return self._channels[device_id].closed

    def checks(self) -> dict[str, tuple[CounterCheck, bool]]:
        """Counters beside power readings so far by device, and whether they are suspect."""
        with self._settled:
            return {
                device_id: (channel.check, channel.is_suspect)
                for device_id, channel in self._channels.items()
                if channel.check is not None
            }

    def power_w(self) -> dict[str, float]:
        """The last power by device."""
        with self._settled:
            return {
                device_id: channel.power_w
                for device_id, channel in self._channels.items()
                if not channel.curve.empty and not channel.closed
            }

    def levels_j(self, time_ns: int) -> dict[str, float]:
        """Joules by device at an instant, as well as they are known now."""
        with self._settled:
            return {
                device_id: channel.level_j(time_ns)
                for device_id, channel in self._channels.items()
                if not channel.curve.empty
            }

    def stretches(
        self, device_id: str, start_ns: int, end_ns: int, *, final: bool
    ) -> tuple[list[Stretch], float]:
        """The device's pieces between two instants, and the random error of a level, in joules."""
        with self._settled:
            channel = self._channels[device_id]
            return channel.stretches(start_ns, end_ns, final=final), channel.edge_slack_j

    def forget_before(self, time_ns: int) -> None:
        """Drop what nobody will ask for; edges that wait are kept."""
        with self._settled:
            if self._pending:
                time_ns = min(time_ns, self._pending[0].time_ns)
            for channel in self._channels.values():
                channel.curve.forget_before(time_ns)
