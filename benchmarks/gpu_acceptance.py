"""What an NVIDIA GPU's meters are worth, and the tracker's figure beside them.

For a machine with a real GPU: seven minutes, or half of one with ``--short``. Needs Python
and nvidia-ml-py, and of this folder only this file and ``_gpu.py``: copy them there. With
torch and CUDA it makes load of its own, without it measures whatever the GPU is doing; with
the tracker installed it compares that too. It answers:

- how often the energy counter and the powers are published;
- whether the counter agrees with the powers, idle, at full load and under kernels that
  come and go every 50, 100 and 130 ms, where a sensor that looks a quarter of the time
  would beat against them;
- what one read costs, and how far back NVML's own samples reach;
- whether powers and counter are the GPU's or its whole module's;
- how far the tracker's energy is from the counter's, read apart from it.

    python gpu_acceptance.py --json results/h100-pcie.json
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from _gpu import AVERAGE, COUNTER, INSTANT, POLL_S, SCOPES, Gpu, Load, loads, reading

TOTAL_POWER_SAMPLES = 0  # NVML_TOTAL_POWER_SAMPLES


def facts(gpu: Gpu) -> dict[str, Any]:
    """Who the GPU is."""
    nvml = gpu.nvml
    limit_mw = gpu.ask("nvmlDeviceGetEnforcedPowerLimit")
    return {
        "name": gpu.ask("nvmlDeviceGetName"),
        "architecture": gpu.ask("nvmlDeviceGetArchitecture"),
        "power_limit_w": None if limit_mw is None else limit_mw / 1e3,
        "mig": bool((gpu.ask("nvmlDeviceGetMigMode") or [0])[0]),
        "virtualization": gpu.ask("nvmlDeviceGetVirtualizationMode"),
        "gpus": nvml.nvmlDeviceGetCount(),
        "driver": _text(nvml.nvmlSystemGetDriverVersion()),
        "nvml": _text(nvml.nvmlSystemGetNVMLVersion()),
        "python": platform.python_version(),
    }


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def refresh(gpu: Gpu, duration_s: float, load: Load) -> dict[str, Any]:
    """Milliseconds between two publications, read as fast as NVML answers."""
    with reading(gpu, 0.0) as trace:
        load(duration_s)
    found: dict[str, Any] = {"reads_per_s": len(trace.times_s) / duration_s}
    for number, name in enumerate(("counter", "average", "instant")):
        gaps_ms = [1e3 * (b[0] - a[0]) for a, b in pairwise(trace.changes(number))]
        cuts = statistics.quantiles(gaps_ms, n=10) if len(gaps_ms) > 1 else None
        found[name] = cuts and {
            "median_ms": statistics.median(gaps_ms),
            "p10_ms": cuts[0],
            "p90_ms": cuts[-1],
        }
    return found


def agreement(gpu: Gpu, duration_s: float, load: Load) -> dict[str, Any]:
    """Mean power by the counter and by the powers, over the same seconds."""
    with reading(gpu) as trace:
        load(duration_s + 1.5)
    known = trace.changes(0)
    counter_w = None
    if len(known) > 2:
        settled = [one for one in known if one[0] > trace.times_s[0] + 1] or known
        counter_w = (known[-1][1] - settled[0][1]) / (known[-1][0] - settled[0][0] or 1)
    from_s = trace.times_s[0] + 1  # the average's window must lie within the load
    found: dict[str, Any] = {"counter_w": counter_w}
    for name, number, step_s in (("average_1hz", 1, 1.0), ("instant_10hz", 2, 0.1)):
        power_w = _mean(trace.column(number), from_s, step_s)
        found[f"{name}_w"] = power_w
        both = counter_w and power_w
        found[f"counter_over_{name}"] = counter_w / power_w if both else None  # type: ignore[operator]
    fast_w = _mean(trace.column(2), from_s, POLL_S)
    return {**found, "instant_100hz_w": fast_w}


def _mean(rows: Sequence[tuple[float, float]], from_s: float, step_s: float) -> float | None:
    """The mean of the readings that somebody would have taken every ``step_s``."""
    taken, due_s = [], from_s
    for at_s, power_w in rows:
        if at_s >= due_s:
            taken.append(power_w)
            due_s += step_s
    return statistics.fmean(taken) if taken else None


def cost(gpus: Sequence[Gpu], times: int) -> dict[str, float | None]:
    """Milliseconds of one read: three fields in one call, in three, and of every GPU."""
    three = [(COUNTER, 0), (AVERAGE, 0), (INSTANT, 0)]
    one = gpus[0]
    ways: dict[str, Callable[[], object]] = {
        "one_call_3_fields": lambda: one.fields(*three),
        "three_calls": lambda: [one.fields(each) for each in three],
        "energy_call": lambda: one.ask("nvmlDeviceGetTotalEnergyConsumption"),
        "power_call": lambda: one.ask("nvmlDeviceGetPowerUsage"),
        "process_utilization": lambda: one.ask("nvmlDeviceGetProcessUtilization", 0),
        f"one_call_each_of_{len(gpus)}_gpus": lambda: [gpu.fields(*three) for gpu in gpus],
    }
    return {f"{name}_ms": _median_ms(way, times) for name, way in ways.items()}


def _median_ms(way: Callable[[], object], times: int) -> float | None:
    taken = []
    for _ in range(times):
        began_s = time.perf_counter()
        if way() is None:
            return None
        taken.append(1e3 * (time.perf_counter() - began_s))
    return statistics.median(taken)


def scope(gpu: Gpu, duration_s: float, load: Load) -> dict[str, Any]:
    """Powers by scope beside the counter's, over the same seconds: whose is the counter?"""
    asked = [(number, code) for code in SCOPES.values() for number in (AVERAGE, INSTANT)]
    rows: list[list[float | None]] = []
    with reading(gpu) as trace:
        thread = threading.Thread(target=load, args=(duration_s,))
        thread.start()
        while thread.is_alive():
            rows.append(gpu.fields(*asked))
            time.sleep(0.1)
    counted_j = trace.counted_j(trace.times_s[0], trace.times_s[-1])
    lasted_s = trace.times_s[-1] - trace.times_s[0]
    found: dict[str, Any] = {"counter_w": counted_j and counted_j / lasted_s}
    names = [f"{name}_{what}_w" for name in SCOPES for what in ("average", "instant")]
    for number, name in enumerate(names):
        told = [row[number] for row in rows if row[number] is not None]
        found[name] = statistics.fmean(told) if told else None  # type: ignore[type-var]
    return found


def samples(gpu: Gpu) -> dict[str, Any] | None:
    """How many powers NVML keeps by itself, and over what time."""
    answer = gpu.ask("nvmlDeviceGetSamples", TOTAL_POWER_SAMPLES, 0)
    if not answer or not answer[1]:
        return None
    stamps_us = [sample.timeStamp for sample in answer[1]]
    return {"count": len(stamps_us), "span_s": (max(stamps_us) - min(stamps_us)) / 1e6}


def tracker_error(gpu: Gpu, duration_s: float, load: Load, folder: Path) -> dict[str, Any] | None:
    """The tracker's energy of this GPU against the counter as read apart from it."""
    try:
        import tracker  # noqa: PLC0415 - optional: this script stands alone
    except ImportError:
        return None
    uuid, store = gpu.ask("nvmlDeviceGetUUID"), f"sqlite:///{folder / 'acceptance.db'}"
    with reading(gpu) as trace:
        time.sleep(1)
        ahead_s = time.time() - time.monotonic()
        with tracker.track("gpu-acceptance", store=store, location="0 g/kWh") as run:
            load(duration_s)
        time.sleep(1)
    report = run.report()
    device = next((one for one in report.devices if one.device_id == f"gpu:{uuid}"), None)
    if device is None or report.ended_at is None:
        return None
    start_s, end_s = (at.timestamp() - ahead_s for at in (report.started_at, report.ended_at))
    reference_j = trace.counted_j(start_s, end_s)
    return {
        "tracker_j": device.energy_j,
        "low_j": device.low_j,
        "high_j": device.high_j,
        "method": str(device.method),
        "reference_j": reference_j,
        "error_percent": reference_j and 100 * (device.energy_j / reference_j - 1),
    }


def examine(
    gpus: Sequence[Gpu], made: Mapping[str, Load], *, short: bool, folder: Path
) -> dict[str, Any]:
    """Every answer about the first of the GPUs, under the loads that can be made."""
    gpu = gpus[0]
    brief_s, long_s = (1.5, 3.0) if short else (10.0, 60.0)
    busiest = made["full load" if "full load" in made else "as found"]
    return {
        "facts": facts(gpu),
        "refresh": refresh(gpu, brief_s, busiest),
        "agreement": {name: agreement(gpu, long_s, load) for name, load in made.items()},
        "cost": cost(gpus, 20 if short else 500),
        "scope": scope(gpu, brief_s, busiest),
        "samples": samples(gpu),
        "tracker": {name: tracker_error(gpu, long_s, made[name], folder) for name in _two(made)},
    }


def _two(made: Mapping[str, Load]) -> list[str]:
    """Full load and the square that beats against a sensor of 100 ms, or what there is."""
    return [name for name in made if name in {"full load", "square 130 ms", "as found"}]


def table(found: Any, name: str = "", depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The answers as lines."""
    label = f"{'  ' * depth}{name}"
    if isinstance(found, dict):
        if name:
            yield label
        for key, below in found.items():
            yield from table(below, key, depth + bool(name))
    else:
        shown = f"{found:.4g}" if isinstance(found, float) else found
        yield f"{label:<44} {'not told' if found is None else shown}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="half a minute; rough figures")
    parser.add_argument("--gpu", type=int, default=0, metavar="N", help="NVML's index (0)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="where the answers are written")
    parser.add_argument("--no-load", action="store_true", help="measure what the GPU does anyhow")
    options = parser.parse_args()
    try:
        import pynvml  # noqa: PLC0415 - a machine without it gets a line, not a trace

        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except Exception as error:  # noqa: BLE001 - whatever is missing, there is nothing to examine
        print(f"no NVIDIA GPU can be asked here: {error}")
        return 0
    if not count:
        print("no NVIDIA GPU: NVML lists none")
        return 0
    if not 0 <= options.gpu < count:
        print(f"--gpu {options.gpu}: NVML lists {count}", file=sys.stderr)
        return 2
    order = [options.gpu, *(each for each in range(count) if each != options.gpu)]
    with tempfile.TemporaryDirectory() as folder:
        gpus = [Gpu(pynvml, each) for each in order]
        made = {"as found": time.sleep} if options.no_load else loads(options.gpu)
        found = examine(gpus, made, short=options.short, folder=Path(folder))
    print("\n".join(table(found)))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    with suppress(pynvml.NVMLError):
        pynvml.nvmlShutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
