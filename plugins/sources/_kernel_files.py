"""Devices that are read from small files of the kernel: opened once, one ``pread`` a reading."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Device, NotCounted
from tracker.model.host import Host
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure, Reading
from tracker.ports.source import Inventory

_MAX_BYTES: Final = 64
_GONE: Final = frozenset({errno.ENODEV, errno.ENOENT, errno.ENXIO})

Convert = Callable[[Sequence[int]], float]
"""Makes joules or watts of the numbers in a device's files."""


class Channel(Struct, frozen=True):
    """One device and the files that its figure is made of.

    Attributes:
        paths: each holds one whole number.
        convert: makes joules of them where ``counts``, else watts.
        counts: whether the files are a counter; one that does not wrap.
        window_s: of a power, the time that it is the mean of, in seconds.
    """

    device: Device
    paths: tuple[Path, ...]
    convert: Convert
    counts: bool
    window_s: float = 0.0


class KernelFiles:
    """A source over channels; those that cannot be opened are not counted."""

    def __init__(
        self,
        host: Host,
        channels: Sequence[Channel],
        *,
        not_counted: Sequence[NotCounted] = (),
        fix: str = "",
    ) -> None:
        """Open the files.

        Args:
            host: whose clock stamps the readings.
            channels: what could be read.
            not_counted: what is known already not to be readable.
            fix: how a person can get the permission that may lack.

        Raises:
            SourceUnavailable: none could be opened; with the fix if permission lacked.
        """
        self._clock = host.monotonic_ns
        self._not_counted = list(not_counted)
        self._is_refused = False
        self._open: dict[str, tuple[Channel, tuple[int, ...]]] = {}
        for channel in channels:
            self._try(channel)
        if not self._open and channels:
            raise SourceUnavailable(
                f"{len(channels)} readings are there, but none can be opened"
                f" ({self._not_counted[-1].reason})",
                fix=fix if self._is_refused else "",
            )

    def devices(self) -> Inventory:
        """What could be opened, and what not."""
        found = tuple(channel.device for channel, _ in self._open.values())
        return Inventory(found, tuple(self._not_counted))

    def read(self) -> Sequence[Reading | ReadFailure]:
        """Every device once.

        Raises:
            SourceGone: every device has vanished.
        """
        if not self._open:
            raise SourceGone("no file is left to read")
        return [self._read(device_id) for device_id in tuple(self._open)]

    def close(self) -> None:
        """Close the files."""
        for device_id in tuple(self._open):
            self._close(device_id)

    def _try(self, channel: Channel) -> None:
        descriptors: list[int] = []
        try:
            descriptors.extend(os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in channel.paths)
        except OSError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            self._is_refused |= isinstance(error, PermissionError)
            reason = f"{error.filename}: {error.strerror}"
            self._not_counted.append(NotCounted(channel.device.id, reason))
            return
        self._open[channel.device.id] = channel, tuple(descriptors)

    def _read(self, device_id: str) -> Reading | ReadFailure:
        channel, descriptors = self._open[device_id]
        try:
            figure = channel.convert([int(os.pread(one, _MAX_BYTES, 0)) for one in descriptors])
        except OSError as error:
            return self._failure(channel, error)
        except ValueError:
            message = f"{channel.paths[0]} holds no number"
            return ReadFailure(device_id, SourceReadError(message))
        now_ns = self._clock()
        if channel.counts:
            return EnergyReading(device_id, now_ns, figure)
        return PowerReading(device_id, now_ns, figure, channel.window_s)

    def _failure(self, channel: Channel, error: OSError) -> ReadFailure:
        message = f"{channel.paths[0]}: {error.strerror}"
        if error.errno in _GONE:
            self._close(channel.device.id)
            return ReadFailure(channel.device.id, SourceGone(message))
        return ReadFailure(channel.device.id, SourceReadError(message))

    def _close(self, device_id: str) -> None:
        for descriptor in self._open.pop(device_id)[1]:
            os.close(descriptor)


def entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; empty where it is not there."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def hwmons(device: Path) -> list[Path]:
    """The hwmon folders of a device (``Documentation/hwmon/sysfs-interface``)."""
    return [path for path in entries(device / "hwmon") if path.name.startswith("hwmon")]
