"""Energy of GPUs whose draw is known, against the exact integral, and the range stated.

The squares alternate between 100 W and 500 W. Four GPUs have a counter that refreshes every
0.1 s, four have none and are polled.
"""

from __future__ import annotations

from typing import Any

from _bench import environ_with_store, line, machine, options, python
from msgspec import Struct

from fakes.nvml import FakeGpu, FakeNvml, Waveform, fake_uuid

WAVES = {
    "constant": Waveform.constant(300.0),
    "square of 0.5 s": Waveform(100.0, 500.0, 0.5),
    "square of 3 s": Waveform(100.0, 500.0, 3.0),
    "square of 20 s": Waveform(100.0, 500.0, 20.0),
}
GPU_COUNTER_WIDTH_RATIO = 0.14

SUBJECT = """
import json, time
import tracker

found = []
for _ in range({times}):
    ahead_ns = time.time_ns() - time.monotonic_ns()
    with tracker.track("accuracy") as run:
        time.sleep({duration_s})
    report = run.report()
    window_ns = [
        round(instant.timestamp() * 1e9) - ahead_ns
        for instant in (report.started_at, report.ended_at)
    ]
    devices = [
        {{name: getattr(device, name) for name in ("device_id", "energy_j", "low_j", "high_j")}}
        for device in report.devices
    ]
    found.append({{"window_ns": window_ns, "devices": devices}})
    time.sleep(0.13)
print(json.dumps(found))
"""


class Found(Struct, frozen=True):
    """One device's figure in one run, against the truth."""

    error_ratio: float
    width_ratio: float
    holds: bool


def main() -> None:
    short = options(__doc__).short
    waves = list(WAVES.values())
    with machine() as folder:
        counted = [FakeGpu(waveform=wave) for wave in waves]
        polled = [FakeGpu(waveform=wave, counter=False) for wave in waves]
        fake = FakeNvml(folder, counted + polled)
        environ = environ_with_store(folder, fake.environ())
        long = python(SUBJECT.format(times=1, duration_s=5 if short else 30), environ).json()
        brief = python(SUBJECT.format(times=2 if short else 20, duration_s=0.5), environ).json()
    for number, name in enumerate(WAVES):
        _print(f"30 s, counter, {name}", _found(fake, long, number), 0.1)
    for number, name in enumerate(WAVES, start=len(WAVES)):
        _print(f"30 s, polled, {name}", _found(fake, long, number), 0.7)
    for number, name in enumerate(WAVES):
        _print(f"0.5 s, counter, {name}", _found(fake, brief, number), 3.0)
    widths = [each.width_ratio for n in range(len(WAVES)) for each in _found(fake, long, n)]
    line("30 s, counter, widest range", 100 * max(widths), "%", most=100 * GPU_COUNTER_WIDTH_RATIO)


def _found(fake: FakeNvml, runs: list[dict[str, Any]], gpu: int) -> list[Found]:
    device_id = f"gpu:{fake_uuid(gpu)}"
    return [
        _against(fake.energy_j(gpu, *run["window_ns"]), device)
        for run in runs
        for device in run["devices"]
        if device["device_id"] == device_id
    ]


def _against(true_j: float, device: dict[str, Any]) -> Found:
    return Found(
        error_ratio=abs(device["energy_j"] / true_j - 1),
        width_ratio=(device["high_j"] - device["low_j"]) / device["energy_j"],
        holds=device["low_j"] <= true_j <= device["high_j"],
    )


def _print(what: str, found: list[Found], most_percent: float) -> None:
    line(f"{what}, error", 100 * max(each.error_ratio for each in found), "%", most=most_percent)
    missed = sum(not each.holds for each in found)
    if missed:
        line(f"{what}, ranges without the truth", missed, f"of {len(found)}", most=0)


if __name__ == "__main__":
    main()
