"""Frameworks: imported where they are used, and waited for where they compute on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from tracker.errors import PluginError


def required(package: str, hook: str, install: str = "") -> ModuleType:
    """The package, imported.

    Args:
        package: its import name.
        hook: what needs it, for the message.
        install: its name for pip, where that is another.

    Raises:
        PluginError: it is not installed, or does not load.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise PluginError(
            f"{hook} needs {package}, which does not load ({error}): "
            f"pip install {install or package}"
        ) from error


def on_demand(module: str, name: str, make: Callable[[], type]) -> Callable[[str], Any]:
    """A module's ``__getattr__``: makes its class when it is first asked for.

    Frameworks want their own class as a base, and importing ours shall not import them.

    Args:
        module: the hook's ``__name__``.
        name: the class's.
        make: makes it, once.
    """

    def get(asked: str) -> Any:
        if asked != name:
            raise AttributeError(f"module {module!r} has no attribute {asked!r}")
        return make()

    return get


def synchronize(modules: Mapping[str, Any] | None = None) -> None:
    """Wait for the GPUs that this process computes on through PyTorch; begins to use none.

    A kernel is queued in microseconds and computes on behind the program's back: at a phase's
    edge it would fall into the next phase. What says that a GPU is used is memory that PyTorch
    holds on it; CUDA is never initialised here.

    Args:
        modules: the modules that are imported; by default Python's own.
    """
    torch = (sys.modules if modules is None else modules).get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return
    for index in range(cuda.device_count()):
        if cuda.memory_reserved(index):
            cuda.synchronize(index)
