"""Booking a device by its energy counter."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from tracker.energy.counter import StepKind
from tracker.energy.curve import EnergyCurve
from tracker.energy.refresh import RefreshClock
from tracker.energy.tally import Count, Tally
from tracker.model.device import Method
from tracker.model.reading import EnergyReading
from tracker.model.units import ns_from_s, s_from_ns

BURST_STEP_NS: Final = ns_from_s(0.005)
"""Reads this far apart bracket a publication to 5 ms; NVML gains nothing from closer ones."""

LEARNING_NS: Final = ns_from_s(0.6)
"""A counter that has not shown its period by then is dated by its reads."""

MOST_PAUSES: Final = 3
"""After so many pauses while a period is learned, values are dated by their reads."""

STALE_NS: Final = ns_from_s(10)
"""A counter whose values could not be dated for so long is read again for that alone."""

MARGIN_NS: Final = ns_from_s(0.002)
"""A publication is looked for this much after it is expected."""

LEARN_AGAIN_NS: Final = ns_from_s(30)
"""A period that could not be learned is looked for again after this time."""

FAR_NS: Final = ns_from_s(2)
"""A look that is due later than this need not be aimed at a publication yet."""

SHARP_SHARE: Final = 0.08
"""A publication must be expected to this share of a period, else it is looked for again."""

SHORTEST_DATED_NS: Final = ns_from_s(0.03)
"""A shorter period is not worth finding: its values are dated half a period back."""

UNEVEN_SHARE: Final = 0.18
"""Error of an instant between two publications, as a share of the time between them: a power
that grows sevenfold in the middle shifts the level there by a fifth of what was used meanwhile
(95 of 100 half-second runs lie within: docs/ranges.md)."""

READ_ERROR_NS: Final = ns_from_s(0.001)
"""How long after a value was true its time stamp is taken, at most."""


class CounterBooking:
    """Dates a counter's values and books them on a curve.

    Args:
        curve: the device's energy.
        refresh_s: the longest time between two publications; 0 where every read is fresh.
    """

    def __init__(self, curve: EnergyCurve, refresh_s: float) -> None:
        self._curve = curve
        self._refresh_ns = ns_from_s(refresh_s)
        # A value is true when it is read, or so nearly that a date gains nothing.
        self._is_fresh = self._refresh_ns < SHORTEST_DATED_NS
        self._clock = RefreshClock(self._refresh_ns)
        self.tally = Tally(self._refresh_ns)
        self._booked_total_j = 0.0
        self._held: list[Count] = []
        self._learning_since_ns = 0
        self._looking = False
        self._retry_ns: int | None = None
        self._pauses = 0
        self._doubt_j = 0.0

    @property
    def last_ns(self) -> int | None:
        """When the counter last answered; ``None`` before, and after ``abandon``."""
        return self.tally.last.time_ns if self.tally.last else None

    def abandon(self) -> None:
        """The counter fell silent or stands still: once it moves, a new count begins."""
        if self._curve.empty and self._held:
            self._curve.begin(self._held[0].time_ns)
        self.tally.leave()
        self._held.clear()

    def take(self, reading: EnergyReading, power_w: float) -> StepKind | None:
        """Book a value; ``power_w`` carries the gap where the counter cannot say.

        Returns:
            What lay between it and the value before; ``None`` where it says nothing: 0
            after more is a failed read, and a counter that stood still has to move first.
        """
        before = self.tally.last
        if before is None:
            return self._begin(reading, power_w)
        step = self.tally.add(before, reading, power_w)
        if step is None:
            return None
        now_ns = reading.monotonic_ns
        count = self.tally.last or before
        self._doubt_j += step.doubt_j
        if step.kind is StepKind.RESET or step.kind is StepKind.JUMP:
            for known in (*self._held, before):  # what was counted, dated by when it was read
                self._book(known.time_ns, known.total_j)
            self._bridge(now_ns, power_w)
        elif self._is_fresh:
            self._book(now_ns, count.total_j)
        else:
            if step.energy_j > 0:
                self._clock.observe(before.began_ns, now_ns)
            self._take_published(count)
        return step.kind

    def _begin(self, reading: EnergyReading, power_w: float) -> StepKind | None:
        count = self.tally.begin(reading)
        if count is None:
            return None
        self._learning_since_ns = count.time_ns
        if not self._curve.empty:  # it is back: until now there was power alone
            self._bridge(count.time_ns, power_w)
        elif self._is_fresh:
            self._curve.begin(count.time_ns)
        else:
            self._held.append(count)
        return StepKind.DIFFERENCE

    def _take_published(self, count: Count) -> None:
        """Book a value that was true at its last publication, not now."""
        clock = self._clock
        refreshes_slowly = clock.period_ns > SHORTEST_DATED_NS
        if refreshes_slowly and clock.forget_if_lost(count.time_ns):  # by a pause, say
            self._learning_since_ns = count.time_ns
        if not clock.learned:
            self._hold(count)
            return
        if self._held:
            self._release()
        if not refreshes_slowly:
            self._book(count.time_ns - int(clock.period_ns / 2), count.total_j)
            return
        published_ns = clock.published_ns(count.began_ns)
        if not self._is_ambiguous(count, published_ns):
            self._book(published_ns, count.total_j)

    @property
    def _refreshes_slowly(self) -> bool:
        return self._clock.period_ns > SHORTEST_DATED_NS

    def _is_ambiguous(self, count: Count, last_ns: int) -> bool:
        """Whether a publication is due so close to now that the value may be either; asks again."""
        now_ns = count.time_ns
        near_ns = self._clock.error_ns(now_ns) + MARGIN_NS
        next_ns = int(last_ns + self._clock.period_ns)
        self._retry_ns = None
        if next_ns - now_ns < near_ns:
            self._retry_ns = next_ns + near_ns
        elif count.began_ns - last_ns < near_ns:
            self._retry_ns = last_ns + near_ns
        return self._retry_ns is not None

    def _hold(self, count: Count) -> None:
        """Keep a value until it can be dated, or for as long as learning may take."""
        paused = self._held and count.time_ns - self._held[-1].time_ns > LEARNING_NS / 2
        if paused and self._pauses < MOST_PAUSES:  # else it never gets to read more often
            self._pauses += 1
            self._learning_since_ns = count.time_ns
        self._held.append(count)
        learning_ns = count.time_ns - self._learning_since_ns
        if learning_ns > LEARNING_NS:
            for held in self._held:
                self._book(held.time_ns, held.total_j)
            self._held.clear()
            self._pauses = 0
        if learning_ns > LEARN_AGAIN_NS:
            self._learning_since_ns = count.time_ns

    def _release(self) -> None:
        """Date and book the values that were held while the period was unknown.

        Most lie close together, so that a change is bracketed by two of them. The first
        value was published one period before the first such change, or where the period
        says, if the process was paused meanwhile.
        """
        for before, after in pairwise(self._held):
            if after.total_j > before.total_j:
                published_ns = self._published_between(before, after)
                if self._curve.empty:
                    self._book(self._before_first(published_ns), before.total_j)
                self._book(published_ns, after.total_j)
        self._held.clear()

    def _before_first(self, change_ns: int) -> int:
        """When the first value was published, given the first change."""
        first_ns, period_ns = self._held[0].time_ns, self._clock.period_ns
        if change_ns - first_ns <= 1.2 * period_ns:  # the period is known to some per cent
            return change_ns - int(period_ns)
        return self._clock.published_ns(first_ns)

    def _published_between(self, before: Count, after: Count) -> int:
        """When the value changed: between two reads, if they lie close enough to say."""
        if after.time_ns - before.time_ns > self._clock.period_ns / 2:
            return self._clock.published_ns(after.time_ns)
        return (before.time_ns + after.time_ns) // 2

    def _bridge(self, now_ns: int, power_w: float) -> None:
        """The counter started anew: carry the gap with the last power."""
        self._held.clear()
        self._booked_total_j = self.tally.total_j  # what was not booked is in the bridge
        if self._curve.empty:
            self._curve.begin(now_ns)
            return
        gap_s = s_from_ns(max(now_ns - self._curve.end_ns, 0))
        dated_j = power_w * s_from_ns(self._refresh_ns)  # how old the last value was is not known
        slack_j = self._curve.unread_error_j(power_w, gap_s) + dated_j
        self._curve.extend(now_ns, power_w * gap_s, method=Method.BRIDGED, slack_j=slack_j)

    def _book(self, time_ns: int, total_j: float) -> None:
        """A knot where the counter moved; while it stands still nothing is known of it."""
        if self._curve.empty:
            self._curve.begin(time_ns)
        elif total_j > self._booked_total_j:
            method = Method.BRIDGED if self._doubt_j else Method.COUNTER
            energy_j = total_j - self._booked_total_j
            self._curve.extend(time_ns, energy_j, method=method, slack_j=self._doubt_j)
            self._doubt_j = 0.0
        self._booked_total_j = total_j

    @property
    def error_ns(self) -> int:
        """How far the level at an instant may be off, as time at the present power.

        A publication is dated to some milliseconds, and between two of them the power is
        not known to have been even.
        """
        if self._is_fresh or self.last_ns is None:
            return READ_ERROR_NS
        if self._refreshes_slowly:
            uneven_ns = self._clock.period_ns * UNEVEN_SHARE
            return int(self._clock.error_ns(self.last_ns) + uneven_ns)
        return int(self._clock.period_ns / 2)

    def wants_read_at(self, now_ns: int, edge_ns: int | None) -> int | None:
        """When the next read would tell most; ``None`` if any time will do.

        Args:
            now_ns: the present.
            edge_ns: the latest instant whose level somebody waits for.
        """
        if self._is_fresh or self.last_ns is None:
            return None
        if not self._clock.learned:
            learning = now_ns - self._learning_since_ns <= LEARNING_NS
            return now_ns + BURST_STEP_NS if learning else None
        if not self._refreshes_slowly:
            return None
        waited_for = edge_ns is not None and edge_ns > self._curve.end_ns
        wish_ns = self._looks_at(now_ns)
        if self._retry_ns is not None and (
            waited_for or now_ns - self._curve.end_ns > STALE_NS
        ):  # else the next tick is soon enough
            wish_ns = self._retry_ns if wish_ns is None else min(wish_ns, self._retry_ns)
        if edge_ns is not None and waited_for:
            near_ns = self._clock.error_ns(edge_ns) + MARGIN_NS
            settled_ns = self._clock.next_ns(edge_ns) + near_ns
            wish_ns = settled_ns if wish_ns is None else min(wish_ns, settled_ns)
        return None if wish_ns is None else max(wish_ns, now_ns)

    def _looks_at(self, now_ns: int) -> int | None:
        """When to read next in order to bracket a publication, so that dates stay sharp."""
        sharp_ns = max(self._clock.period_ns * SHARP_SHARE, BURST_STEP_NS)
        due_ns = self._clock.sharp_until_ns(sharp_ns)
        if now_ns - due_ns > LEARNING_NS and self._looking:  # it stands still, or is lost soon
            return None
        self._looking = now_ns >= due_ns
        if due_ns - now_ns > FAR_NS:  # asked again before then, so about when is enough
            return due_ns - FAR_NS // 2
        from_ns = max(now_ns, due_ns)
        near_ns = self._clock.error_ns(from_ns) + BURST_STEP_NS
        last_ns = self._clock.published_ns(from_ns)
        next_ns = last_ns if from_ns - last_ns <= near_ns else int(last_ns + self._clock.period_ns)
        return max(next_ns - near_ns, now_ns + BURST_STEP_NS)
