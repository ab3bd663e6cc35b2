"""What a source hands over at one instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tracker.errors import SourceGone, SourceReadError


class EnergyReading(Struct, frozen=True):
    """A counter's value.

    Attributes:
        monotonic_ns: taken immediately after the counter was read.
        energy_j: the counter, in joules since an instant of its own.
        wraps_at_j: the value at which the counter starts again from 0, or ``None``
            for one that never wraps: then a step backwards is a reset.
        most_w: more than the device can draw for as long as its counter shows, in watts:
            a faster counter is wrong; ``None`` where no bound is known.
        began_ns: taken just before the counter was read: a busy interpreter may stamp what
            it read only milliseconds later; ``None`` where that does not matter.
    """

    device_id: str
    monotonic_ns: int
    energy_j: float
    wraps_at_j: float | None = None
    most_w: float | None = None
    began_ns: int | None = None


class PowerReading(Struct, frozen=True):
    """A power, averaged over the seconds before it was taken.

    Attributes:
        power_w: mean power over the window, in watts.
        window_s: length of that window in seconds; 0 where the reading is instantaneous.
        refresh_s: the longest time between two publications of the reading, in seconds.
    """

    device_id: str
    monotonic_ns: int
    power_w: float
    window_s: float
    refresh_s: float = 0.0


class ReadFailure(Struct, frozen=True):
    """One device of a source did not answer; the others did."""

    device_id: str
    error: SourceReadError | SourceGone


class Settled(Struct, frozen=True):
    """It is known now whether a device that is read is ours.

    Attributes:
        left_out: why it is not; ``None`` where it is.
    """

    device_id: str
    left_out: str | None


class ReadWish(Struct, frozen=True):
    """When a read of some counters would tell most.

    Attributes:
        time_ns: on the monotonic clock.
        device_ids: the counters meant; others need not be read.
    """

    time_ns: int
    device_ids: frozenset[str]


Reading = EnergyReading | PowerReading

Answer = Reading | ReadFailure | Settled
"""What a source may say of a device at one instant."""
