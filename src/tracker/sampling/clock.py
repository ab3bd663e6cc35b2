"""Time: durations by the monotonic clock, labels by UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time; passed in, so that tests pass another."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never step back."""

    def unix_ns(self) -> int:
        """Nanoseconds since 1970, UTC."""

    def slept_ns(self) -> int:
        """Nanoseconds that the machine was suspended since it booted, about."""


class SystemClock(Struct, frozen=True):
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never step back."""
        return time.monotonic_ns()

    def unix_ns(self) -> int:
        """Nanoseconds since 1970, UTC."""
        return time.time_ns()

    def slept_ns(self) -> int:
        """By the one clock that goes on meanwhile; 0 where the system has none."""
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        return 0 if boot is None else time.clock_gettime_ns(boot) - time.monotonic_ns()


class Anchor(Struct):
    """Turns monotonic instants into UTC ones, by both clocks' reading at one moment.

    A run keeps one anchor, so that its intervals join without gap or overlap even where
    somebody sets the wall clock meanwhile. The monotonic clock stands still while the
    machine is suspended: what comes after that is so much later.
    """

    offset_ns: int
    sleeps: list[tuple[int, int]] = []

    @classmethod
    def now(cls, clock: Clock) -> Anchor:
        """An anchor at this moment."""
        return cls(clock.unix_ns() - clock.monotonic_ns())

    def slept(self, before_ns: int, duration_ns: int) -> None:
        """The machine was suspended between ``before_ns`` and the instant after it."""
        self.sleeps.append((before_ns, duration_ns))

    def offset_at(self, monotonic_ns: int) -> int:
        """What UTC is ahead of the monotonic clock at an instant."""
        if not self.sleeps:
            return self.offset_ns
        slept_ns = sum(slept_ns for before_ns, slept_ns in self.sleeps if monotonic_ns > before_ns)
        return self.offset_ns + slept_ns

    def unix_ns(self, monotonic_ns: int) -> int:
        """Nanoseconds since 1970."""
        return monotonic_ns + self.offset_at(monotonic_ns)

    def utc(self, monotonic_ns: int) -> datetime:
        """UTC with microseconds."""
        return utc_of(self.unix_ns(monotonic_ns))


def utc_of(unix_ns: int) -> datetime:
    """UTC with microseconds, of nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=unix_ns // 1000)
