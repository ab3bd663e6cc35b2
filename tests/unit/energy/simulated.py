"""A device under a known waveform, and a sampler that needs no clock."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Sequence
from typing import Protocol

from msgspec import Struct

from tracker.energy.meter import Edge, Meter
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import EnergyReading, PowerReading, Reading
from tracker.model.units import ns_from_s


class Wave(Struct, frozen=True):
    """A square wave between two powers; constant where they are equal."""

    low_w: float
    high_w: float
    period_s: float = 1.0
    phase_s: float = 0.0

    def power_w(self, time_s: float) -> float:
        share = ((time_s + self.phase_s) / self.period_s) % 1.0
        return self.high_w if share < 0.5 else self.low_w

    def energy_j(self, time_s: float) -> float:
        """Joules since -phase."""
        periods, share = divmod((time_s + self.phase_s) / self.period_s, 1.0)
        mean_w = (self.low_w + self.high_w) / 2
        inside_s = min(share, 0.5) * self.high_w + max(share - 0.5, 0.0) * self.low_w
        return (periods * mean_w + inside_s) * self.period_s


class Counter(Struct, frozen=True):
    """Publishes a wave's integral every ``refresh_s``, off by ``phase_s``."""

    device_id: str
    wave: Wave
    refresh_s: float = 0.1
    phase_s: float = 0.0
    offset_j: float = 0.0

    def read(self, now_s: float) -> list[Reading]:
        if self.refresh_s:
            tick = math.floor((now_s - self.phase_s) / self.refresh_s)
            shown_s = tick * self.refresh_s + self.phase_s
        else:
            shown_s = now_s
        now_ns = ns_from_s(now_s)
        energy_j = 1000.0 + self.offset_j + self.wave.energy_j(shown_s)
        instant_w = (self.wave.energy_j(shown_s) - self.wave.energy_j(shown_s - 0.025)) / 0.025
        return [
            EnergyReading(self.device_id, now_ns, energy_j),
            PowerReading(self.device_id, now_ns, instant_w, 0.025, self.refresh_s),
        ]


class Averager(Struct, frozen=True):
    """Shows a wave's mean over the last second, published every 100 ms."""

    device_id: str
    wave: Wave
    refresh_s: float = 0.1
    phase_s: float = 0.0

    def read(self, now_s: float) -> list[Reading]:
        tick = math.floor((now_s - self.phase_s) / self.refresh_s)
        shown_s = tick * self.refresh_s + self.phase_s
        mean_w = self.wave.energy_j(shown_s) - self.wave.energy_j(shown_s - 1.0)
        return [PowerReading(self.device_id, ns_from_s(now_s), mean_w, 1.0, self.refresh_s)]


def device(device_id: str, refresh_s: float = 0.0) -> Device:
    return Device(
        device_id,
        DeviceKind.GPU,
        device_id,
        Accuracy.of("counter:gpu", 0.98, 1.09),
        refresh_s=refresh_s,
    )


class Sensor(Protocol):
    """A device whose power is known."""

    @property
    def device_id(self) -> str: ...

    @property
    def wave(self) -> Wave: ...

    def read(self, now_s: float) -> list[Reading]: ...


class Rig:
    """Reads devices as the sampler does: every second, and when the meter wishes."""

    def __init__(
        self,
        devices: Sequence[Sensor],
        known_as: Sequence[Device] = (),
        *,
        lateness_s: float = 0.0005,
        seed: float = 7,
    ) -> None:
        self.devices = list(devices)
        self.notices: list[tuple[str, str, str]] = []
        self.meter = Meter(lambda *notice: self.notices.append(notice))
        self.meter.add(
            known_as
            or [device(one.device_id, 0.1 if isinstance(one, Counter) else 0.0) for one in devices]
        )
        self.now_s = 100.0
        self.reads = 0
        self._regular_s = self.now_s
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._lateness_s = lateness_s

    def read(self, *, everything: bool = True, only: Collection[str] | None = None) -> None:
        self.reads += 1
        readings = []
        for one in self.devices:
            if only is not None and one.device_id not in only:
                continue
            if everything or isinstance(one, Counter):
                readings += one.read(self.now_s)
                self.now_s += 0.00002
        self.meter.take(readings)

    def run_until(self, end_s: float) -> None:
        """Let time pass, reading on the way."""
        while True:
            wish = self.meter.wants_read_at(ns_from_s(self.now_s))
            regular = self._regular_s
            due_s = regular if wish is None else min(regular, wish.time_ns / 1e9)
            if due_s >= end_s:
                self.now_s = max(self.now_s, end_s)
                return
            late = abs(self._random.gauss(0, self._lateness_s))
            self.now_s = max(self.now_s, due_s) + late
            if due_s == regular:
                self.read()
                self._regular_s += 1.0
            elif wish is not None:
                self.read(everything=False, only=wish.device_ids)

    def edge(self) -> Edge:
        """An edge now, with the read that the sampler makes at once."""
        edge = self.meter.mark(ns_from_s(self.now_s))
        self.read(everything=False)
        return edge

    def stop(self, patience_s: float = 0.045) -> Edge:
        """The edge at the end of a run: waits no longer than ``patience_s``."""
        edge = self.meter.mark(ns_from_s(self.now_s))
        self.read()
        self.run_until(self.now_s + patience_s)
        self.meter.settle(edge, 0.0)
        return edge
