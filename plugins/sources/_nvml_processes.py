"""Whose work a GPU does: the share of some processes among all that use it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from tracker.model.units import ns_from_s
from tracker.sources._nvml_library import Handle, Nvml

ASK_AGAIN_NS: Final = ns_from_s(5)
"""A busy GPU takes up to 0.1 s to say how its time is shared: it is asked this often."""


class Sharing:
    """One GPU's processes.

    NVML names processes as the host does. In a container that has pids of its own none of
    them can be told to be ours, and then nothing is told.

    Args:
        nvml: NVIDIA's binding.
        monotonic_ns: tells when to ask again.
    """

    def __init__(self, nvml: Nvml, monotonic_ns: Callable[[], int]) -> None:
        self._nvml = nvml
        self._monotonic_ns = monotonic_ns
        self._asked_ns: int | None = None
        self._seen_us = 0
        self._ratio: float | None = None

    def ratio(
        self, handle: Handle, pids: Collection[int], is_known: Callable[[int], bool]
    ) -> float | None:
        """The share of ``pids``, 0 to 1; ``None`` where NVML does not tell."""
        now_ns = self._monotonic_ns()
        if self._asked_ns is None or now_ns - self._asked_ns >= ASK_AGAIN_NS:
            self._asked_ns = now_ns
            try:
                self._ratio = self._asked(handle, pids, is_known)
            except self._nvml.NVMLError:
                self._ratio = None
        return self._ratio

    def _asked(
        self, handle: Handle, pids: Collection[int], is_known: Callable[[int], bool]
    ) -> float | None:
        running = {one.pid for one in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)}
        ours = running & set(pids)
        if not ours:
            return 0.0 if any(is_known(pid) for pid in running) else None
        if ours == running:
            return 1.0
        busy = self._busy(handle)
        whole = sum(busy.values())
        if not whole:  # nothing was busy, or it is not told: each counts the same
            return len(ours) / len(running)
        return sum(time for pid, time in busy.items() if pid in ours) / whole

    def _busy(self, handle: Handle) -> dict[int, float]:
        """Busy time by process since the last call, in units of its own."""
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(handle, self._seen_us)
        except self._nvml.NVMLError:  # not supported, or nothing new
            return {}
        busy: dict[int, float] = {}
        for sample in samples:
            self._seen_us = max(self._seen_us, sample.timeStamp)
            busy[sample.pid] = busy.get(sample.pid, 0.0) + sample.smUtil
        return busy
