"""Opening a source over a fake machine, and what its readings come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from fakes.host import ManualClock, host_in
from tracker.model.device import Device
from tracker.model.reading import Answer, EnergyReading, PowerReading
from tracker.ports.source import Source, SourcePlugin


@contextmanager
def opened(plugin: SourcePlugin, folder: Path) -> Iterator[Source]:
    """The source over the machine in ``folder``; closed at the end."""
    source = plugin.open(host_in(folder, clock=ManualClock()))
    try:
        yield source
    finally:
        source.close()


def devices_of(plugin: SourcePlugin, folder: Path) -> dict[str, Device]:
    """What it finds there, by id."""
    with opened(plugin, folder) as source:
        return {device.id: device for device in source.devices().devices}


def figures(readings: Sequence[Answer]) -> dict[str, float]:
    """Joules or watts by device; no reading may have failed."""
    found = {}
    for reading in readings:
        assert isinstance(reading, EnergyReading | PowerReading)
        if isinstance(reading, EnergyReading):
            found[reading.device_id] = reading.energy_j
        else:
            found[reading.device_id] = reading.power_w
    return found


def is_covered(device: Device, by: Device) -> bool:
    """Whether the one's energy is within the other's."""
    return any(fnmatchcase(device.id, pattern) for pattern in by.covers)
