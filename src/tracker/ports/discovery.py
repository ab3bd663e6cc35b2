"""Finding plugins: every file of a plugin folder, and on request those of others.

The file's name is the plugin's name; one that begins with ``_`` is shared code.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from tracker.errors import PluginError


@cache  # a start asks for every source by name
def own_names(group: str) -> tuple[str, ...]:
    """Names of the plugins in ``tracker.<group>``, sorted."""
    package = importlib.import_module(f"tracker.{group}")
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def foreign_names(group: str) -> tuple[str, ...]:
    """Names that other distributions register under ``tracker.<group>``; takes a while."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 70 ms, rarely needed

    return tuple(sorted({point.name for point in entry_points(group=f"tracker.{group}")}))


def load(group: str, name: str) -> ModuleType:
    """The plugin module ``name`` of ``group``, ours or another distribution's.

    Raises:
        PluginError: there is none, or it does not load.
    """
    if name in own_names(group):
        try:
            return importlib.import_module(f"tracker.{group}.{name}")
        except ImportError as error:
            raise PluginError(f"{group} plugin {name!r} does not load: {error}") from error
    return _load_foreign(group, name)


def _load_foreign(group: str, name: str) -> ModuleType:
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 70 ms, rarely needed

    for point in entry_points(group=f"tracker.{group}", name=name):
        try:
            module = point.load()
        except Exception as error:
            raise PluginError(f"{group} plugin {name!r} does not load: {error}") from error
        if isinstance(module, ModuleType):
            return module
        raise PluginError(f"{group} plugin {name!r} is {type(module).__name__}, not a module")
    import difflib  # noqa: PLC0415 - only for a mistake

    near = difflib.get_close_matches(name, own_names(group), n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise PluginError(f"no {group} plugin {name!r}; {hint}there are: {', '.join(own_names(group))}")
