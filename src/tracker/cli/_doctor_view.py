"""What `tracker doctor` found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, TypeVar

from rich.text import Text

from tracker.cli._parts import heading, intensity_text, labelled, unbroken, wrapped
from tracker.cli._table import Column, table
from tracker.model.display import duration_text, power_text, size_text
from tracker.model.examination import (
    BaselineExamination,
    DeviceExamination,
    Examination,
    GridExamination,
    SourceExamination,
    StoreExamination,
)
from tracker.model.text import harmless

_DEVICE_COLUMNS: Final = (
    Column("id", weight=80, least=14),
    Column("name", weight=60, least=12),
    Column("accuracy", weight=70, style="dim"),
    Column("range", weight=90, style="dim"),
)
_INDENT: Final = 4
_LEAST_NAME: Final = 11


def doctor_view(found: Examination, width: int) -> list[Text]:
    """The examination as lines; commands are never broken, so that they can be copied."""
    sources = [line for each in _aligned(found.sources) for line in _source(*each, width)]
    grid = [line for each in _aligned(found.grid) for line in _grid(*each, width)]
    parts = [
        _head(found, width),
        [heading("Sources"), *sources],
        [heading("Grid"), *grid],
        _location(found, width),
        _store(found.store, width),
        *([_baselines(found, width)] if found.baselines else []),
        _settings(found, width),
    ]
    return [
        line for position, part in enumerate(parts) for line in ([Text()] * bool(position) + part)
    ]


def _head(found: Examination, width: int) -> list[Text]:
    title = Text(f"tracker {found.version}", style="bold")
    on = " on " + harmless(found.hostname) if found.hostname else ""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    facts = ", ".join(filter(None, [harmless(found.cpu_name), versions]))
    return [title.append(on, style="not bold"), *wrapped(facts, width, indent=0, style="dim")]


def _mark(*, usable: bool) -> Text:
    return Text("  ✓ ", style="green") if usable else Text("  ✗ ", style="yellow")


Named = TypeVar("Named", SourceExamination, GridExamination)


def _aligned(plugins: Sequence[Named]) -> list[tuple[Named, str]]:
    """Each plugin with its name, as wide as the longest of them."""
    column = max([_LEAST_NAME, *(len(plugin.name) for plugin in plugins)]) + 1
    return [(plugin, plugin.name.ljust(column)) for plugin in plugins]


def _source(source: SourceExamination, name: str, width: int) -> list[Text]:
    versions = ", ".join(f"{name} {version}" for name, version in source.versions.items())
    stands_in = f"stands in where no {source.fallback_for} is read" if source.fallback_for else ""
    found = _counted(len(source.devices), "device") if source.usable else _reason(source)
    lines = _entry(name, source.usable, [found, versions, stands_in], width)
    lines += table(
        _DEVICE_COLUMNS,
        [_device(device) for device in source.devices],
        width,
        heads=False,
        indent=_INDENT,
    )
    lines += labelled(((n.what, n.reason) for n in source.not_counted), width, indent=_INDENT)
    return lines + _fix(source.fix)


def _reason(source: SourceExamination) -> str:
    """Why not; a message that begins with the source's name does not say it twice."""
    return source.reason.removeprefix(f"{source.name}: ")


def _entry(name: str, usable: bool, facts: Sequence[str], width: int) -> list[Text]:
    """A mark, a name and what is to be said of it, which wraps below itself."""
    head = _mark(usable=usable).append(name, style="not green not yellow bold")
    column = head.cell_len
    text = "; ".join(filter(None, facts))
    first, *others = wrapped(text, width, indent=column) or [Text(" " * column)]
    return [head.append(first.plain[column:], style="not bold not green not yellow"), *others]


def _device(device: DeviceExamination) -> dict[str, str | Text]:
    aside = f"in {device.covered_by}" if device.covered_by else "not added"
    covered = "" if device.in_total else f" ({aside})"
    low, high = (f"{(ratio - 1) * 100:+.0f}" for ratio in (device.low_ratio, device.high_ratio))
    return {
        "id": harmless(device.device_id),
        "name": harmless(device.name) + covered,
        "accuracy": device.accuracy_class,
        "range": f"{low} to {high} %",
    }


def _fix(fix: str) -> list[Text]:
    """Commands as they are typed; not wrapped."""
    return [unbroken(" " * _INDENT + harmless(line), "cyan") for line in fix.splitlines()]


def _grid(provider: GridExamination, name: str, width: int) -> list[Text]:
    kind = ", ".join(filter(None, [provider.signal, provider.scope]))
    zones = "" if provider.zones is None else _counted(provider.zones, "zone")
    network = "asks the network" if provider.needs_network else ""
    facts = [zones, kind, network] if provider.usable else [provider.reason]
    return [*_entry(name, provider.usable, facts, width), *_fix(provider.fix)]


def _location(found: Examination, width: int) -> list[Text]:
    place = found.location
    pairs = [("zone", f"{place.zone}, {place.name}"), ("from", place.origin)]
    if found.intensity is not None:
        figure = found.intensity
        value = intensity_text(figure.g_per_kwh, figure.low, figure.high)
        kind = f"{figure.signal}, {figure.scope}, {figure.provider}"
        pairs += [("priced at", f"{value}, {kind}")]
        pairs += [("source", figure.source)]
    lines = [heading("Location"), *labelled(pairs, width)]
    if found.location_fix:
        lines.append(Text("  Say where the machine stands:"))
    return [*lines, *_fix(found.location_fix)]


def _store(store: StoreExamination, width: int) -> list[Text]:
    there = "there" if store.exists else "not there yet: the first run makes it"
    runs = "" if store.runs is None else _counted(store.runs, "run")
    size = "" if store.size_bytes is None else size_text(store.size_bytes)
    schema = f"schema {store.state}" if store.exists else ""
    writable = "writable" if store.writable else "not writable: runs are measured and not kept"
    facts = "; ".join(filter(None, [there, schema, writable, runs, size]))
    mark = _mark(usable=store.writable and not store.reason)
    url = unbroken(mark.append(harmless(store.url), style="not green not yellow"))
    lines = [heading("Store"), url]
    lines += wrapped(facts, width, indent=_INDENT)
    return [*lines, *wrapped(store.reason, width, indent=_INDENT), *_fix(store.fix)]


def _baselines(found: Examination, width: int) -> list[Text]:
    """Idle power by device, and when it was measured (UTC)."""
    pairs = [(one.device_id, _baseline_text(one)) for one in found.baselines]
    return [heading("Idle power"), *labelled(pairs, width)]


def _baseline_text(one: BaselineExamination) -> str:
    lasted = duration_text(round(one.duration_s))
    return f"{power_text(one.power_w)}, over {lasted} on {one.measured_at:%Y-%m-%d %H:%M} UTC"


def _settings(found: Examination, width: int) -> list[Text]:
    columns = (
        Column("setting", weight=100),
        Column("value", weight=90, least=10),
        Column("from", weight=80, least=12, style="dim"),
    )
    rows = [
        {
            "setting": setting.name,
            "value": _value_text(setting.value),
            "from": harmless(setting.origin),
        }
        for setting in found.settings
    ]
    return [heading("Settings"), *table(columns, rows, width, heads=False, indent=2)]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _value_text(value: object) -> str:
    if value is None or value in ("", (), [], {}):
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(value if isinstance(value, str) else json.dumps(value, default=str))
