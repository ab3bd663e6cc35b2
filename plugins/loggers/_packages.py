"""What the logger plugins know of packages without importing them."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

from tracker.errors import PluginError


def loaded(package: str, *, asked: bool, install: str = "") -> ModuleType | None:
    """The package, if the program has imported it; only then can one of its runs be under way.

    Args:
        package: its import name.
        asked: ``log_to`` names it, so that it must at least be installed.
        install: its name for pip, where that is another.

    Raises:
        PluginError: it was asked for and is not installed.
    """
    module = sys.modules.get(package)
    if module is None and asked and not is_installed(package):
        raise PluginError(
            f"log_to = {package!r}: the package {package} is not installed: "
            f"pip install {install or package}"
        )
    return module


def is_installed(package: str) -> bool:
    """Whether ``package`` could be imported."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # a parent that does not load, or a module without a spec
        return False


def belongs_to(target: object, package: str) -> bool:
    """Whether the class of ``target``, or one that it inherits from, is of that package."""
    return any(kind.__module__.partition(".")[0] == package for kind in type(target).__mro__)
