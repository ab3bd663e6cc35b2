"""Hardware that people have, and its faults: the error of whole runs over fakes of known energy.

Each scene is a process of its own that measures itself for 30 s.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from _bench import environ_with_store, line, machine, options
from msgspec import Struct, field

from fakes.nvml import FakeGpu, FakeNvml, Fault, Waveform, fake_uuid
from fakes.powercap import PowercapTree, drawing

SUBJECT: Final = """
import json, time
import tracker

ahead_ns = time.time_ns() - time.monotonic_ns()
with tracker.track("hardware") as run:
    time.sleep({duration_s})
found = run.report()
window_ns = [
    round(instant.timestamp() * 1e9) - ahead_ns for instant in (found.started_at, found.ended_at)
]
print(json.dumps(found.to_dict() | {{"window_ns": window_ns}}))
"""
PACKAGE_W: Final = 150.0
LOST_AT_RATIO: Final = 0.5
"""Of the run's duration."""

AT_ONCE: Final = 2
"""Scenes side by side; more of them would wait for a processor when they start."""

WAVES: Final = {
    "constant": 1.0,
    "square of 0.5 s": 0.5,
    "square of 3 s": 3.0,
    "square of 20 s": 20.0,
}


class Scene(Struct, frozen=True):
    """A machine, and how far its figure may be off.

    Attributes:
        gpus: its GPUs, in NVML's order.
        visible: which of them are ours; all if empty.
        library: what the fake NVML does to every call.
        packages: processors with a counter of so many joules before it wraps.
        most_percent: the bound of the error.
    """

    name: str
    gpus: Sequence[FakeGpu] = ()
    visible: tuple[int, ...] = ()
    library: dict[str, Any] = field(default_factory=dict)
    packages: tuple[float, ...] = ()
    psys: bool = False
    most_percent: float = 0.1


def _eight(name: str, **changes: Any) -> list[FakeGpu]:  # noqa: ANN401 - any of a GPU's fields
    period_s = WAVES[name]
    low_w, high_w = (300.0, 300.0) if name == "constant" else (100.0, 500.0)
    waves = [Waveform(low_w, high_w, period_s, 0.37 * number * period_s) for number in range(8)]
    return [
        FakeGpu(waveform=one, refresh_phase_s=0.011 * number, **changes)
        for number, one in enumerate(waves)
    ]


def scenes(duration_s: float) -> list[Scene]:
    """Every machine."""
    found = [Scene(f"8 GPUs, {name}", _eight(name)) for name in WAVES]
    found += [Scene(f"2 of 8 GPUs, {name}", _eight(name), visible=(2, 5)) for name in WAVES]
    slow = {"call_delay_s": 0.01}
    found.append(
        Scene("8 GPUs, each call 10 ms", _eight("square of 3 s"), (), slow, (), False, 0.2)
    )
    unknown = {"faults": [Fault("nvmlDeviceGetFieldValues", 999, every=5)]}
    found.append(Scene("UNKNOWN at every 5th call", _eight("square of 3 s"), (), unknown))
    found += [
        Scene(f"no counter, {name}", [one], most_percent=0.7)
        for name in ("square of 3 s", "square of 20 s")
        for one in _eight(name, counter=False)[:1]
    ]
    found.append(
        Scene("RAPL that wraps every 10 s", packages=(PACKAGE_W * min(10, duration_s / 3),))
    )
    found.append(Scene("two packages and psys", packages=(65e3, 65e3), psys=True))
    return found


def main() -> None:
    duration_s = 4.0 if options(__doc__).short else 30.0
    with machine() as folder:
        every = scenes(duration_s)
        for place in range(0, len(every), AT_ONCE):
            _counted(folder / str(place), every[place : place + AT_ONCE], duration_s)
        _lost(folder / "lost", duration_s)
        _silent(folder / "silent", duration_s)


def _counted(folder: Path, every: Sequence[Scene], duration_s: float) -> None:
    """The scenes that have a truth, side by side."""
    running = []
    with contextlib.ExitStack() as stack:
        for number, scene in enumerate(every):
            place = folder / str(number)
            place.mkdir(parents=True)
            fake = FakeNvml(place, scene.gpus, **scene.library)
            environ = _environ(place, fake, scene)
            if scene.packages:
                stack.enter_context(drawing(_powercap(place, scene), PACKAGE_W, 0.005))
            running.append((scene, fake, _start(environ, duration_s)))
        told = [(scene, fake, _told(process)) for scene, fake, process in running]
    for scene, fake, report in told:
        _print(scene, fake, report)


def _environ(place: Path, fake: FakeNvml, scene: Scene) -> dict[str, str]:
    environ = environ_with_store(place, fake.environ())
    environ["TRACKER_SYSFS"] = str(place / "sys")
    if scene.visible:
        environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, scene.visible))
    return environ


def _powercap(place: Path, scene: Scene) -> PowercapTree:
    tree = PowercapTree(place / "sys")
    for wraps_at_j in scene.packages:
        tree.add_package(dram=False, range_uj=round(wraps_at_j * 1e6))
    if scene.psys:
        tree.add_psys()
    return tree


def _start(environ: dict[str, str], duration_s: float) -> subprocess.Popen[str]:
    code = SUBJECT.format(duration_s=duration_s)
    return subprocess.Popen(
        (sys.executable, "-c", code), env=environ, stdout=subprocess.PIPE, text=True
    )


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    report: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return report


def _print(scene: Scene, fake: FakeNvml, report: dict[str, Any]) -> None:
    start_ns, end_ns = report["window_ns"]
    ours = scene.visible or range(len(scene.gpus))
    true_j = sum(fake.energy_j(gpu, start_ns, end_ns) for gpu in ours)
    true_j += len(scene.packages) * PACKAGE_W * (end_ns - start_ns) / 1e9
    kind = "cpu" if scene.packages else "gpu"
    mine = [one for one in report["devices"] if one["kind"] == kind and one["in_total"]]
    read_j = sum(one["energy_j"] for one in mine)
    low_j, high_j = (sum(one[key] for one in mine) for key in ("low_j", "high_j"))
    line(f"{scene.name}, error", 100 * abs(read_j / true_j - 1), "%", most=scene.most_percent)
    if not low_j <= true_j <= high_j:
        line(f"{scene.name}, range without the truth", 1, "", most=0)


def _lost(folder: Path, duration_s: float) -> None:
    """A GPU that falls off the bus: what it used until then, and what is said of it."""
    folder.mkdir()
    fake = FakeNvml(folder, [FakeGpu(), FakeGpu()])
    fake.update(
        faults=[Fault("nvmlDeviceGetFieldValues", 15, gpu=0, from_s=LOST_AT_RATIO * duration_s)]
    )
    environ = _environ(folder, fake, Scene("lost"))
    report = _told(_start(environ, duration_s))
    start_ns, _ = report["window_ns"]
    lost_ns = fake.epoch_ns + int(LOST_AT_RATIO * duration_s * 1e9)
    true_j = fake.energy_j(0, start_ns, lost_ns)
    (gpu,) = (one for one in report["devices"] if one["device_id"].endswith(fake_uuid(0)))
    missing_j = true_j - gpu["energy_j"]
    line("GPU lost at 300 W, of its energy until then missing", missing_j, "J", most=330)
    said = [one for one in report["not_counted"] if one["reason"].startswith("since ")]
    line("GPU lost, lines that say since when", len(said), "", most=1)


def _silent(folder: Path, duration_s: float) -> None:
    """Neither power nor energy is told: a model, or not counted, and never 0 J."""
    folder.mkdir()
    nothing: dict[str, Any] = {"counter": False, "average": False, "instant": False, "usage": False}
    fake = FakeNvml(folder, [FakeGpu(**nothing), FakeGpu(**nothing, limit_w=0, utilization=-1)])
    report = _told(_start(_environ(folder, fake, Scene("silent")), duration_s))
    gpus = [one for one in report["devices"] if one["kind"] == "gpu"]
    zeros = [one for one in gpus if one["energy_j"] <= 0 or one["method"] != "model"]
    line("neither power nor energy, GPUs with 0 J or no label", len(zeros), "", most=0)
    named = [one for one in report["not_counted"] if fake_uuid(1) in one["what"]]
    line("neither power nor energy, GPUs not named", 1 - len(named), "", most=0)


if __name__ == "__main__":
    main()
