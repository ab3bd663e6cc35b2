"""When a run measures nothing: switched off, or the main script imported once more."""

from __future__ import annotations

import sys
from collections.abc import Mapping


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Whether ``TRACKER_DISABLED`` turns every run and hook into a no-op."""
    return environ.get("TRACKER_DISABLED", "").strip().lower() not in {
        "",
        "0",
        "false",
        "no",
        "off",
    }


def is_worker_import() -> bool:
    """Whether ``spawn`` or ``forkserver`` is importing the main script in a worker.

    multiprocessing runs the script as ``__mp_main__`` then; a ``track()`` at its top
    level would start a run for every worker. In a worker's own function it is a run.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to the callers' frames
    while frame is not None:
        if frame.f_globals.get("__name__") == "__mp_main__" and frame.f_code.co_name == "<module>":
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False
