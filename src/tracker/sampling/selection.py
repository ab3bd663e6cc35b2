"""Which sources are opened, and which of their devices count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field

from tracker.errors import SourceUnavailable
from tracker.model.device import Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.ports.source import Inventory, Source, SourcePlugin, fallback_for


class OpenedSource(Struct, frozen=True):
    """A source that answers, and its devices that count."""

    name: str
    source: Source
    devices: tuple[Device, ...]

    @property
    def is_model(self) -> bool:
        """Whether nothing is read, so that more reads tell nothing more."""
        return all(device.accuracy.is_model for device in self.devices)


class Refusal(Struct, frozen=True):
    """A source that did not open; ``fix`` says what a person can do, if anything."""

    name: str
    reason: str
    fix: str
    broken: bool = False


class Selection(Struct):
    """What will be read, and what will not be and why."""

    sources: list[OpenedSource] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    not_counted: list[NotCounted] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def devices(self) -> list[Device]:
        """Every device that will be read."""
        return [device for one in self.sources for device in one.devices]

    def covered_by(self, device: Device, wanted: Sequence[str] | None = None) -> str | None:
        """The device, among those wanted, whose figure already holds this one's."""
        for whole in self.devices:
            if not is_wanted(whole, wanted) or whole.id in self.left_out:
                continue
            if whole.id != device.id and any(fnmatchcase(device.id, p) for p in whole.covers):
                return whole.id
        return None

    def close(self) -> None:
        """Close every source."""
        for one in self.sources:
            one.source.close()


def select(
    plugins: Mapping[str, SourcePlugin], host: Host, wanted: Sequence[str] | None = None
) -> Selection:
    """Open every source that is here; a model only where nothing can be read.

    Args:
        plugins: by name; tried in that order, models last.
        host: where to look.
        wanted: kinds (``gpu``) or patterns of device ids (``cpu:*``); all by default.
    """
    selection = Selection()
    readers = {name: one for name, one in plugins.items() if fallback_for(one) is None}
    for name, plugin in readers.items():
        _open(selection, name, plugin, host, wanted)
    for name, plugin in plugins.items():
        kind = fallback_for(plugin)
        if kind is not None and all(device.kind != kind for device in selection.devices):
            _open(selection, name, plugin, host, wanted)
    _say_what_is_missing(selection, wanted)
    return selection


def _open(
    selection: Selection,
    name: str,
    plugin: SourcePlugin,
    host: Host,
    wanted: Sequence[str] | None,
) -> None:
    try:
        source = plugin.open(host)
        inventory = source.devices()
    except SourceUnavailable as error:
        selection.refusals.append(Refusal(name, str(error), error.fix))
        return
    except Exception as error:  # noqa: BLE001 - a broken plugin must not stop the others
        reason = f"{type(error).__name__}: {error}"
        selection.refusals.append(Refusal(name, reason, "", broken=True))
        return
    _keep(selection, name, source, inventory, wanted)


def _keep(
    selection: Selection,
    name: str,
    source: Source,
    inventory: Inventory,
    wanted: Sequence[str] | None,
) -> None:
    known = {device.id for device in selection.devices}
    kept = []
    for device in inventory.devices:
        if device.id in known:
            continue
        if is_wanted(device, wanted):
            kept.append(device)
        else:
            selection.not_counted.append(NotCounted(device.id, "left out by the setting devices"))
    selection.not_counted.extend(inventory.not_counted)
    selection.versions.update(inventory.versions)
    selection.left_out.update(inventory.left_out)
    if kept:
        selection.sources.append(OpenedSource(name, source, tuple(kept)))
    else:
        source.close()


def is_wanted(device: Device, wanted: Sequence[str] | None) -> bool:
    """Whether the setting ``devices`` asks for this one."""
    if wanted is None:
        return True
    return any(device.kind == one or fnmatchcase(device.id, one) for one in wanted)


def _say_what_is_missing(selection: Selection, wanted: Sequence[str] | None) -> None:
    """A kind that every machine has, and no source gave."""
    for kind in (DeviceKind.CPU, DeviceKind.DRAM):
        counted = any(device.kind == kind for device in selection.devices)
        covered = any(fnmatchcase(f"{kind}:any", p) for d in selection.devices for p in d.covers)
        if not counted and not covered and wanted is None:
            reasons = [one.reason for one in selection.refusals if kind in one.name]
            selection.not_counted.append(
                NotCounted(kind, "; ".join(reasons) or "no source could read or model it")
            )
