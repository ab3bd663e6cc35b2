"""Another tool's run as records of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from tracker.carbon.accountant import make_pricing
from tracker.carbon.pue import Pue
from tracker.model.carbon import CarbonIntensity, Location, PricedStretch, Pricing, Scope, Signal
from tracker.model.device import Accuracy, Device, DeviceKind, Method
from tracker.model.energy import EnergyAmount, EnergyInterval
from tracker.model.host import HostFacts
from tracker.model.run import (
    Event,
    Phase,
    Record,
    Run,
    RunStatus,
    Segment,
    SegmentDevice,
    SegmentInterval,
)
from tracker.model.units import kwh_from_j
from tracker.ports.importer import ImportedPhase, ImportedRun

_RATIOS: Final = {
    DeviceKind.GPU: (0.92, 1.10),
    DeviceKind.CPU: (0.3, 2.5),
    DeviceKind.DRAM: (0.3, 1.7),
    DeviceKind.NODE: (0.4, 2.5),
    DeviceKind.PLATFORM: (0.4, 2.5),
}
"""True over read where nobody says how it was read: of the weakest way that these tools use
(``docs/ranges.md``); a GPU has a sensor, or no figure."""

INTENSITY_SPREAD: Final = 0.5
"""Of an intensity that is known from another tool's grams alone: half as much, or as much more."""


def records_of_foreign(
    found: ImportedRun, run_id: UUID, tool: str, file: str, now: datetime
) -> list[Record]:
    """Everything that is kept of a run that another tool recorded.

    How that tool obtained each figure is in no file: all is kept as a model's, with the range
    of the weakest way.

    Args:
        found: the run.
        run_id: the id it gets here.
        tool: whose record it is.
        file: where it was read from.
        now: UTC.
    """
    segment = _segment(found, run_id, tool)
    end = max(found.ended_at, found.started_at + timedelta(microseconds=1))
    said = f"figures of {tool}, which does not record how each was obtained"
    records: list[Record] = [
        _host(found, segment.host_id),
        _run(found, run_id, tool, file),
        segment,
        Event(segment.id, 0, found.started_at, "imported", tool, said),
    ]
    for used in found.devices:
        device = _device(used.kind, used.name, tool)
        records.append(SegmentDevice(segment.id, device, tool))
        energy = EnergyInterval(
            device.id, found.started_at, end, used.energy_j, 0.0, Method.MODEL, 1.0
        )
        records.append(_slot(segment.id, energy))
    records += _phases(found.phases, segment.id, tool)
    pricing = _pricing(found, run_id, tool, now)
    return [*records, pricing] if pricing else records


def _run(found: ImportedRun, run_id: UUID, tool: str, file: str) -> Run:
    origin = {"imported_from": tool, "file": file, "imported_key": found.key}
    return Run(
        run_id,
        found.name,
        found.project,
        found.tags,
        {},
        found.started_at,
        {**found.facts, **origin},
    )


def _host(found: ImportedRun, host_id: str) -> HostFacts:
    os = str(found.facts.get("os") or found.facts.get("OS") or "")
    cpu = next((each.name for each in found.devices if each.kind is DeviceKind.CPU), "")
    return HostFacts(host_id, "", "", "", os, cpu, 0, 0)


def _segment(found: ImportedRun, run_id: UUID, tool: str) -> Segment:
    """One whose machine is known by what hardware it had, and by nothing else."""
    hardware = "\n".join(sorted(each.name for each in found.devices))
    return Segment(
        id=uuid5(run_id, "segment"),
        run_id=run_id,
        host_id=hashlib.sha256(f"{tool}\n{hardware}".encode()).hexdigest()[:16],
        pid=0,
        process_started_at=0.0,
        boot_id="",
        pid_namespace="",
        interval_s=1.0,
        started_at=found.started_at,
        ended_at=found.ended_at,
        outcome=RunStatus.FINISHED,
    )


def _device(kind: DeviceKind, name: str, tool: str) -> Device:
    low, high = _RATIOS[kind]
    accuracy = Accuracy.of(f"model:{tool}-{kind.value}", low, high, common_share=1.0)
    return Device(f"{kind.value}:{tool}", kind, name, accuracy)


def _slot(segment_id: UUID, energy: EnergyInterval) -> SegmentInterval:
    """The whole run in one slot."""
    start = datetime.fromtimestamp(energy.start.timestamp() // 10 * 10, UTC)
    length_s = int((energy.end - start).total_seconds()) + 1
    return SegmentInterval(segment_id, start, energy, length_s)


def _phases(phases: Iterable[ImportedPhase], segment_id: UUID, tool: str) -> Iterator[Phase]:
    for number, each in enumerate(phases):
        energy = {
            f"{kind.value}:{tool}": EnergyAmount(used_j, 0.0)
            for kind, used_j in each.energy_j.items()
        }
        yield Phase(segment_id, number, each.name, number, None, each.start, each.end, energy)


def _pricing(found: ImportedRun, run_id: UUID, tool: str, now: datetime) -> Pricing | None:
    """Such that the grams are the tool's."""
    used_kwh = kwh_from_j(sum(each.energy_j for each in found.devices))
    if found.carbon_g is None or used_kwh <= 0:
        return None
    g_per_kwh = found.carbon_g / used_kwh / found.pue
    zone = found.zone or "unknown"
    intensity = CarbonIntensity(
        g_per_kwh,
        g_per_kwh * (1 - INTENSITY_SPREAD),
        g_per_kwh * (1 + INTENSITY_SPREAD),
        zone,
        Signal.AVERAGE,
        Scope.UNKNOWN,
        found.started_at,
        found.ended_at,
        tool,
        estimated=True,
        fetched_at=None,
        source=f"{tool}: its grams over its kilowatt-hours",
    )
    return make_pricing(
        id=uuid5(run_id, "pricing"),
        run_id=run_id,
        made_at=now,
        location=Location(zone, found.place or zone, tool),
        stretches=[PricedStretch(found.started_at, None, intensity)],
        pue=Pue(found.pue, tool),
    )
