"""One device's readings on their way to its energy curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tracker.energy.counted import BRIDGE_ERROR_RATIO, CounterBooking
from tracker.energy.counter import StepKind
from tracker.energy.curve import EnergyCurve, Stretch
from tracker.energy.powered import PowerBooking
from tracker.model.device import Device, Method
from tracker.model.reading import EnergyReading, Reading
from tracker.model.units import ns_from_s, s_from_ns

FRESH_POWER_NS: Final = ns_from_s(0.4)
"""A power reading older than this no longer says what a counted device draws now."""

COUNTER_SILENT_NS: Final = ns_from_s(2.5)
"""After this long without its counter a device is booked by its power readings."""

BACKDATE_NS: Final = ns_from_s(3)
"""A device that was opened this little after a run began is charged from the beginning."""

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
        self._counter = CounterBooking(self.curve, device.refresh_s)
        self._power = PowerBooking(self.curve, is_model=device.accuracy.is_model)

    def take(self, reading: Reading) -> None:
        """Book a reading, or keep a power beside the counter."""
        if isinstance(reading, EnergyReading):
            self._power_alone_since_ns = None
            if self._counter.take(reading, self.power_w) is StepKind.RESET:
                self._notice_reset()
            return
        counted_ns = self._counter.last_ns
        if counted_ns is None:
            self._power.take(reading)
        elif not self._counter_is_silent(reading.monotonic_ns):
            self._power.last = reading
        else:
            self._counter.abandon()
            self._power.take(reading)

    def _counter_is_silent(self, now_ns: int) -> bool:
        """Whether power answered for long without the counter; a pause of ours is no silence."""
        if self._power_alone_since_ns is None:
            self._power_alone_since_ns = now_ns
        return now_ns - self._power_alone_since_ns >= COUNTER_SILENT_NS

    def _notice_reset(self) -> None:
        self._notice(
            "counter-reset",
            self.device.id,
            f"the energy counter of {self.device.id} went backwards; "
            "the gap is carried with its last power",
        )

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
            return self.curve.level_j(time_ns) - self.curve.first_power_w * back_s
        if time_ns <= self.curve.end_ns or self.closed:
            return self.curve.level_j(time_ns)
        if self._is_counted:
            gap_s = s_from_ns(time_ns - self.curve.end_ns)
            return self.curve.end_level_j + self.power_w * gap_s
        return self.curve.end_level_j + self._power.carried_j(time_ns)

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
        if end_ns <= start_ns:
            return []
        energy_j = max(self.level_j(end_ns) - self.level_j(start_ns), 0.0)
        bridged = end_ns - start_ns > COUNTER_SILENT_NS
        method = Method.BRIDGED if bridged else self._method
        slack_j = 0.0 if method is Method.MODEL else BRIDGE_ERROR_RATIO * energy_j
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
        return self.closed or (not self.curve.empty and self.curve.end_ns >= time_ns)
