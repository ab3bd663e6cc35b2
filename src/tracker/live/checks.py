"""What a run's counters came to beside their power readings, as its devices keep it."""

from __future__ import annotations

from msgspec.structs import replace

from tracker.energy.meter import Meter
from tracker.model.energy import CounterCheck
from tracker.model.run import SegmentDevice


class CheckedSince:
    """Counters beside power readings since a run began.

    Args:
        meter: compares them, for as long as the process samples.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._before = meter.checks()

    def changes(self, devices: dict[str, SegmentDevice], *, final: bool) -> list[SegmentDevice]:
        """Devices of which something new is known, also put into ``devices``.

        Suspicion is news at once; the figures are kept at the end.
        """
        changed = []
        for device_id, (check, is_suspect) in self._meter.checks().items():
            known = devices.get(device_id)
            if known is None or not (final or is_suspect != known.suspect):
                continue
            since = self._since(device_id, check)
            devices[device_id] = replace(known, check=since, suspect=is_suspect)
            changed.append(devices[device_id])
        return changed

    def _since(self, device_id: str, check: CounterCheck) -> CounterCheck | None:
        before, _ = self._before.get(device_id, (CounterCheck(0.0, 0.0), False))
        if check == before:
            return None
        return CounterCheck(check.counted_j - before.counted_j, check.polled_j - before.polled_j)
