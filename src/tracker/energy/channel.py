"""One device's readings on their way to its energy curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tracker.energy.check import RunningCheck
from tracker.energy.counted import CounterBooking
from tracker.energy.counter import StepKind
from tracker.energy.curve import EnergyCurve, Stretch
from tracker.energy.powered import PowerBooking
from tracker.model.device import Device, Method
from tracker.model.energy import CounterCheck
from tracker.model.reading import EnergyReading, Reading
from tracker.model.units import ns_from_s, s_from_ns

FRESH_POWER_NS: Final = ns_from_s(0.4)
"""A power reading older than this no longer says what a counted device draws now."""

COUNTER_SILENT_NS: Final = ns_from_s(2.5)
"""After this long without its counter a device is booked by its power readings."""

STUCK_NS: Final = ns_from_s(10)
"""A counter that has answered for so long without moving is worth a word."""

MOMENT_S: Final = 0.05
"""A power over no more than this is that of a moment."""

CLOSE_NS: Final = ns_from_s(0.15)
"""Two knots no further apart have one publication between them, at which an edge was settled."""

BACKDATE_NS: Final = ns_from_s(3)
"""A device that was opened this little after a run began is charged from the beginning."""

_WHAT_HAPPENED: Final = {
    StepKind.RESET: "went backwards; the gap is carried with its last power",
    StepKind.JUMP: "rose faster than the device can draw; the gap is carried with its last power",
}

Notice = Callable[[str, str, str], None]
"""Called with what happened, the device's id and the message for people."""


class Channel:
    """Turns one device's readings into its curve.

    A device with a counter is booked by it; power readings then only carry what came
    after the counter's last publication. A device without one is booked by power.
    """

    def __init__(self, device: Device, notice: Notice) -> None:
        self.device = device
        self.curve = EnergyCurve()
        self.closed = False
        self._notice = notice
        self._power_alone_since_ns: int | None = None
        self._told_still = False
        self._moment = (0, 0.0)
        self._check = RunningCheck()
        self._counter = CounterBooking(self.curve, device.refresh_s)
        self._power = PowerBooking(self.curve, is_model=device.accuracy.is_model)

    def take(self, reading: Reading) -> None:
        """Book a reading, or keep a power beside the counter."""
        if isinstance(reading, EnergyReading):
            self._take_count(reading)
            return
        now_ns = reading.monotonic_ns
        if self._counter.last_ns is None:
            self._power.take(reading)
        elif self._counter_is_silent(now_ns):
            self._counter.abandon()
            self._power.take(reading)
        elif reading.power_w > 0 and self._counter.tally.still_ns(now_ns) >= COUNTER_SILENT_NS:
            self._counter.abandon()
            self._power.take(reading)
            self._tell("counter-stuck", "stands still while power is drawn; power is booked")
        else:
            self._power.last = reading
            if reading.window_s <= MOMENT_S and not self.curve.empty:
                self._take_moment(reading.power_w)
            self._check.take(reading, self._counter.tally.total_j)
            if self._check.turned_suspect():
                self._tell("counter-suspect", self._check.words)

    def _take_count(self, reading: EnergyReading) -> None:
        kind = self._counter.take(reading, self.power_w)
        if kind is None:
            return
        self._power_alone_since_ns = None
        if kind is StepKind.RESET or kind is StepKind.JUMP:
            self._check.pause()
            self._tell(f"counter-{kind.value}", _WHAT_HAPPENED[kind])
        elif not self._told_still and self._counter.tally.still_ns(reading.monotonic_ns) > STUCK_NS:
            self._told_still = True
            self._tell("counter-stuck", "stands still; the time is carried with its last power")

    def _take_moment(self, power_w: float) -> None:
        """Between two publications close together, two momentary powers tell when it turned."""
        knot_ns, (before_ns, before_w) = self.curve.end_ns, self._moment
        if 0 < knot_ns - before_ns <= CLOSE_NS:
            self.curve.bend(before_w, power_w)
        self._moment = knot_ns, power_w

    def _counter_is_silent(self, now_ns: int) -> bool:
        """Whether power answered for long without the counter; a pause of ours is no silence."""
        if self._power_alone_since_ns is None:
            self._power_alone_since_ns = now_ns
        return now_ns - self._power_alone_since_ns >= COUNTER_SILENT_NS

    def _tell(self, kind: str, what: str) -> None:
        self._notice(kind, self.device.id, f"the energy counter of {self.device.id} {what}")

    @property
    def check(self) -> CounterCheck | None:
        """The counter beside the power readings; ``None`` before both were read."""
        return self._check.sums

    @property
    def is_suspect(self) -> bool:
        """Whether the two disagree by more than both may err."""
        return self._check.is_suspect

    @property
    def has_shown_nothing(self) -> bool:
        """Whether no power is told, and a counter never moved or a first reading stayed alone."""
        if self.power_w > 0:
            return False
        return self.curve.end_level_j <= 0 if self._is_counted else self.curve.is_a_point

    @property
    def _is_counted(self) -> bool:
        return self._counter.last_ns is not None

    @property
    def power_w(self) -> float:
        """What the device drew last."""
        last = self._power.last
        if last is None:
            return self.curve.power_w
        stale = not self.curve.empty and last.monotonic_ns < self.curve.end_ns - FRESH_POWER_NS
        return self.curve.power_w if self._is_counted and stale else last.power_w

    def level_j(self, time_ns: int) -> float:
        """Joules at an instant; outside the curve carried on with power."""
        if self.curve.empty:
            return 0.0
        if time_ns < self.curve.start_ns:
            back_s = s_from_ns(min(self.curve.start_ns - time_ns, BACKDATE_NS))
            return self.curve.level_j(time_ns) - self._first_power_w * back_s
        if time_ns <= self.curve.end_ns or self.closed:
            return self.curve.level_j(time_ns)
        if self._is_counted:
            gap_s = s_from_ns(time_ns - self.curve.end_ns)
            return self.curve.end_level_j + self.power_w * gap_s
        return self.curve.end_level_j + self._power.carried_j(time_ns)

    @property
    def _first_power_w(self) -> float:
        """What the device drew at first; of a single reading, what that says."""
        one = self.curve.start_ns == self.curve.end_ns
        return self.power_w if one else self.curve.first_power_w

    def stretches(self, start_ns: int, end_ns: int, *, final: bool) -> list[Stretch]:
        """The pieces between two instants, as far as known; ``final`` carries the rest."""
        if self.curve.empty:
            return []
        first_ns, last_ns = self.curve.start_ns, self.curve.end_ns
        pieces = []
        if start_ns < first_ns:
            pieces += self._carried(max(start_ns, first_ns - BACKDATE_NS), min(first_ns, end_ns))
        pieces += self.curve.between(start_ns, end_ns)
        if final and end_ns > last_ns and not self.closed:
            pieces += self._carried(max(start_ns, last_ns), end_ns)
        return pieces

    def _carried(self, start_ns: int, end_ns: int) -> list[Stretch]:
        if end_ns <= start_ns or self.has_shown_nothing:
            return []
        energy_j = max(self.level_j(end_ns) - self.level_j(start_ns), 0.0)
        bridged = end_ns - start_ns > COUNTER_SILENT_NS
        method = Method.BRIDGED if bridged else self._method
        gap_s = s_from_ns(end_ns - start_ns)
        slack_j = 0.0
        if method is not Method.MODEL:
            slack_j = self.curve.unread_error_j(energy_j / gap_s, gap_s)
        return [Stretch(start_ns, end_ns, energy_j, slack_j, method, 0.0 if bridged else 1.0)]

    @property
    def _method(self) -> Method:
        return Method.COUNTER if self._is_counted else self._power.method

    @property
    def edge_slack_j(self) -> float:
        """Random error of a level: how far a publication is off, at the present power."""
        return self.power_w * s_from_ns(self._counter.error_ns) if self._is_counted else 0.0

    def wants_read_at(self, now_ns: int, edge_ns: int | None) -> int | None:
        """When the next read would tell most; ``None`` if any time will do.

        Args:
            now_ns: the present.
            edge_ns: the latest instant whose level somebody waits for.
        """
        return None if self.closed else self._counter.wants_read_at(now_ns, edge_ns)

    def knows(self, time_ns: int) -> bool:
        """Whether the level at an instant will not change any more."""
        if self.closed or (not self.curve.empty and self.curve.end_ns >= time_ns):
            return True
        return self._counter.tally.is_still_since(time_ns)
