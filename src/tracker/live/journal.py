"""A run's phases, metrics and events, numbered as they come."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import SupportsFloat
from uuid import UUID

from msgspec import Struct

from tracker.energy.meter import Edge, Meter, energy_between
from tracker.model.run import Event, Metric, Phase, Record
from tracker.sampling.clock import Anchor


class OpenPhase(Struct, eq=False):
    """A phase with its edges.

    Attributes:
        number: its place among the segment's phases, in order of start.
        index: its place among its namesakes under the same parent.
        parent: number of the phase around it.
        namesakes: how many phases of a name lie in it so far.
    """

    number: int
    name: str
    index: int
    parent: int | None
    start: Edge
    end: Edge | None = None
    namesakes: dict[str, int] = {}

    @property
    def is_settled(self) -> bool:
        """Whether its energy is known for good."""
        return self.end is not None and None not in (self.start.levels, self.end.levels)


class Journal:
    """Numbers what happens in a run and hands out the records that changed.

    A training may mark a phase every fraction of a millisecond: what it waits for is a note of
    two instants. The records are made on the thread that asks for the changes.

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
        self._handing_out = threading.Lock()
        self._open: dict[int, OpenPhase] = {}
        self._touched: dict[int, OpenPhase] = {}
        self._unsettled: list[OpenPhase] = []
        self._changed: list[Record] = []
        self._phases = self._metrics = self._events = 0
        self._namesakes: dict[str, int] = {}
        self._said: set[tuple[str, str]] = set()

    def begin(self, name: str, parent: OpenPhase | None, now_ns: int) -> OpenPhase:
        """A phase begins."""
        edge = self._meter.mark(now_ns)
        namesakes = self._namesakes if parent is None else parent.namesakes
        above = None if parent is None else parent.number
        with self._lock:
            index = namesakes.get(name, 0)
            namesakes[name] = index + 1
            number = self._phases
            self._phases += 1
            phase = OpenPhase(number, name, index, above, edge)
            self._open[number] = self._touched[number] = phase
        return phase

    def end(self, phase: OpenPhase, now_ns: int) -> None:
        """A phase ends; its energy follows once both edges are settled."""
        edge = self._meter.mark(now_ns)
        with self._lock:
            if self._open.pop(phase.number, None) is not None:
                phase.end = edge
                self._touched[phase.number] = phase
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
            inside = phase.number if phase else None
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
            return tuple(phase.name for phase in self._open.values())

    def changes(self, *, final: bool = False) -> list[Record]:
        """Records that are new or changed since the last call; ``final`` settles all edges."""
        with self._handing_out:
            with self._lock:
                touched, self._touched = self._touched, {}
                unsettled, self._unsettled = self._unsettled, []
                changed, self._changed = self._changed, []
            if final:
                self._settle(unsettled)
            settled = {phase.number: phase for phase in unsettled if phase.is_settled}
            with self._lock:
                self._unsettled += [one for one in unsettled if one.number not in settled]
            return [*map(self._record, (touched | settled).values()), *changed]

    def _settle(self, phases: Iterable[OpenPhase]) -> None:
        for phase in phases:
            for edge in (phase.start, phase.end):
                if edge is not None and edge.levels is None:
                    self._meter.settle(edge, 0.0)

    def _record(self, phase: OpenPhase) -> Phase:
        end = phase.end
        return Phase(
            self._segment_id,
            phase.number,
            phase.name,
            phase.index,
            phase.parent,
            self._anchor.utc(phase.start.time_ns),
            None if end is None else self._anchor.utc(end.time_ns),
            None if end is None else energy_between(phase.start, end),
        )
