"""A source of energy readings: one file in ``plugins/sources/``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from tracker.model.device import Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.model.reading import Answer


class Inventory(Struct, frozen=True):
    """What a source has: the devices that are ours, and the others with the reason.

    Attributes:
        left_out: those among ``devices`` that are not ours as far as it can be told now,
            with the reason; ``read`` may say otherwise later (``Settled``).
        versions: what reads them, for the record: ``{"nvidia driver": "550.54.15"}``.
    """

    devices: tuple[Device, ...]
    not_counted: tuple[NotCounted, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """An opened source; called from the sampler's thread alone."""

    def devices(self) -> Inventory:
        """The devices that this source reads; called once, right after opening."""

    def read(self) -> Sequence[Answer]:
        """Read every device once, each with a time stamp of its own.

        A device may give an energy and a power reading: the counter is booked, the
        power carries the remainder between two publications of the counter.

        Raises:
            SourceReadError: no device answered; try again at the next tick.
            SourceGone: no device will answer again.
        """

    def close(self) -> None:
        """Release what was opened; called once, never raises."""


@runtime_checkable
class SelectiveSource(Source, Protocol):
    """A source that can read some of its devices without the others."""

    def read_only(self, device_ids: Collection[str]) -> Sequence[Answer]:
        """Read these devices once, as ``read`` does.

        Asked for where one counter's publication is due and the others' are not.

        Raises:
            SourceReadError: no device answered; try again at the next tick.
            SourceGone: no device will answer again.
        """


@runtime_checkable
class SharedSource(Source, Protocol):
    """A source that also knows who uses its devices."""

    def process_shares(
        self, pids: Collection[int], is_known: Callable[[int], bool]
    ) -> Mapping[str, float | None]:
        """What share of each device these processes use, by device id, 0 to 1.

        Args:
            pids: a process and all that it started.
            is_known: whether another pid is a process seen from here: a driver names
                processes as the host does, and a container may see none of them.

        Returns:
            ``None`` for a device whose users are not told.
        """


class SourcePlugin(Protocol):
    """A module in ``plugins/sources/``.

    A module may also define ``FALLBACK_FOR: DeviceKind``: it is then opened only where
    no other source has a device of that kind. A model is a fallback.
    """

    def open(self, host: Host) -> Source:
        """Find the hardware.

        Raises:
            SourceUnavailable: it is not here; with ``fix`` where a person could enable it.
        """


def fallback_for(plugin: object) -> DeviceKind | None:
    """The kind of device that a plugin stands in for, or ``None``."""
    return getattr(plugin, "FALLBACK_FOR", None)
