"""The power of a machine of which nothing is asked, measured for some seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from tracker.assembly import Assembly
from tracker.energy.meter import energy_between
from tracker.errors import SourceUnavailable
from tracker.live import provenance
from tracker.live.pipeline import Pipeline
from tracker.model.run import Baseline
from tracker.model.units import s_from_ns
from tracker.settings import Settings

INTERVAL_S: Final = 0.5
WARM_UP_S: Final = 2.0
"""Sources open, and a counter's rhythm is learned, within this time."""

SETTLE_S: Final = 1.0


def measure(
    assembly: Assembly, settings: Settings, duration_s: float, sleep: Callable[[float], None]
) -> tuple[Baseline, ...]:
    """Mean power of every device that a run here would read.

    Args:
        assembly: the machine.
        settings: which devices.
        duration_s: for so long.
        sleep: waits for so many seconds.

    Raises:
        SourceUnavailable: nothing can be read here.
    """
    pipeline = Pipeline(
        lambda: assembly.open_sources(settings.devices),
        assembly.clock,
        INTERVAL_S,
        assembly.process_tree,
    )
    pipeline.start()
    try:
        sleep(WARM_UP_S)
        start = pipeline.meter.mark(assembly.clock.monotonic_ns())
        sleep(duration_s)
        end = pipeline.meter.mark(assembly.clock.monotonic_ns())
        pipeline.read_now(everything=True)
        for edge in (start, end):
            pipeline.meter.settle(edge, SETTLE_S)
    finally:
        pipeline.stop()
    amounts = energy_between(start, end)
    if not amounts:
        raise SourceUnavailable("no source gave a reading here; tracker doctor says why")
    lasted_s, host_id = s_from_ns(end.time_ns - start.time_ns), provenance.host_id()
    now = datetime.now(UTC)
    return tuple(
        Baseline(host_id, device_id, now, amount.energy_j / lasted_s, lasted_s)
        for device_id, amount in sorted(amounts.items())
    )
