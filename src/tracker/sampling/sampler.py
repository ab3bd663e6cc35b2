"""The thread that reads: one a process, shared by its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tracker.errors import SourceGone, SourceReadError
from tracker.model.reading import ReadFailure, Reading, Settled
from tracker.model.units import ns_from_s, s_from_ns
from tracker.sampling.clock import Clock
from tracker.sampling.selection import OpenedSource, Selection

CLOSEST_READS_NS: Final = ns_from_s(0.004)
"""However many edges ask for a read, two are no closer than this."""


class Sink(Protocol):
    """Where the sampler's readings go; called on the sampler's thread."""

    def opened(self, selection: Selection) -> None:
        """The sources are open."""

    def settled(self, answers: Sequence[Settled]) -> None:
        """It is known now whose some of the devices are."""

    def take(
        self, readings: Sequence[Reading], failures: Sequence[ReadFailure], *, is_tick: bool
    ) -> int | None:
        """Readings of one round; returns when the next read would tell most, if at all."""


class Sampler:
    """Reads every source once a tick, and the counters whenever somebody asks.

    Args:
        open_sources: finds and opens the sources; called on the sampler's thread.
        sink: takes the readings.
        clock: stamps the rounds.
        interval_s: seconds between two ticks.
    """

    def __init__(
        self,
        open_sources: Callable[[], Selection],
        sink: Sink,
        clock: Clock,
        interval_s: float,
    ) -> None:
        self._open_sources = open_sources
        self._sink = sink
        self._clock = clock
        self._interval_ns = ns_from_s(interval_s)
        self._wake = threading.Event()
        self._everything = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tracker-sampler", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def tick_at_least_every(self, interval_s: float) -> None:
        """Another run asks for ticks; the shorter interval holds for all."""
        self._interval_ns = min(self._interval_ns, ns_from_s(interval_s))

    def read_now(self, *, everything: bool = False) -> None:
        """Read the counters at once, without waiting; models too if ``everything``."""
        self._everything = self._everything or everything
        self._wake.set()

    def stop(self) -> None:
        """End the thread, without waiting for it."""
        self._stopping = True
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        selection = self._open_sources()
        self._sink.opened(selection)
        due_ns = self._clock.monotonic_ns()
        while not self._stopping:
            now_ns = self._clock.monotonic_ns()
            is_tick = now_ns >= due_ns
            everything, self._everything = is_tick or self._everything, False
            readings, failures, settled = _read(selection.sources, everything=everything)
            if settled:
                self._sink.settled(settled)
            wish_ns = self._sink.take(readings, failures, is_tick=is_tick)
            if is_tick:
                missed = (self._clock.monotonic_ns() - due_ns) // self._interval_ns
                due_ns += (missed + 1) * self._interval_ns
            self._sleep_until(due_ns if wish_ns is None else min(due_ns, wish_ns), now_ns)
        selection.close()

    def _sleep_until(self, time_ns: int, last_read_ns: int) -> None:
        """Sleep until then, or until somebody wakes us; but not shorter than reads may be."""
        earliest_ns = last_read_ns + CLOSEST_READS_NS
        now_ns = self._clock.monotonic_ns()
        if self._wake.wait(max(s_from_ns(time_ns - now_ns), 0.0)):
            self._wake.clear()
        now_ns = self._clock.monotonic_ns()
        if now_ns < earliest_ns and not self._stopping:
            threading.Event().wait(s_from_ns(earliest_ns - now_ns))


def _read(
    sources: Sequence[OpenedSource], *, everything: bool
) -> tuple[list[Reading], list[ReadFailure], list[Settled]]:
    """One round over the sources; a source that fails says so for each of its devices."""
    readings: list[Reading] = []
    failures: list[ReadFailure] = []
    settled: list[Settled] = []
    for one in sources:
        if one.is_model and not everything:
            continue
        try:
            answers = one.source.read()
        except (SourceReadError, SourceGone) as error:
            failures += [ReadFailure(device.id, error) for device in one.devices]
        except Exception as error:  # noqa: BLE001 - a broken plugin must not stop the others
            broken = SourceReadError(f"{one.name}: {type(error).__name__}: {error}")
            failures += [ReadFailure(device.id, broken) for device in one.devices]
        else:
            known = {device.id for device in one.devices}
            for answer in answers:
                if answer.device_id not in known:
                    continue
                if isinstance(answer, ReadFailure):
                    failures.append(answer)
                elif isinstance(answer, Settled):
                    settled.append(answer)
                else:
                    readings.append(answer)
    return readings, failures, settled
