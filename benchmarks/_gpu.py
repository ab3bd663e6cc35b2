"""One GPU as NVIDIA's binding tells it, read again and again while it works or rests."""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

COUNTER, AVERAGE, INSTANT = 83, 185, 186  # NVML_FI_DEV_…: mJ, mW over 1 s, mW
SCOPES = {"gpu": 0, "module": 1, "memory": 2}  # NVML_POWER_SCOPE_…
POLL_S = 0.01
SQUARES_MS = (50, 100, 130)

Load = Callable[[float], None]
"""Keeps the GPU busy, or idle, for so many seconds."""


@dataclass(slots=True)
class Gpu:
    """One GPU through NVIDIA's binding; what it does not tell is ``None``."""

    nvml: Any
    index: int
    handle: Any = field(init=False)

    def __post_init__(self) -> None:
        self.handle = self.nvml.nvmlDeviceGetHandleByIndex(self.index)

    def ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever NVML answers
        """The answer of an NVML function about this GPU."""
        try:
            answer = getattr(self.nvml, name)(self.handle, *arguments)
        except (self.nvml.NVMLError, AttributeError):
            return None
        return answer.decode() if isinstance(answer, bytes) else answer

    def fields(self, *wanted: tuple[int, int]) -> list[float | None]:
        """Field values with their scope, in joules and watts."""
        answers = self.ask("nvmlDeviceGetFieldValues", list(wanted)) or [None] * len(wanted)
        found: list[float | None] = []
        for (number, _), answer in zip(wanted, answers, strict=True):
            if answer is None or answer.nvmlReturn:
                found.append(None)
            else:
                raw = answer.value.ullVal if number == COUNTER else answer.value.uiVal
                found.append(raw / 1e3)
        return found


@dataclass(slots=True)
class Trace:
    """What was read, every 10 ms: when (s), counter (J), average and instant power (W)."""

    times_s: list[float] = field(default_factory=list)
    values: list[list[float | None]] = field(default_factory=list)

    def column(self, number: int) -> list[tuple[float, float]]:
        """Times and values of one quantity, where it was told."""
        rows = zip(self.times_s, self.values, strict=True)
        return [(at, row[number]) for at, row in rows if row[number] is not None]  # type: ignore[misc]

    def changes(self, number: int) -> list[tuple[float, float]]:
        """The rows in which a new value was published."""
        rows = self.column(number)
        return [after for before, after in pairwise(rows) if after[1] != before[1]]

    def counted_j(self, start_s: float, end_s: float) -> float | None:
        """Joules between two instants, the counter taken as straight between publications."""
        known = self.changes(0)
        if len(known) < 3:
            return None
        return _level(known, end_s) - _level(known, start_s)


def _level(known: Sequence[tuple[float, float]], at_s: float) -> float:
    place = min(max(bisect_left(known, (at_s,)), 1), len(known) - 1)
    (t0, j0), (t1, j1) = known[place - 1], known[place]
    return j0 + (j1 - j0) * (at_s - t0) / (t1 - t0)


@contextmanager
def reading(gpu: Gpu, step_s: float = POLL_S) -> Iterator[Trace]:
    """Read on a thread while the block runs."""
    trace, over = Trace(), threading.Event()
    wanted = [(COUNTER, 0), (AVERAGE, 0), (INSTANT, 0)]

    def read() -> None:
        while not over.wait(step_s):
            values = gpu.fields(*wanted)
            trace.times_s.append(time.monotonic())
            trace.values.append(values)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield trace
    finally:
        over.set()
        thread.join()


def loads(index: int) -> dict[str, Load]:
    """Idle, full load and squares by torch, or what the GPU does anyhow."""
    step = _kernel(index)
    if step is None:
        return {"as found": time.sleep}

    def busy(duration_s: float) -> None:
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            step()

    def square(period_s: float) -> Load:
        def on_and_off(duration_s: float) -> None:
            end_s = time.monotonic() + duration_s
            while time.monotonic() < end_s:
                turn_s = time.monotonic() + period_s / 2
                while time.monotonic() < turn_s:
                    step()
                time.sleep(max(turn_s + period_s / 2 - time.monotonic(), 0))

        return on_and_off

    squares = {f"square {ms} ms": square(ms / 1e3) for ms in SQUARES_MS}
    return {"idle": time.sleep, "full load": busy, **squares}


def _kernel(index: int) -> Callable[[], None] | None:
    """A matrix product of some milliseconds, waited for; ``None`` without CUDA."""
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # as NVML counts them
    try:
        import torch  # noqa: PLC0415 - optional, and heavy
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    device = f"cuda:{index}"
    one = torch.randn(4096, 4096, device=device, dtype=torch.float16)

    def step() -> None:
        torch.mm(one, one)
        torch.cuda.synchronize(device)

    return step
