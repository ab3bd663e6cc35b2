"""A run: what ``track`` gives."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from tracker.assembly import Assembly
from tracker.carbon.accountant import carbon_between_g
from tracker.live import beginning
from tracker.live.boundary import guarded, in_one_line
from tracker.live.inert import is_switched_off, is_worker_import
from tracker.live.journal import OpenPhase
from tracker.live.keeper import TIDY_AFTER_S, Flushed, Keeper
from tracker.live.kept import KeptStore
from tracker.live.phases import Phases
from tracker.live.process import EXIT_WAIT_S, Process, current, importing, no_fork
from tracker.live.recorder import Recorder
from tracker.live.resume import resumed_id
from tracker.model.run import NAME_LENGTH, Attribution, RunStatus, RunTotals
from tracker.model.store_url import is_server
from tracker.sampling.clock import Anchor
from tracker.settings import TrackOptions, resolve

if TYPE_CHECKING:
    from tracker.live.line import LiveLine
    from tracker.live.loggers import Loggers
    from tracker.live.pricer import Pricer
    from tracker.live.shipper import Shipper
    from tracker.model.carbon import Pricing
    from tracker.model.report import RunReport

_LOG = logging.getLogger("tracker")

FLUSH_WAIT_S = 5.0
"""How long a report waits for the records it is made of to be written."""


class Run(Phases):
    """A run: measured from ``start()`` to ``stop()``, or within ``with``.

    Made by ``track``. Whatever fails while it runs becomes an event of the run and one
    warning; the training never sees it.

    Attributes:
        id: UUIDv7 of the run.
        name: what it is called.
    """

    def __init__(self, name: str | None, assembly: Assembly, options: TrackOptions) -> None:
        super().__init__()
        environ = os.environ
        self._settings = resolve(options, environ, Path.cwd())
        self._assembly = assembly
        self._location = assembly.location(self._settings)
        assembly.check_price(self._settings, self._location)
        self._log_to = assembly.loggers(self._settings)
        title = name or self._settings.project or assembly.script_name()
        self.name = str(title)[:NAME_LENGTH]
        self._inert = is_switched_off(environ) or is_worker_import()
        resumed = None if self._inert else resumed_id(assembly, self._settings, self.name)
        self._is_resumed = resumed is not None
        self.id: UUID = resumed or assembly.new_id()
        self._pid = os.getpid()
        self._process: Process | None = None
        self._recorder: Recorder | None = None
        self._keeper: Keeper | None = None
        self._report: RunReport | None = None
        self._line: LiveLine | None = None
        self._pricer: Pricer | None = None
        self._loggers: Loggers | None = None
        self._shipper: Shipper | None = None
        self._stopping = threading.Lock()
        self._local = threading.local()

    # --- from start to stop -------------------------------------------------------------

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(error=in_one_line(error))

    def start(self) -> Self:
        """Begin to measure; a second time does nothing."""
        if not self._inert and self._recorder is None:
            self._inert = not self._start()
            if self._inert and self._process is not None:
                self._process.end(self)
                if self._keeper is not None:
                    self._process.release_keeper(self._settings.store, EXIT_WAIT_S)
        return self

    @guarded(bool)
    def _start(self) -> bool:
        self._pid = os.getpid()
        process = self._process = current()
        process.begin(self)
        assembly, settings = self._assembly, self._settings
        pipeline = process.pipeline_for(settings.interval_s, assembly)
        keeper = self._keeper = process.keeper_for(settings.store, self._new_keeper)
        start_ns = assembly.clock.monotonic_ns()
        anchor = Anchor.now(assembly.clock)
        started_at = anchor.utc(start_ns)
        pricing, *others = assembly.price(self.id, self._location, settings, started_at)
        recorder = self._recorder = Recorder(
            beginning.segment(assembly, settings, self.id, started_at),
            pricing=pricing,
            carbon_of=carbon_between_g,
            meter=pipeline.meter,
            keeper=keeper,
            anchor=anchor,
            start_ns=start_ns,
            wanted=settings.devices,
            attribution=Attribution(settings.attribution),
        )
        run = beginning.run(
            assembly, settings, self.id, self.name, started_at, resumed=self._is_resumed
        )
        keeper.put([run, recorder.segment, pricing, *others])
        keeper.do_first(lambda: keeper.put(beginning.facts(assembly, settings, run)))
        keeper.rehearse(self.id)
        self._show(recorder, keeper)
        pipeline.attach(recorder, settings.interval_s)
        if settings.online and pricing.provisional:
            self._fetch(process, recorder, pricing)
        keeper.commit_soon()  # opens the store now, in the background
        if is_server(settings.store):
            self._ship(process, settings.store)
        return True

    def _show(self, recorder: Recorder, keeper: Keeper) -> None:
        """Let the figures be seen while they come: in a line, by experiment loggers."""
        if self._settings.show == "line":
            from tracker.live.line import LiveLine  # noqa: PLC0415 - only where it is asked for

            self._line = LiveLine(self.name, lambda: self.totals, recorder.journal.open_names)
            keeper.after_each_commit(self._line.draw)
        if self._log_to:
            from tracker.live.loggers import Loggers  # noqa: PLC0415 - the same

            self._loggers = Loggers(self._log_to, recorder, self._totals, self._note)
            self._loggers.look()
            self.wait_at_edges(self._loggers.look)

    def _ship(self, process: Process, server: str) -> None:
        from tracker.live.shipper import shipper_to  # noqa: PLC0415 - only with a server

        make = shipper_to(self._assembly, server, self._note)
        self._shipper = process.shipper_for(server, make)
        self._shipper.begin()

    def _fetch(self, process: Process, recorder: Recorder, pricing: Pricing) -> None:
        from tracker.live.pricer import Pricer  # noqa: PLC0415 - only where it is online

        self._pricer = Pricer(
            self._assembly, self._settings, pricing, recorder.reprice, self._note_event
        )
        process.fetcher.add(self._pricer)

    def _note_event(self, kind: str, subject: str, message: str) -> None:
        self._is_new(kind, subject, message)

    def _new_keeper(self) -> Keeper:
        assembly, store = self._assembly, self._settings.store
        return Keeper(
            importing(lambda: KeptStore.at(assembly, store)),
            lambda: KeptStore.in_memory(assembly),
            lambda kind, message: self._note(kind, "store", message),
            no_fork=no_fork,
        )

    def _note(self, kind: str, subject: str, message: str) -> None:
        if self._recorder is None or self._is_new(kind, subject, message):
            _LOG.warning("%s", message)

    def stop(self, *, error: str | None = None) -> RunReport:
        """End the run and report it; a second time gives the same report.

        Args:
            error: why it failed, in one line; ``None`` if it did not.
        """
        if not self._stopping.acquire(blocking=False):  # a signal handler, or another thread
            return self._unkept("it is just being stopped")
        try:
            if self._report is None:
                self._report = self._stop(error) or self._unkept("its report could not be made")
        finally:
            self._stopping.release()
        return self._report

    @guarded(lambda: None)
    def _stop(self, error: str | None) -> RunReport | None:
        recorder, keeper, process = self._recorder, self._keeper, self._process
        if not self._is_here or recorder is None or keeper is None or process is None:
            return self._unkept("it was not started, or is switched off")
        self._wait_at_edge()
        end_ns = self._assembly.clock.monotonic_ns()
        if self._pricer is not None:
            process.fetcher.remove(self._pricer)
        if self._loggers is not None:
            self._loggers.look_at_last()
        outcome = RunStatus.FINISHED if error is None else RunStatus.FAILED
        recorder.finish(end_ns, outcome, error, lambda: self._read_now(everything=True))
        if process.pipeline is not None:
            process.pipeline.detach(recorder)
        report = self._final_report(recorder, keeper)
        if self._line is not None:
            keeper.no_more(self._line.draw)
            self._line.end()
        process.end(self)
        process.release_keeper(self._settings.store, EXIT_WAIT_S)
        if self._loggers is not None:
            self._loggers.close(report)
        if self._shipper is not None:
            self._shipper.end()
        return report

    def _final_report(self, recorder: Recorder, keeper: Keeper) -> RunReport:
        keeper.note_overlaps(self.id)
        flushed = keeper.flush(FLUSH_WAIT_S)
        if flushed is Flushed.SAVED and (late := recorder.journal.changes()):
            keeper.put(late)  # what was noted while the last records were written
            flushed = keeper.flush(FLUSH_WAIT_S)
        if flushed is Flushed.SAVED:
            report = keeper.report(self.id)
            if report.duration_s >= TIDY_AFTER_S:  # a short one waits until a longer one tidies
                keeper.book(self.id)
            return report
        _LOG.warning("run %s is not stored in full: its store was %s", self.name, flushed.value)
        if flushed is Flushed.LATE:  # it may still be written, but nobody waits for it
            return self._unkept("its store did not answer in time")
        keeper.put(recorder.journal.changes())
        return keeper.report_with_pending(self.id)

    def _unkept(self, reason: str) -> RunReport:
        from tracker.live import unkept  # noqa: PLC0415 - hardly ever needed

        return unkept.report(self.id, self.name, self._settings, reason)

    def note_failure(self, what: str, error: Exception) -> None:
        """Something of ours failed: an event of the run and one warning."""
        message = f"{what} of run {self.name} failed, and the program goes on: {error!r}"
        self._note("internal-failure", what, message)

    def _is_new(self, kind: str, subject: str, message: str) -> bool:
        """Store an event; whether it is the first of its kind for that subject."""
        assert self._recorder is not None  # noqa: S101 - only while it runs
        now_ns = self._assembly.clock.monotonic_ns()
        return self._recorder.journal.event(kind, subject, message, now_ns)

    # --- while it runs ------------------------------------------------------------------

    @property
    def _is_here(self) -> bool:
        """Whether this is the process that started the run, and not a forked child."""
        return not self._inert and self._pid == os.getpid()

    @property
    def totals(self) -> RunTotals:
        """The figures so far; cheap."""
        return self._totals()

    @guarded(lambda: RunTotals(0.0, 0.0, 0.0))
    def _totals(self) -> RunTotals:
        if self._recorder is None or not self._is_here:
            return RunTotals(0.0, 0.0, 0.0)
        return self._recorder.totals(self._assembly.clock.monotonic_ns())

    def report(self) -> RunReport:
        """The run as it is stored now; after the end, its final report."""
        return self._report or self._present() or self._unkept("it cannot be reported now")

    def _repr_html_(self) -> str:
        """What a notebook shows of it: its report so far."""
        return self.report()._repr_html_()

    @guarded(lambda: None)
    def _present(self) -> RunReport | None:
        if self._keeper is None or not self._is_here:
            return self._unkept("it was not started, or is switched off")
        self._keeper.flush(FLUSH_WAIT_S)
        return self._keeper.report(self.id)

    @guarded(lambda: None)
    def log(self, /, **metrics: object) -> None:
        """Keep values beside the energy: ``run.log(loss=0.3, accuracy=0.91)``."""
        if self._recorder is None or not self._is_here:
            return
        now_ns = self._assembly.clock.monotonic_ns()
        inside = self._stack[-1] if self._stack else None
        for name, value in metrics.items():
            try:
                self._recorder.journal.metric(name, value, inside, now_ns)
            except (TypeError, ValueError) as error:
                if self._is_new("metric-refused", name, str(error)):
                    _LOG.warning("%s", error)

    @property
    def _stack(self) -> list[OpenPhase]:
        """The open phases of this thread, outermost first."""
        try:
            stack: list[OpenPhase] = self._local.stack
        except AttributeError:
            stack = self._local.stack = []
        return stack

    @guarded(lambda: None)
    def _begin_phase(self, name: str) -> OpenPhase | None:
        if self._recorder is None or not self._is_here or self._report is not None:
            return None
        self._wait_at_edge()
        now_ns = self._assembly.clock.monotonic_ns()
        stack = self._stack
        parent = stack[-1] if stack else None
        phase = self._recorder.journal.begin(str(name)[:NAME_LENGTH], parent, now_ns)
        stack.append(phase)
        self._read_now()
        return phase

    @guarded(lambda: None)
    def _end_phase(self, phase: OpenPhase) -> None:
        self._wait_at_edge()
        now_ns = self._assembly.clock.monotonic_ns()
        stack = self._stack
        if phase in stack:
            stack.remove(phase)
        if self._recorder is not None and self._is_here:
            self._recorder.journal.end(phase, now_ns)
            self._read_now()

    def _read_now(self, *, everything: bool = False) -> None:
        if self._process is not None and self._process.pipeline is not None:
            self._process.pipeline.read_now(everything=everything)

    @guarded(lambda: None)
    def _phase_energy_j(self, phase: OpenPhase) -> float | None:
        if self._recorder is None or not self._is_here:
            return None
        return self._recorder.phase_energy_j(phase)

    def _carbon_g(self, energy_j: float) -> float | None:
        return None if self._recorder is None else self._recorder.carbon_g(energy_j)
