"""A run with something of everything, as records."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from msgspec.structs import replace

from tracker.model.carbon import CarbonIntensity, Location, PricedStretch, Pricing, Scope, Signal
from tracker.model.device import Accuracy, Device, DeviceKind, Method, NotCounted
from tracker.model.energy import EnergyAmount, EnergyInterval
from tracker.model.host import HostFacts
from tracker.model.run import (
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Record,
    Run,
    RunStatus,
    Segment,
    SegmentDevice,
    SegmentInterval,
)

START = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)

GPU = Device(
    "gpu:GPU-8a1b", DeviceKind.GPU, "NVIDIA H100", Accuracy.of("counter:gpu", 0.98, 1.09), (), 0.1
)
CPU = Device(
    "cpu:package-0", DeviceKind.CPU, "AMD EPYC", Accuracy.of("counter:cpu", 0.85, 1.15), ()
)
NODE = Device(
    "node:cray", DeviceKind.NODE, "Cray node", Accuracy.of("counter:node", 0.97, 1.03), ("gpu:*",)
)
MODEL = Device(
    "dram:model",
    DeviceKind.DRAM,
    "RAM",
    Accuracy.of("model:ram", 0.3, 1.7, common_share=1.0),
)


def at(seconds: float) -> datetime:
    """So long after the run's start."""
    return START + timedelta(seconds=seconds)


def host(host_id: str = "00112233aabbccdd", hostname: str = "node-7") -> HostFacts:
    return HostFacts(host_id, hostname, "boot-1", "pid:[1]", "Linux 6.1", "EPYC", 8, 64 << 30)


def run(name: str = "resnet", project: str = "vision", started_at: datetime = START) -> Run:
    return Run(
        uuid4(),
        name,
        project,
        {"lr": "3e-4"},
        {"depth": 18, "layers": [1, 2]},
        started_at,
        {"user": "ada", "git": {"dirty": True}},
    )


def segment(of: Run, *, pid: int = 1, ended_at: datetime | None = None) -> Segment:
    return Segment(
        id=uuid4(),
        run_id=of.id,
        host_id=host().host_id,
        pid=pid,
        process_started_at=1_772_000_000.25,
        boot_id="boot-1",
        pid_namespace="pid:[1]",
        interval_s=1.0,
        started_at=of.started_at,
        ended_at=ended_at,
        outcome=RunStatus.FINISHED if ended_at else None,
        not_counted=(NotCounted("dram", "the machine has no counter of it"),),
    )


def here(segment: Segment, proc: Path = Path("/proc")) -> Segment:
    """The segment as this very process would write it."""
    return replace(
        segment,
        pid=os.getpid(),
        process_started_at=0.0,
        boot_id=(proc / "sys/kernel/random/boot_id").read_text().strip(),
        pid_namespace=str((proc / "self/ns/pid").readlink()),
    )


def interval(
    of: Segment,
    device: Device,
    second: float,
    energy_j: float,
    *,
    slack_j: float = 0.0,
    method: Method = Method.COUNTER,
    coverage: float = 1.0,
    lasts_s: float = 10.0,
) -> SegmentInterval:
    start = of.started_at + timedelta(seconds=second)
    end = start + timedelta(seconds=lasts_s)
    energy = EnergyInterval(device.id, start, end, energy_j, slack_j, method, coverage)
    return SegmentInterval(of.id, start, energy)


def intensity(
    g_per_kwh: float = 50.0,
    *,
    spread: float = 0.2,
    signal: Signal = Signal.AVERAGE,
    valid_from: datetime = START,
) -> CarbonIntensity:
    return CarbonIntensity(
        g_per_kwh,
        g_per_kwh * (1 - spread),
        g_per_kwh * (1 + spread),
        "FR",
        signal,
        Scope.LIFECYCLE,
        valid_from,
        valid_from + timedelta(days=365),
        "table",
        estimated=False,
        fetched_at=None,
        source="Ember, 2025, CC-BY-4.0",
    )


def pricing(
    of: Run,
    *intensities: tuple[datetime, CarbonIntensity],
    made_at: datetime = START,
    pue: float = 1.0,
    what_if: bool = False,
) -> Pricing:
    used = intensities or ((of.started_at, intensity()),)
    ends = [*(start for start, _ in used[1:]), None]
    return Pricing(
        uuid4(),
        of.id,
        made_at,
        "table",
        Location("FR", "France", "argument"),
        used[0][1].signal,
        Scope.LIFECYCLE,
        "location",
        pue,
        "given" if pue != 1 else "none",
        what_if,
        provisional=False,
        stretches=tuple(
            PricedStretch(start, end, one) for (start, one), end in zip(used, ends, strict=True)
        ),
    )


class Sample:
    """A finished run of 20 s on a GPU and a CPU, with phases, metrics, an event, a price."""

    def __init__(self, of: Run | None = None, devices: Sequence[Device] = (GPU, CPU)) -> None:
        self.run = of or run()
        self.devices = devices
        started_at = self.run.started_at
        self.segment = segment(self.run, ended_at=started_at + timedelta(seconds=20))
        self.pricing = pricing(self.run)

    @property
    def id(self) -> UUID:
        return self.run.id

    def records(self) -> list[Record]:
        key, start = self.segment.id, self.run.started_at
        end = start + timedelta(seconds=15)
        amounts = {GPU.id: EnergyAmount(1500.1, 2.5), CPU.id: EnergyAmount(300.2, 0.25)}
        return [
            host(),
            self.run,
            self.pricing,
            self.segment,
            *(SegmentDevice(key, device, "fake") for device in self.devices),
            *(interval(self.segment, device, 0, 3000.1, slack_j=3) for device in self.devices),
            *(interval(self.segment, device, 10, 2000.2, slack_j=4) for device in self.devices),
            Heartbeat(key, start + timedelta(seconds=20), {GPU.id: 300.5}, ("epoch", "train")),
            Phase(key, 0, "epoch", 0, None, start, end, amounts),
            Phase(key, 1, "train", 0, 0, start + timedelta(seconds=1), None, None),
            Metric(key, 0, 1, "loss", 0.25, start + timedelta(seconds=2)),
            Metric(key, 1, None, "accuracy", 0.9, start + timedelta(seconds=16)),
            Event(key, 0, start, "counter-reset", GPU.id, "the counter began anew"),
            Overlap(key, GPU.id, UUID(int=7), UUID(int=8), start, end, 1500.1),
        ]
