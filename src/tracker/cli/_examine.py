"""Looking at machine, settings and store, for ``tracker doctor``; changes nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import tracker
from tracker.assembly import Assembly
from tracker.errors import GridError, PluginError, SourceError, StoreError, TrackerError
from tracker.live.provenance import host_facts, host_id
from tracker.model.carbon import CarbonIntensity, Location
from tracker.model.device import NotCounted
from tracker.model.examination import (
    BaselineExamination,
    DeviceExamination,
    Examination,
    GridExamination,
    SettingExamination,
    SourceExamination,
    StoreExamination,
)
from tracker.ports import discovery
from tracker.ports.grid import facts_of
from tracker.ports.source import fallback_for
from tracker.sampling.selection import is_wanted

if TYPE_CHECKING:
    from tracker.model.device import Device
    from tracker.settings import Settings

_UNSTATED = {"default", "time zone"}


def examine(assembly: Assembly, settings: Settings) -> Examination:
    """All that decides what a run here would measure, price and keep.

    Raises:
        SettingsError: the location or the provider cannot be meant.
    """
    facts = host_facts(assembly.host.proc_path)
    chosen = _chosen(assembly, settings)
    sources = tuple(_source(name, assembly, settings, chosen) for name in _every("sources"))
    location = assembly.location(settings)
    versions = {"python": platform.python_version(), "os": facts.os}
    for one in sources:
        versions |= one.versions
    return Examination(
        version=tracker.__version__,
        versions=versions,
        hostname=facts.hostname,
        cpu_name=facts.cpu_name,
        sources=sources,
        grid=tuple(_grid(name, settings) for name in _every("grid")),
        location=location,
        intensity=_intensity(assembly, settings, location),
        location_fix="export TRACKER_LOCATION=FR" if location.origin in _UNSTATED else "",
        store=_store(assembly, settings),
        settings=(
            *(
                SettingExamination(name, getattr(settings, name), origin)
                for name, origin in settings.origins.items()
            ),
            *_grid_settings(settings),
        ),
        baselines=_baselines(assembly, settings),
    )


def _every(group: str) -> tuple[str, ...]:
    own = discovery.own_names(group)
    return (*own, *(name for name in discovery.foreign_names(group) if name not in own))


def _chosen(assembly: Assembly, settings: Settings) -> Mapping[str, str | None]:
    """The devices that a run here would read, each with the one that covers it."""
    selection = assembly.open_sources(settings.devices)
    try:
        return {
            device.id: selection.covered_by(device)
            for device in selection.devices
            if device.id not in selection.left_out
        }
    finally:
        selection.close()


def _source(
    name: str, assembly: Assembly, settings: Settings, chosen: Mapping[str, str | None]
) -> SourceExamination:
    try:
        plugin = discovery.load("sources", name)
        source = plugin.open(assembly.host)
        inventory = source.devices()
        source.close()
    except (SourceError, PluginError) as error:
        return SourceExamination(
            name, usable=False, reason=str(error), fix=getattr(error, "fix", "")
        )
    except Exception as error:  # noqa: BLE001 - a broken plugin is what doctor is asked about
        return SourceExamination(name, usable=False, reason=f"broken: {error!r}")
    left_out = [NotCounted(device_id, why) for device_id, why in inventory.left_out.items()]
    return SourceExamination(
        name,
        usable=True,
        devices=tuple(
            _device(device, chosen)
            for device in inventory.devices
            if is_wanted(device, settings.devices) and device.id not in inventory.left_out
        ),
        not_counted=(*inventory.not_counted, *left_out),
        fallback_for=fallback_for(plugin),
        versions=inventory.versions,
    )


def _device(device: Device, chosen: Mapping[str, str | None]) -> DeviceExamination:
    common, own = device.accuracy.common_ratio, device.accuracy.own_ratio
    middle = common.midpoint + own.midpoint - 1
    half = (common.half_width**2 + own.half_width**2) ** 0.5
    covered_by = chosen.get(device.id)
    if device.id not in chosen:
        covered_by = next((one for one in chosen if one.startswith(f"{device.kind}:")), None)
    return DeviceExamination(
        device.id,
        device.kind,
        device.name,
        device.accuracy.accuracy_class,
        middle - half,
        middle + half,
        in_total=device.id in chosen and covered_by is None,
        covered_by=covered_by,
    )


def _grid_settings(settings: Settings) -> Iterator[SettingExamination]:
    """Addresses, and of keys that there is one."""
    for name, options in settings.grid.items():
        if options.url is not None:
            yield SettingExamination(f"grid.{name}.url", options.url, options.url_origin)
        if options.key is not None:
            yield SettingExamination(f"grid.{name}.key", "set", options.key_origin)


def _grid(name: str, settings: Settings) -> GridExamination:
    more: dict[str, object] = {"g_per_kwh": 0.0} if name == "fixed" else {}
    given = settings.grid.get(name)
    options: Mapping[str, object] = more | (given.for_plugin() if given else {})
    try:
        plugin = discovery.load("grid", name)
        facts = facts_of(plugin)
        grid = plugin.open(None, options)
        zones = len(grid.zones())
    except TrackerError as error:
        return GridExamination(name, usable=False, reason=str(error))
    except Exception as error:  # noqa: BLE001 - a broken plugin is what doctor is asked about
        return GridExamination(name, usable=False, reason=f"broken: {error!r}")
    held_back = str(options.get("key_problem", ""))
    lacks_key = facts.needs_key and "key" not in options
    return GridExamination(
        name,
        usable=not lacks_key,
        zones=zones,
        signal=grid.signal,
        scope=grid.scope,
        needs_network=bool(facts.home_url),
        reason=(held_back or f"needs a key: {facts.key_hint}") if lacks_key else "",
        fix=f"export TRACKER_GRID_{name.upper()}_KEY=..." if lacks_key and not held_back else "",
    )


def _intensity(
    assembly: Assembly, settings: Settings, location: Location
) -> CarbonIntensity | None:
    try:
        return assembly.intensity_now(settings, location)
    except GridError:
        return None


def _store(assembly: Assembly, settings: Settings) -> StoreExamination:
    from tracker.store import address  # noqa: PLC0415 - imports SQLAlchemy

    url = address.parse(settings.store)
    shown = address.for_people(url)
    is_file = address.is_sqlite(url) and not address.is_memory(url)
    path = address.file_of(url) if is_file else None
    exists = path is None or path.exists()
    if not exists and path is not None:
        writable = _can_be_made(path)
        reason = "" if writable else f"{path.parent} cannot be written"
        fix = "" if writable else "export TRACKER_STORE=sqlite:////a/folder/of/yours/runs.db"
        state = "none" if writable else "unusable"
        return StoreExamination(
            shown, exists=False, state=state, writable=writable, reason=reason, fix=fix
        )
    return _opened(assembly, settings, shown, path)


def _can_be_made(path: Path) -> bool:
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)


def _opened(
    assembly: Assembly, settings: Settings, shown: str, path: Path | None
) -> StoreExamination:
    size_bytes = path.stat().st_size if path is not None else None
    try:
        with assembly.open_store(settings.store, write=False) as database:
            from tracker.store.reader import Reader  # noqa: PLC0415 - imports SQLAlchemy

            runs = Reader(database).count()
    except StoreError as error:
        name = type(error).__name__
        state = {"SchemaBehind": "behind", "SchemaAhead": "ahead"}.get(name, "unusable")
        return StoreExamination(shown, exists=True, state=state, writable=False, reason=str(error))
    except TrackerError as error:
        return StoreExamination(
            shown, exists=False, state="unusable", writable=False, reason=str(error)
        )
    writable = path is None or os.access(path, os.W_OK)
    reason = "" if writable else f"{path} cannot be written by you"
    return StoreExamination(
        shown,
        exists=True,
        state="current",
        writable=writable,
        runs=runs,
        size_bytes=size_bytes,
        reason=reason,
    )


def _baselines(assembly: Assembly, settings: Settings) -> tuple[BaselineExamination, ...]:
    """What the store knows of this machine's idle power; nothing where it cannot be read."""
    try:
        with assembly.open_store(settings.store, write=False) as database:
            from tracker.store.idle import baselines  # noqa: PLC0415 - imports SQLAlchemy

            with database.reading() as connection:
                found = baselines(connection, [host_id()])
    except TrackerError:
        return ()
    return tuple(
        BaselineExamination(one.device_id, one.power_w, one.at, one.duration_s) for one in found
    )
