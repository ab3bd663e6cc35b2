"""One run's half of the pipeline: its slots, its journal, its records."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from tracker.energy.meter import Meter, energy_between
from tracker.live.devices import RunDevices
from tracker.live.journal import Journal, OpenPhase
from tracker.live.keeper import Keeper
from tracker.live.slots import SlotBook
from tracker.model.carbon import Pricing
from tracker.model.device import NotCounted
from tracker.model.reading import Settled
from tracker.model.run import (
    Attribution,
    Heartbeat,
    Record,
    RunStatus,
    RunTotals,
    Segment,
)
from tracker.model.units import s_from_ns
from tracker.sampling.clock import Anchor
from tracker.sampling.selection import Selection

STOP_WAIT_S: Final = 0.03
"""How long the end of a run waits for a counter's next publication."""

SETTLE_S: Final = 0.15
"""How long somebody waits who asks for a phase's energy."""

SHORT_RUN_S: Final = 1.0
"""A run shorter than this waits for that publication as long as a phase does."""

CarbonOf = Callable[[Pricing, float, datetime, datetime], float]
"""Grams that joules, used evenly between two instants (UTC), cause at a pricing."""


class Recorder:
    """Turns what the meter knows into one run's records.

    Args:
        segment: the run's part in this process.
        pricing: what the run is priced with while it runs.
        carbon_of: the arithmetic of that.
        meter: the energy of all devices.
        keeper: takes the records.
        anchor: the run's UTC.
        start_ns: when the run began, on the monotonic clock.
        wanted: which devices count, as the setting ``devices`` says; all if ``None``.
        attribution: whether whole devices count, or this process tree's share.
    """

    def __init__(
        self,
        segment: Segment,
        *,
        pricing: Pricing,
        carbon_of: CarbonOf,
        meter: Meter,
        keeper: Keeper,
        anchor: Anchor,
        start_ns: int,
        wanted: Sequence[str] | None = None,
        attribution: Attribution = Attribution.MACHINE,
    ) -> None:
        self.segment = segment
        self.attribution = attribution
        self.keeper = keeper
        self.anchor = anchor
        self.journal = Journal(segment.id, anchor, meter)
        self.start_ns = start_ns
        self._end_ns: int | None = None
        self._ends_ns: int | None = None
        self._pricing = pricing
        self._carbon_of = carbon_of
        self._meter = meter
        self._start = meter.mark(start_ns)
        self._slots = SlotBook(segment.id, anchor, start_ns)
        self._devices = RunDevices(segment.id, meter, wanted, attribution)
        self._introduced = False
        self._last_totals: RunTotals | None = None
        self._lock = threading.Lock()
        self.listener: Callable[[Sequence[Record]], None] | None = None

    def opened(self, selection: Selection) -> None:
        """The sources are open: what they have, and what they lack, is part of the record."""
        with self._lock:
            records, left_out = self._devices.opened(selection)
            self._introduced = True
            missing = (*self.segment.not_counted, *selection.not_counted, *left_out)
            self.segment = replace(self.segment, not_counted=missing)
            self.keeper.put([*records, self.segment])

    def settled(self, answers: Sequence[Settled]) -> None:
        """It is known now which devices are ours."""
        with self._lock:
            self.keeper.put(self._devices.settled(answers))

    def reprice(self, pricing: Pricing) -> None:
        """The run is priced so from now on, and so is what it has used; not after its end."""
        with self._lock:
            if self._end_ns is None:
                self._pricing = pricing
                self.keeper.put([pricing])

    def not_counted(self, what: str, reason: str) -> None:
        """A device is lost from now on."""
        with self._lock:
            missing = (*self.segment.not_counted, NotCounted(what, reason))
            self.segment = replace(self.segment, not_counted=missing)
            self.keeper.put([self.segment])

    def slept(self, before_ns: int, duration_ns: int, now_ns: int) -> None:
        """The machine was suspended: that is no time that the run lived."""
        slept_s = s_from_ns(duration_ns)
        with self._lock:
            self.anchor.slept(before_ns, duration_ns)
            self.segment = replace(self.segment, slept_s=self.segment.slept_s + slept_s)
            self.keeper.put([self.segment])
        message = f"the machine was suspended for {slept_s:.0f} s, which are not measured"
        self.journal.event("suspended", "machine", message, now_ns)

    def tick(self, now_ns: int) -> None:
        """Hand on what changed since the last tick."""
        with self._lock:
            if self._end_ns is None:
                if self._ends_ns is not None:  # while the end settles, nothing after it is booked
                    now_ns = min(now_ns, self._ends_ns)
                changes = self._changes(now_ns, final=False)
                self.keeper.put(changes)
                self.keeper.commit_soon()
                if self.listener is not None:
                    self.listener(changes)

    def _changes(self, now_ns: int, *, final: bool) -> list[Record]:
        intervals = self._slots.book(self._meter, self._devices.ids, now_ns, final=final)
        heartbeat = Heartbeat(
            self.segment.id,
            self.anchor.utc(now_ns),
            self._power_w(),
            () if final else self.journal.open_names(),
        )
        checked = self._devices.checked(final=final)
        return [*intervals, *checked, heartbeat, *self.journal.changes(final=final)]

    @property
    def in_total(self) -> frozenset[str]:
        """Ids of the devices that make the run's total."""
        return self._devices.in_total

    def booked_to_ns(self) -> int:
        """Nobody will ask the meter for anything before this instant on this run's behalf."""
        return self._slots.booked_to_ns()

    def finish(
        self, end_ns: int, outcome: RunStatus, error: str | None, read_now: Callable[[], None]
    ) -> None:
        """Settle the end, then hand on the last records; ``read_now`` asks for a reading."""
        with self._lock:
            if self._end_ns is not None:
                return
            self._ends_ns = end_ns
        self.journal.end_all(end_ns)
        edge = self._meter.mark(end_ns)
        read_now()
        short = s_from_ns(end_ns - self.start_ns) < SHORT_RUN_S
        self._meter.settle(edge, SETTLE_S if short else STOP_WAIT_S)
        self._meter.settle(self._start, 0.0)
        if not self._introduced:
            self.not_counted("everything", "the sources were still opening when the run ended")
        with self._lock:
            self._end_ns = end_ns
            ended_at = self.anchor.utc(end_ns)
            self.segment = replace(self.segment, ended_at=ended_at, outcome=outcome, error=error)
            changes = self._changes(end_ns, final=True)
            self.keeper.put([*changes, self.segment])
            if self.listener is not None:
                self.listener(changes)
            self._last_totals = self._totals(end_ns)

    def totals(self, now_ns: int) -> RunTotals:
        """The run's figures so far; after its end, its last ones."""
        return self._last_totals or self._totals(now_ns)

    def _totals(self, end_ns: int) -> RunTotals:
        levels_j = self._meter.levels_j(end_ns)
        start = self._start.levels
        if start is None:
            before_j = self._meter.levels_j(self.start_ns)
        else:
            before_j = {device_id: amount.energy_j for device_id, amount in start.items()}
        energy_j = sum(
            max(levels_j[device_id] - before_j.get(device_id, 0.0), 0.0)
            for device_id in self._devices.in_total & levels_j.keys()
        )
        return RunTotals(
            s_from_ns(end_ns - self.start_ns),
            energy_j,
            self._carbon_of(
                self._pricing, energy_j, self.anchor.utc(self.start_ns), self.anchor.utc(end_ns)
            ),
            self._power_w(),
            self._pricing.provisional,
        )

    def _power_w(self) -> dict[str, float]:
        return {key: w for key, w in self._meter.power_w().items() if key in self._devices.ours}

    def carbon_g(self, energy_j: float) -> float:
        """Grams that some of the run's energy causes now, at its own pricing."""
        now = self._pricing.stretches[-1].start
        return self._carbon_of(self._pricing, energy_j, now, now)

    def phase_energy_j(self, phase: OpenPhase) -> float | None:
        """Joules of a phase that has ended, final: waits 0.15 s at most for its edges."""
        if phase.end is None:
            return None
        began_s = time.monotonic()
        self._meter.settle(phase.end, SETTLE_S)  # the later edge; the earlier settles with it
        left_s = SETTLE_S - (time.monotonic() - began_s)
        self._meter.settle(phase.start, max(left_s, 0.0))
        amounts = energy_between(phase.start, phase.end)
        counted = {
            key: one for key, one in (amounts or {}).items() if key in self._devices.in_total
        }
        return sum(one.energy_j for one in counted.values()) if counted else None
