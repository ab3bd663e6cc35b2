"""The formats that a report can be written in, by name and by a file's ending."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import PluginError, SettingsError
from tracker.ports import discovery
from tracker.ports.exporter import fields, suffix

if TYPE_CHECKING:
    from tracker.ports.exporter import ExporterPlugin


def names() -> tuple[str, ...]:
    """Every format of this package, as a person writes it: ``model-card``."""
    return tuple(name.replace("_", "-") for name in discovery.own_names("exporters"))


def named(name: str, among: Sequence[str]) -> ExporterPlugin:
    """The format of that name.

    Args:
        name: as a person writes it.
        among: the formats to name where there is none.

    Raises:
        PluginError: there is none, or it does not load.
    """
    own = name.replace("-", "_")
    is_own = own in discovery.own_names("exporters")
    if not is_own and own not in discovery.foreign_names("exporters"):
        near = difflib.get_close_matches(name, among, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise PluginError(f"no format {name!r}; {hint}there are: {', '.join(among)}")
    plugin: ExporterPlugin = discovery.load("exporters", own)
    return plugin


def by_ending(path: Path, among: Sequence[str]) -> str:
    """The first of some formats whose files end so.

    Raises:
        SettingsError: none does.
    """
    for name in among:
        if path.suffix and suffix(named(name, among)) == path.suffix.lower():
            return name
    raise SettingsError(f"{path}: no format ends so; say --format, one of {', '.join(among)}")


def fillings(plugin: ExporterPlugin, name: str, said: Sequence[str]) -> dict[str, str]:
    """What a person says of a format's fields, from ``FIELD=VALUE`` each.

    Raises:
        SettingsError: one is written otherwise, or the format has no such field.
    """
    known, found = fields(plugin), {}
    for text in said:
        field, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise SettingsError(f"--fill {text}: write FIELD=VALUE")
        if field not in known:
            near = difflib.get_close_matches(field, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            there = f"it has: {', '.join(known)}" if known else "it has none to fill"
            raise SettingsError(f"--fill {field}: format {name} has no such field; {hint}{there}")
        found[field] = value.strip()
    return found
