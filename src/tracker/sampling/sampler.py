"""The thread that reads: one a process, shared by its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tracker.errors import SourceGone, SourceReadError
from tracker.model.reading import Answer, ReadFailure, Reading, ReadWish, Settled
from tracker.model.units import ns_from_s, s_from_ns
from tracker.ports.source import SelectiveSource
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
    ) -> ReadWish | None:
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
        if not self._wake.is_set():  # else the read that somebody asked for is yet to come
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
        readers = [_Reader(one) for one in selection.sources]
        due_ns = self._clock.monotonic_ns()
        wanted: frozenset[str] | None = None
        while not self._stopping:
            now_ns = self._clock.monotonic_ns()
            is_tick = now_ns >= due_ns
            everything, self._everything = is_tick or self._everything, False
            readings, failures, settled = _read(readers, None if everything else wanted, everything)
            if settled:
                self._sink.settled(settled)
            wish = self._sink.take(readings, failures, is_tick=is_tick)
            if is_tick:
                missed = (self._clock.monotonic_ns() - due_ns) // self._interval_ns
                due_ns += (missed + 1) * self._interval_ns
            next_ns = due_ns if wish is None else min(due_ns, wish.time_ns)
            asked = self._sleep_until(next_ns, now_ns)
            wanted = None if asked or wish is None else wish.device_ids
        selection.close()

    def _sleep_until(self, time_ns: int, last_read_ns: int) -> bool:
        """Sleep until then, or until somebody wakes us; but not shorter than reads may be.

        Returns:
            Whether somebody asked.
        """
        earliest_ns = last_read_ns + CLOSEST_READS_NS
        now_ns = self._clock.monotonic_ns()
        asked = self._wake.wait(max(s_from_ns(time_ns - now_ns), 0.0))
        if asked:
            self._wake.clear()
        now_ns = self._clock.monotonic_ns()
        if now_ns < earliest_ns and not self._stopping:
            threading.Event().wait(s_from_ns(earliest_ns - now_ns))
        return asked


class _Reader:
    """An opened source, and what is asked of it at every round."""

    def __init__(self, one: OpenedSource) -> None:
        self.name = one.name
        self.is_model = one.is_model
        self.device_ids = frozenset(device.id for device in one.devices)
        self._source = one.source
        self._selective = one.source if isinstance(one.source, SelectiveSource) else None

    def read(self, wanted: frozenset[str] | None) -> Sequence[Answer]:
        """Its devices' readings, or those of some where it can be asked so."""
        if wanted is None or self._selective is None:
            return self._source.read()
        return self._selective.read_only(wanted)


def _read(
    readers: Sequence[_Reader],
    wanted: frozenset[str] | None,
    everything: bool,
) -> tuple[list[Reading], list[ReadFailure], list[Settled]]:
    """One round over the sources; a source that fails says so for each of its devices.

    Args:
        readers: the sources.
        wanted: the counters that are asked for; all if ``None``.
        everything: models too.
    """
    readings: list[Reading] = []
    failures: list[ReadFailure] = []
    settled: list[Settled] = []
    for one in readers:
        if (one.is_model and not everything) or (wanted and wanted.isdisjoint(one.device_ids)):
            continue
        try:
            answers = one.read(wanted)
        except (SourceReadError, SourceGone) as error:
            failures += [ReadFailure(device_id, error) for device_id in one.device_ids]
        except Exception as error:  # noqa: BLE001 - a broken plugin must not stop the others
            broken = SourceReadError(f"{one.name}: {type(error).__name__}: {error}")
            failures += [ReadFailure(device_id, broken) for device_id in one.device_ids]
        else:
            for answer in answers:
                if answer.device_id not in one.device_ids:
                    continue
                if isinstance(answer, ReadFailure):
                    failures.append(answer)
                elif isinstance(answer, Settled):
                    settled.append(answer)
                else:
                    readings.append(answer)
    return readings, failures, settled
