"""Measured energy and CO2 of a training run.

>>> import tracker
>>> with tracker.track("resnet-cifar", location="FR") as run:  # doctest: +SKIP
...     train()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.history import History
    from tracker.live import Run, track, tracked

__all__ = ["History", "Run", "track", "tracked"]
__version__ = "0.1.0"

_HOMES = {
    "History": "tracker.history",
    "Run": "tracker.live",
    "track": "tracker.live",
    "tracked": "tracker.live",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562 gives whatever lies there
    """Import what is asked for: ``import tracker`` itself costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tracker' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - kept off the front door

    return getattr(import_module(_HOMES[name]), name)


def load_ipython_extension(shell: Any) -> None:  # noqa: ANN401 - IPython is not imported here
    """``%load_ext tracker`` gives a notebook the cell magic ``%%track``."""
    from importlib import import_module  # noqa: PLC0415 - kept off the front door

    import_module("tracker.hooks.ipython").register(shell)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
