"""A run's phases, metrics and events, numbered as they come."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import SupportsFloat
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tracker.energy.meter import Edge, Meter, energy_between
from tracker.model.run import Event, Metric, Phase, Record
from tracker.sampling.clock import Anchor


class OpenPhase(Struct, eq=False):
    """A phase with its edges."""

    record: Phase
    start: Edge
    end: Edge | None = None


class Journal:
    """Numbers what happens in a run and hands out the records that changed.

    Args:
        segment_id: whose journal it is.
        anchor: the run's UTC.
        meter: settles the edges.
    """

    def __init__(self, segment_id: UUID, anchor: Anchor, meter: Meter) -> None:
        self._segment_id = segment_id
        self._anchor = anchor
        self._meter = meter
        self._lock = threading.RLock()
        self._open: dict[int, OpenPhase] = {}
        self._unsettled: list[OpenPhase] = []
        self._changed: list[Record] = []
        self._phases = self._metrics = self._events = 0
        self._namesakes: dict[tuple[str, int | None], int] = defaultdict(int)
        self._said: set[tuple[str, str]] = set()

    def begin(self, name: str, parent: OpenPhase | None, now_ns: int) -> OpenPhase:
        """A phase begins."""
        edge = self._meter.mark(now_ns)
        with self._lock:
            above = parent.record.number if parent else None
            index = self._namesakes[name, above]
            self._namesakes[name, above] += 1
            started_at = self._anchor.utc(now_ns)
            record = Phase(self._segment_id, self._phases, name, index, above, started_at)
            self._phases += 1
            phase = OpenPhase(record, edge)
            self._open[record.number] = phase
            self._changed.append(record)
        return phase

    def end(self, phase: OpenPhase, now_ns: int) -> None:
        """A phase ends; its energy follows once both edges are settled."""
        edge = self._meter.mark(now_ns)
        with self._lock:
            if self._open.pop(phase.record.number, None) is None:
                return
            phase.end = edge
            phase.record = replace(phase.record, ended_at=self._anchor.utc(now_ns))
            self._changed.append(phase.record)
            self._unsettled.append(phase)

    def end_all(self, now_ns: int) -> None:
        """The run ends: so do its phases, the innermost first."""
        with self._lock:
            for number in sorted(self._open, reverse=True):
                self.end(self._open[number], now_ns)

    def metric(self, name: str, value: object, phase: OpenPhase | None, now_ns: int) -> None:
        """A value was logged.

        Raises:
            TypeError: it is no number.
        """
        if not isinstance(value, SupportsFloat):
            raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}")
        number = float(value)
        with self._lock:
            at = self._anchor.utc(now_ns)
            inside = phase.record.number if phase else None
            metric = Metric(self._segment_id, self._metrics, inside, name, number, at)
            self._metrics += 1
            self._changed.append(metric)

    def event(self, kind: str, subject: str, message: str, now_ns: int) -> bool:
        """Something happened; whether it is the first time for that subject."""
        with self._lock:
            if (kind, subject) in self._said:
                return False
            self._said.add((kind, subject))
            at = self._anchor.utc(now_ns)
            self._changed.append(Event(self._segment_id, self._events, at, kind, subject, message))
            self._events += 1
        return True

    def open_names(self) -> tuple[str, ...]:
        """Names of the open phases, in order of start."""
        with self._lock:
            return tuple(phase.record.name for phase in self._open.values())

    def changes(self, *, final: bool = False) -> list[Record]:
        """Records that are new or changed since the last call; ``final`` settles all edges."""
        with self._lock:
            waiting = []
            for phase in self._unsettled:
                self._settle(phase, final=final)
                if phase.record.energy is None:
                    waiting.append(phase)
                else:
                    self._changed.append(phase.record)
            self._unsettled = waiting
            changed, self._changed = self._changed, []
        return changed

    def _settle(self, phase: OpenPhase, *, final: bool) -> None:
        if phase.end is None:
            return
        if final:
            self._meter.settle(phase.start, 0.0)
            self._meter.settle(phase.end, 0.0)
        energy = energy_between(phase.start, phase.end)
        if energy is not None:
            phase.record = replace(phase.record, energy=energy)
