"""A process tree's part of a device's energy."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.model.reading import PowerReading
from tracker.model.units import s_from_ns


class ShareBook:
    """Turns what whole devices used since the last time into mean powers of a share.

    A share is known for a stretch of time, so the device's energy in that stretch is taken
    from its own curve, however that is read, and handed on as a mean power over it.
    """

    def __init__(self) -> None:
        self._begun_ns: int | None = None
        self._levels_j: dict[str, tuple[int, float]] = {}

    def readings(
        self, now_ns: int, levels_j: Mapping[str, float], ratios: Mapping[str, float]
    ) -> list[PowerReading]:
        """What was used of each device by whoever has that share of it.

        Args:
            now_ns: the present, on the monotonic clock.
            levels_j: joules by whole device's id, up to now; each began at 0.
            ratios: the share by whole device's id, since the last call.
        """
        if self._begun_ns is None:
            self._begun_ns = now_ns
            self._levels_j = {key: (now_ns, level_j) for key, level_j in levels_j.items()}
            return []
        found = []
        for device_id in levels_j.keys() & ratios.keys():
            level_j, ratio = levels_j[device_id], ratios[device_id]
            known = self._levels_j.get(device_id)
            since_ns, before_j = known or (self._begun_ns, 0.0)
            # A level was carried on by power and may come back a little lower: wait for it.
            self._levels_j[device_id] = now_ns, max(level_j, before_j)
            duration_s = s_from_ns(now_ns - since_ns)
            power_w = ratio * max(level_j - before_j, 0.0) / duration_s
            found.append(PowerReading(device_id, now_ns, power_w, duration_s))
        return found
