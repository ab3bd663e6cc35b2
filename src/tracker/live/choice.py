"""Which devices a run counts, and whose part of them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct

from tracker.model.device import Device, DeviceKind, NotCounted, share_of
from tracker.model.run import Attribution
from tracker.sampling.selection import Selection, is_wanted

WHOLES: Final = (DeviceKind.NODE, DeviceKind.PLATFORM)
"""What holds several devices: nothing tells how processes share it."""


class Counted(Struct, frozen=True):
    """A device as a run counts it."""

    device: Device
    source: str
    covered_by: str | None
    left_out: str | None


class Choice(Struct, frozen=True):
    """What a run counts of what can be read, and what it does not."""

    counted: tuple[Counted, ...]
    not_counted: tuple[NotCounted, ...]


def choose(selection: Selection, wanted: Sequence[str] | None, attribution: Attribution) -> Choice:
    """The devices that count: whole ones, or one process tree's share of each."""
    pairs = [(one.name, device) for one in selection.sources for device in one.devices]
    asked = [(name, device) for name, device in pairs if is_wanted(device, wanted)]
    missing = [
        NotCounted(device.id, "left out by the setting devices")
        for _, device in pairs
        if not is_wanted(device, wanted)
    ]
    left_out = selection.left_out
    if attribution is Attribution.MACHINE:
        whole = tuple(
            Counted(device, name, selection.covered_by(device, wanted), left_out.get(device.id))
            for name, device in asked
        )
        return Choice(whole, tuple(missing))
    parts = [(name, device) for name, device in asked if device.kind not in WHOLES]
    missing += [
        NotCounted(device.id, "a whole's energy cannot be divided among processes; its parts' is")
        for _, device in asked
        if device.kind in WHOLES
    ]
    devices = [device for _, device in parts]
    shares = tuple(
        Counted(share_of(device), name, _share_around(device, devices), left_out.get(device.id))
        for name, device in parts
    )
    return Choice(shares, tuple(missing))


def _share_around(device: Device, devices: Sequence[Device]) -> str | None:
    for whole in devices:
        if whole.id != device.id and any(fnmatchcase(device.id, one) for one in whole.covers):
            return share_of(whole).id
    return None
