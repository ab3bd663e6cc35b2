"""What the runs of a process share: one sampler, one meter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tracker.energy.meter import Meter
from tracker.errors import SourceGone
from tracker.live.recorder import Recorder
from tracker.model.reading import ReadFailure, Reading, ReadWish, Settled
from tracker.model.run import Attribution
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Clock
from tracker.sampling.sampler import Sampler
from tracker.sampling.selection import Selection

if TYPE_CHECKING:
    from tracker.live.attribution import Sharer
    from tracker.sampling.processes import ProcessTree

_LOG = logging.getLogger("tracker")

FIRST_READ_WAIT_S: Final = 0.08
"""How long the first run waits for the first reading, so that it counts from the start."""

LEAST_SLEEP_NS: Final = ns_from_s(1)
"""A shorter suspension is no more than the two clocks' being read one after the other."""


class Pipeline:
    """Takes the sampler's readings to the meter, and the meter's ticks to the runs.

    Args:
        open_sources: finds and opens the sources, on the sampler's thread.
        clock: tells the time.
        interval_s: seconds between two ticks.
        process_tree: our processes, for runs that count their share alone.
    """

    def __init__(
        self,
        open_sources: Callable[[], Selection],
        clock: Clock,
        interval_s: float,
        process_tree: Callable[[], ProcessTree],
    ) -> None:
        self.meter = Meter(self._notice)
        self._clock = clock
        self._woken_ns, self._slept_ns = clock.monotonic_ns(), clock.slept_ns()
        self._process_tree = process_tree
        self._make_sharer: Callable[[Selection], Sharer] | None = None
        self._sharer: Sharer | None = None
        self._sampler = Sampler(open_sources, self, clock, interval_s)
        self._lock = threading.RLock()
        self._recorders: list[Recorder] = []
        self._selection: Selection | None = None
        self._first_read = threading.Event()
        self._said: set[tuple[str, str]] = set()
        self._gone: set[str] = set()

    def start(self) -> None:
        """Begin to sample, and wait a moment for the first reading."""
        self._sampler.start()
        self._first_read.wait(FIRST_READ_WAIT_S)

    def stop(self) -> None:
        """End sampling; no run is attached any more."""
        self._sampler.stop()
        self._sampler.join(1.0)

    def attach(self, recorder: Recorder, interval_s: float) -> None:
        """A run begins."""
        if recorder.attribution is Attribution.PROCESS:
            self._expect_shares()
        with self._lock:
            self._sampler.tick_at_least_every(interval_s)
            self._recorders.append(recorder)
            if self._selection is not None:
                self._introduce(recorder, self._selection)
        self._sampler.read_now()

    def _expect_shares(self) -> None:
        """Import what makes shares here: on the sampler's thread a fork might meet an import."""
        from tracker.live.attribution import Sharer  # noqa: PLC0415 - few runs ask for shares

        tree = self._process_tree()
        self._make_sharer = lambda selection: Sharer(selection, tree, self.meter, self._notice)

    def detach(self, recorder: Recorder) -> None:
        """A run has ended."""
        with self._lock:
            if recorder in self._recorders:
                self._recorders.remove(recorder)

    def read_now(self, *, everything: bool = False) -> None:
        """Ask for a reading at once; never waits."""
        self._sampler.read_now(everything=everything)

    # --- the sampler's sink ------------------------------------------------------------

    def opened(self, selection: Selection) -> None:
        """The sources are open."""
        with self._lock:
            self._selection = selection
            self.meter.add(selection.devices)
            for recorder in self._recorders:
                self._introduce(recorder, selection)
        for refusal in selection.refusals:
            if refusal.fix:
                _LOG.warning("%s: %s To enable it: %s", refusal.name, refusal.reason, refusal.fix)
            elif refusal.broken:
                _LOG.warning("source %s is broken: %s", refusal.name, refusal.reason)

    def _introduce(self, recorder: Recorder, selection: Selection) -> None:
        wants_shares = recorder.attribution is Attribution.PROCESS
        if wants_shares and self._sharer is None and self._make_sharer is not None:
            self._sharer = self._make_sharer(selection)
        recorder.opened(selection)
        now_ns = self._clock.monotonic_ns()
        for one in selection.refusals:
            if one.fix or one.broken:
                recorder.journal.event("source-unavailable", one.name, one.reason, now_ns)

    def settled(self, answers: Sequence[Settled]) -> None:
        """It is known now whose some of the devices are."""
        with self._lock:
            for answer in answers:
                self._settle(answer)
            for recorder in self._recorders:
                recorder.settled(answers)
        for answer in answers:
            words = "is not ours: " + answer.left_out if answer.left_out else "is ours, and counted"
            self._notice("device-settled", answer.device_id, words)

    def _settle(self, answer: Settled) -> None:
        """Runs that begin later shall know it too; what is not ours holds nobody up."""
        assert self._selection is not None  # noqa: S101 - a source that answers was opened
        if answer.left_out is None:
            self._selection.left_out.pop(answer.device_id, None)
        else:
            self._selection.left_out[answer.device_id] = answer.left_out
            self.meter.close(answer.device_id)

    def take(
        self, readings: Sequence[Reading], failures: Sequence[ReadFailure], *, is_tick: bool
    ) -> ReadWish | None:
        """Readings of one round; returns when the next read would tell most, if at all."""
        try:
            self._notice_sleep()
            self.meter.take(readings)
            if self._sharer is not None:
                self._sharer.take(self._clock.monotonic_ns())
            for failure in failures:
                self._take_failure(failure)
            if is_tick:
                self._tick()
        except Exception as error:  # noqa: BLE001 - nothing may end the sampler's thread
            self._notice("sampling-failed", type(error).__name__, f"a tick failed: {error!r}")
            _LOG.debug("a tick failed", exc_info=True)
        self._first_read.set()
        return self.meter.wants_read_at(self._clock.monotonic_ns())

    def _notice_sleep(self) -> None:
        now_ns, slept_ns = self._clock.monotonic_ns(), self._clock.slept_ns()
        before_ns, self._woken_ns = self._woken_ns, now_ns
        if slept_ns - self._slept_ns < LEAST_SLEEP_NS:
            return
        duration_ns, self._slept_ns = slept_ns - self._slept_ns, slept_ns
        with self._lock:
            for recorder in self._recorders:
                recorder.slept(max(before_ns, recorder.start_ns), duration_ns, now_ns)

    def _tick(self) -> None:
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            for recorder in self._recorders:
                recorder.tick(now_ns)
            needed_ns = min((one.booked_to_ns() for one in self._recorders), default=now_ns)
        self.meter.forget_before(needed_ns)

    def _take_failure(self, failure: ReadFailure) -> None:
        if not isinstance(failure.error, SourceGone):
            self._notice("read-failed", failure.device_id, str(failure.error))
            return
        if failure.device_id in self._gone:
            return
        self._gone.add(failure.device_id)
        self.meter.close(failure.device_id)
        if self._sharer is not None:
            self._sharer.close(failure.device_id)
        self._notice("device-gone", failure.device_id, str(failure.error))
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            for recorder in self._recorders:
                since = recorder.anchor.utc(now_ns).strftime("%Y-%m-%d %H:%M:%S UTC")
                recorder.not_counted(failure.device_id, f"since {since}: {failure.error}")

    def _notice(self, kind: str, subject: str, message: str) -> None:
        """An event in every run, and one warning in the process."""
        now_ns = self._clock.monotonic_ns()
        for recorder in tuple(self._recorders):
            recorder.journal.event(kind, subject, message, now_ns)
        if (kind, subject) not in self._said:
            self._said.add((kind, subject))
            _LOG.warning("%s: %s", subject, message)
