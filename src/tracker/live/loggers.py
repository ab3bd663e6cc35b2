"""The thread that tells experiment loggers what a run comes to.

Not the writer's: a logger's server that does not answer would hold up the store's commits.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tracker.model.run import Phase, Record
from tracker.ports.logger import Logger, LoggerTarget, PhaseTotals

if TYPE_CHECKING:
    from tracker.live.recorder import Recorder
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals

TICK_S: Final = 10.0
"""Seconds between two ticks: a logger's server is asked rarely."""

CLOSE_WAIT_S: Final = 2.0
"""How long the end of a run waits for its loggers."""

MOST_PHASES: Final = 10_000
"""So many wait at most for a logger that is slow; the oldest are left out then."""

Trouble = Callable[[str, str, str], None]
"""Told what went wrong: kind, logger, message; once each."""


class Loggers:
    """A run's loggers, each opened as soon as one of its own runs is under way.

    Args:
        targets: what ``log_to`` asks for.
        recorder: the run's.
        totals: the run's figures so far.
        trouble: told of what fails.
        tick_s: seconds between two ticks.
    """

    def __init__(
        self,
        targets: Sequence[LoggerTarget],
        recorder: Recorder,
        totals: Callable[[], RunTotals],
        trouble: Trouble,
        tick_s: float = TICK_S,
    ) -> None:
        self._missing = list(targets)
        self._recorder = recorder
        self._totals = totals
        self._trouble = trouble
        self._tick_s = tick_s
        self._opened: list[tuple[str, Logger]] = []
        self._phases: deque[PhaseTotals] = deque(maxlen=MOST_PHASES)
        self._namesakes: dict[str, int] = defaultdict(int)
        self._due = threading.Event()
        self._report: RunReport | None = None
        self._thread: threading.Thread | None = None
        recorder.listener = self._hear

    def look(self) -> None:
        """Open what is not open yet; in the thread that runs the training."""
        for one in tuple(self._missing):
            try:
                logger = one.plugin.open(one.target)
            except Exception as error:  # noqa: BLE001 - a logger's trouble is not the training's
                self._missing.remove(one)
                if one.wanted:
                    self._trouble("logger-unavailable", one.name, str(error))
                continue
            if logger is not None:
                self._missing.remove(one)
                self._opened.append((one.name, logger))
                self._listen()

    def look_at_last(self) -> None:
        """The run ends: what was asked for and never found is told."""
        self.look()
        for one in self._missing:
            if one.wanted:
                message = (
                    f"log_to = {one.name!r}: none of its runs was under way while this one ran; "
                    "start it first, or hand it over itself"
                )
                self._trouble("logger-unavailable", one.name, message)

    def close(self, report: RunReport, wait_s: float = CLOSE_WAIT_S) -> None:
        """Tell the final figures; waits so long at most for loggers to take them."""
        if self._thread is not None:
            self._report = report
            self._due.set()
            self._thread.join(wait_s)
            if self._thread.is_alive():
                for name, _ in self._opened:
                    self._trouble("logger-late", name, "it did not take the final figures in time")

    def _listen(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tracker-loggers", daemon=True)
            self._thread.start()

    def _hear(self, records: Sequence[Record]) -> None:
        """What changed at a tick; on the sampler's thread."""
        settled = [
            self._phase_totals(record)
            for record in records
            if isinstance(record, Phase) and record.energy is not None
        ]
        if settled:
            self._phases.extend(settled)
            self._due.set()

    def _phase_totals(self, phase: Phase) -> PhaseTotals:
        number = self._namesakes[phase.name]
        self._namesakes[phase.name] += 1
        segment = self._recorder.segment
        energy_by_kind_j: dict[str, float] = defaultdict(float)
        for device_id, amount in (phase.energy or {}).items():
            if device_id in self._recorder.in_total:
                energy_by_kind_j[device_id.partition(":")[0]] += amount.energy_j
        ended_at = phase.ended_at or phase.started_at
        return PhaseTotals(
            phase.name,
            number,
            (ended_at - segment.started_at).total_seconds(),
            dict(energy_by_kind_j),
            self._recorder.carbon_g(sum(energy_by_kind_j.values())),
        )

    def _run(self) -> None:
        next_s = time.monotonic() + self._tick_s
        while True:
            self._due.wait(max(next_s - time.monotonic(), 0.0))
            self._due.clear()
            report = self._report  # taken first: phases that came before it are told before it
            while self._phases:
                self._tell_phase(self._phases.popleft())
            if report is not None:
                self._tell_end(report)
                return
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + self._tick_s
                self._tell_totals(self._totals())

    def _tell_phase(self, phase: PhaseTotals) -> None:
        if phase.energy_by_kind_j:  # where nothing was read, nothing is told
            self._tell(lambda logger: logger.phase_ended(phase))

    def _tell_totals(self, totals: RunTotals) -> None:
        if self._recorder.in_total:
            self._tell(lambda logger: logger.tick(totals))

    def _tell_end(self, report: RunReport) -> None:
        self._tell(lambda logger: logger.closed(report))

    def _tell(self, say: Callable[[Logger], None]) -> None:
        for name, logger in tuple(self._opened):
            try:
                say(logger)
            except Exception as error:  # noqa: BLE001 - the same
                self._trouble("logger-failed", name, f"{name} refused a figure: {error!r}")
