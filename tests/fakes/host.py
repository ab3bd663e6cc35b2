"""A machine in a folder, with a clock that a test moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tracker.model.host import Host


class ManualClock:
    """Nanoseconds that pass when told."""

    def __init__(self, now_ns: int = 1_000_000_000) -> None:
        """Start at ``now_ns``."""
        self.now_ns = now_ns

    def __call__(self) -> int:
        """The time."""
        return self.now_ns

    def advance(self, duration_s: float) -> None:
        """Let time pass, in seconds."""
        self.now_ns += round(duration_s * 1e9)


def host_in(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
    modules: Mapping[str, object] | None = None,
) -> Host:
    """A host whose ``/sys`` and ``/proc`` are in ``folder``, and whose environment is given."""
    return Host(folder / "sys", folder / "proc", environ or {}, clock, modules or {})
