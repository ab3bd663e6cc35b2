"""What a run's own processes use of each device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tracker.energy.meter import Meter
from tracker.energy.shares import ShareBook
from tracker.live.choice import WHOLES
from tracker.model.device import Device, DeviceKind, share_of
from tracker.model.reading import PowerReading
from tracker.model.units import ns_from_s
from tracker.ports.source import SharedSource
from tracker.sampling.processes import ProcessTree
from tracker.sampling.selection import Selection

_LEAST_NS: Final = ns_from_s(0.25)
"""Processor time is told in hundredths of a second: shares of shorter stretches are noise."""


Tell = Callable[[str, str, str], None]
"""Called with what happened, the device's id and the message for people."""


class Sharer:
    """Feeds the meter with what this process tree uses of each device.

    Processors and memory are shared by processor time, GPUs as their source tells.

    Args:
        selection: the devices, and the sources that may know who uses them.
        tree: the processes.
        meter: knows the whole devices' energy, and gets the shares'.
        tell: what could not be told.
    """

    def __init__(self, selection: Selection, tree: ProcessTree, meter: Meter, tell: Tell) -> None:
        self._selection = selection
        self._tree = tree
        self._meter = meter
        self._tell = tell
        self._book = ShareBook()
        self._last_ns: int | None = None
        self._begun: set[str] = set()
        self._shares = {
            device.id: share_of(device).id
            for device in selection.devices
            if device.kind not in WHOLES
        }
        meter.add(share_of(one) for one in selection.devices if one.id in self._shares)

    def take(self, now_ns: int) -> None:
        """Book the time since the last call, if that is long enough to tell."""
        if self._last_ns is not None and now_ns - self._last_ns < _LEAST_NS:
            return
        self._last_ns = now_ns
        for one in self._book.readings(now_ns, self._meter.levels_j(now_ns), self._ratios()):
            share_id = self._shares[one.device_id]
            end = PowerReading(share_id, now_ns, one.power_w, one.window_s)
            if share_id in self._begun:
                self._meter.take([end])
                continue
            self._begun.add(share_id)  # a curve begins with its first reading: at the window's
            start_ns = now_ns - ns_from_s(one.window_s)
            self._meter.take([PowerReading(share_id, start_ns, one.power_w, 0.0), end])

    def close(self, device_id: str) -> None:
        """The whole device is gone."""
        if device_id in self._shares:
            self._meter.close(self._shares[device_id])

    def _ratios(self) -> dict[str, float]:
        busy = self._tree.ratio()
        found: dict[str, float] = {}
        for one in self._selection.sources:
            told = self._told_by(one.source)
            for device in one.devices:
                if device.id not in self._shares:
                    continue
                if device.kind is DeviceKind.GPU:
                    found[device.id] = self._of_gpu(device, told)
                elif busy is not None:
                    found[device.id] = busy
        return found

    def _told_by(self, source: object) -> Mapping[str, float | None]:
        if not isinstance(source, SharedSource):
            return {}
        return source.process_shares(self._tree.pids, self._tree.is_known)

    def _of_gpu(self, device: Device, told: Mapping[str, float | None]) -> float:
        ratio = told.get(device.id)
        if ratio is None:
            message = f"{device.id} is counted whole: its driver does not tell who uses it"
            self._tell("share-unknown", device.id, message)
        return 1.0 if ratio is None else ratio
