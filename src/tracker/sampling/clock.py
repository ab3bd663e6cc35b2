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


class SystemClock(Struct, frozen=True):
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never step back."""
        return time.monotonic_ns()

    def unix_ns(self) -> int:
        """Nanoseconds since 1970, UTC."""
        return time.time_ns()


class Anchor(Struct, frozen=True):
    """Turns monotonic instants into UTC ones, by both clocks' reading at one moment.

    A run keeps one anchor, so that its intervals join without gap or overlap even where
    somebody sets the wall clock meanwhile.
    """

    offset_ns: int

    @classmethod
    def now(cls, clock: Clock) -> Anchor:
        """An anchor at this moment."""
        return cls(clock.unix_ns() - clock.monotonic_ns())

    def unix_ns(self, monotonic_ns: int) -> int:
        """Nanoseconds since 1970."""
        return monotonic_ns + self.offset_ns

    def utc(self, monotonic_ns: int) -> datetime:
        """UTC with microseconds."""
        return utc_of(self.unix_ns(monotonic_ns))


def utc_of(unix_ns: int) -> datetime:
    """UTC with microseconds, of nanoseconds since 1970."""
    return _EPOCH + timedelta(microseconds=unix_ns // 1000)
