"""Rows as records: the way back from ``rows.py``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tracker.model.beside import PricingNote, Tariff, TariffBand, WaterUse
from tracker.model.carbon import CarbonIntensity, Location, PricedStretch, Pricing, Scope, Signal
from tracker.model.device import Accuracy, Device, DeviceKind, Method, NotCounted, Ratio
from tracker.model.energy import CounterCheck, EnergyAmount, EnergyInterval
from tracker.model.host import HostFacts
from tracker.model.run import (
    Attribution,
    Baseline,
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Run,
    RunStatus,
    Segment,
    SegmentDevice,
    SegmentInterval,
)

Found = Any
"""A row as SQLAlchemy returns it, its columns as attributes."""


def host(row: Found) -> HostFacts:
    """A machine."""
    return HostFacts(
        row.host_id,
        row.hostname,
        row.boot_id,
        row.pid_namespace,
        row.os,
        row.cpu_name,
        row.cpu_threads,
        row.memory_bytes,
    )


def run(row: Found) -> Run:
    """A run."""
    return Run(
        row.id,
        row.name,
        row.project,
        row.tags,
        row.params,
        row.started_at,
        row.provenance,
        row.parent_id,
        Attribution(row.attribution),
        row.remainder_ratio,
        row.note,
    )


def segment(row: Found) -> Segment:
    """A segment."""
    return Segment(
        row.id,
        row.run_id,
        row.host_id,
        row.pid,
        row.process_started_at,
        row.boot_id,
        row.pid_namespace,
        row.interval_s,
        row.started_at,
        row.ended_at,
        None if row.outcome is None else RunStatus(row.outcome),
        row.error,
        tuple(NotCounted(what, reason) for what, reason in row.not_counted),
        row.slept_s,
    )


def heartbeat(row: Found) -> Heartbeat:
    """A sign of life."""
    return Heartbeat(row.segment_id, row.at, row.power_w, tuple(row.open_phases))


def device(row: Found) -> SegmentDevice:
    """A device of a segment."""
    accuracy = Accuracy(
        row.accuracy_class,
        Ratio(row.common_low, row.common_high),
        Ratio(row.own_low, row.own_high),
    )
    kind = DeviceKind(row.kind)
    found = Device(
        row.device_id, kind, row.name, accuracy, tuple(row.covers), row.refresh_s, row.added
    )
    check = None
    if row.checked_counted_j is not None:
        check = CounterCheck(row.checked_counted_j, row.checked_polled_j)
    return SegmentDevice(
        row.segment_id, found, row.source, row.covered_by, row.left_out, check, row.suspect
    )


def interval(row: Found) -> SegmentInterval:
    """Energy in a slot."""
    energy = EnergyInterval(
        row.device_id,
        row.start_at,
        row.end_at,
        row.energy_j,
        row.slack_j,
        Method(row.method),
        row.coverage,
    )
    return SegmentInterval(row.segment_id, row.slot_start, energy, row.slot_s)


def phase(row: Found) -> Phase:
    """A phase."""
    energy = row.energy
    return Phase(
        row.segment_id,
        row.number,
        row.name,
        row.name_index,
        row.parent,
        row.started_at,
        row.ended_at,
        None if energy is None else {key: EnergyAmount(*value) for key, value in energy.items()},
    )


def metric(row: Found) -> Metric:
    """A logged value."""
    return Metric(row.segment_id, row.number, row.phase, row.name, row.value, row.at)


def event(row: Found) -> Event:
    """An event."""
    return Event(row.segment_id, row.number, row.at, row.kind, row.subject, row.message)


def overlap(row: Found) -> Overlap:
    """Energy that two runs counted."""
    return Overlap(
        row.segment_id,
        row.device_id,
        row.other_segment_id,
        row.other_run_id,
        row.start_at,
        row.end_at,
        row.energy_j,
    )


def baseline(row: Found) -> Baseline:
    """A device's idle power."""
    return Baseline(row.host_id, row.device_id, row.at, row.power_w, row.duration_s)


def pricing(row: Found, intensities: Iterable[Found]) -> Pricing:
    """A pricing with its stretches."""
    return Pricing(
        row.id,
        row.run_id,
        row.made_at,
        row.provider,
        Location(row.zone, row.zone_name, row.location_origin, row.location_g_per_kwh),
        Signal(row.signal),
        Scope(row.scope),
        row.basis,
        row.pue,
        row.pue_source,
        row.what_if,
        row.provisional,
        tuple(_stretch(one) for one in intensities),
        _tariff(row.tariff),
        None if row.water is None else WaterUse(**row.water),
        tuple(_note(one) for one in row.notes),
    )


def _tariff(document: dict[str, Any] | None) -> Tariff | None:
    if document is None:
        return None
    bands = tuple(TariffBand(**band) for band in document["bands"])
    return Tariff(**{**document, "bands": bands})


def _note(document: dict[str, Any]) -> PricingNote:
    return PricingNote(**{**document, "at": datetime.fromisoformat(document["at"])})


def _stretch(row: Found) -> PricedStretch:
    intensity = CarbonIntensity(
        row.g_per_kwh,
        row.low,
        row.high,
        row.zone,
        Signal(row.signal),
        Scope(row.scope),
        row.valid_from,
        row.valid_to,
        row.provider,
        row.estimated,
        row.fetched_at,
        row.source,
    )
    return PricedStretch(row.start_at, row.end_at, intensity)
