"""Records as rows: what of a record goes into which column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Table

from tracker.model.carbon import Pricing
from tracker.model.host import HostFacts
from tracker.model.plain import plain
from tracker.model.run import (
    Baseline,
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Run,
    Segment,
    SegmentDevice,
    SegmentInterval,
)
from tracker.store import schema

Row = dict[str, Any]


def _host(record: HostFacts) -> Row:
    return {
        "host_id": record.host_id,
        "hostname": record.hostname,
        "boot_id": record.boot_id,
        "pid_namespace": record.pid_namespace,
        "os": record.os,
        "cpu_name": record.cpu_name,
        "cpu_threads": record.cpu_threads,
        "memory_bytes": record.memory_bytes,
    }


def _run(record: Run) -> Row:
    return {
        "id": record.id,
        "short_id": record.short_id,
        "name": record.name,
        "project": record.project,
        "tags": record.tags,
        "params": record.params,
        "started_at": record.started_at,
        "provenance": record.provenance,
        "parent_id": record.parent_id,
        "attribution": record.attribution,
        "remainder_ratio": record.remainder_ratio,
        "note": record.note,
    }


def _segment(record: Segment) -> Row:
    return {
        "id": record.id,
        "run_id": record.run_id,
        "host_id": record.host_id,
        "pid": record.pid,
        "process_started_at": record.process_started_at,
        "boot_id": record.boot_id,
        "pid_namespace": record.pid_namespace,
        "interval_s": record.interval_s,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "outcome": record.outcome,
        "error": record.error,
        "not_counted": [[missing.what, missing.reason] for missing in record.not_counted],
        "slept_s": record.slept_s,
    }


def _heartbeat(record: Heartbeat) -> Row:
    return {
        "segment_id": record.segment_id,
        "at": record.at,
        "power_w": record.power_w,
        "open_phases": record.open_phases,
    }


def _device(record: SegmentDevice) -> Row:
    device, accuracy, check = record.device, record.device.accuracy, record.check
    return {
        "segment_id": record.segment_id,
        "device_id": device.id,
        "kind": device.kind,
        "name": device.name,
        "accuracy_class": accuracy.accuracy_class,
        "common_low": accuracy.common_ratio.low,
        "common_high": accuracy.common_ratio.high,
        "own_low": accuracy.own_ratio.low,
        "own_high": accuracy.own_ratio.high,
        "covers": device.covers,
        "refresh_s": device.refresh_s,
        "added": device.added,
        "source": record.source,
        "covered_by": record.covered_by,
        "left_out": record.left_out,
        "checked_counted_j": check.counted_j if check else None,
        "checked_polled_j": check.polled_j if check else None,
        "suspect": record.suspect,
    }


def _interval(record: SegmentInterval) -> Row:
    interval = record.interval
    return {
        "segment_id": record.segment_id,
        "device_id": interval.device_id,
        "slot_start": record.slot_start,
        "method": interval.method,
        "slot_s": record.slot_s,
        "start_at": interval.start,
        "end_at": interval.end,
        "energy_j": interval.energy_j,
        "slack_j": interval.slack_j,
        "coverage": interval.coverage,
    }


def _phase(record: Phase) -> Row:
    energy = record.energy
    return {
        "segment_id": record.segment_id,
        "number": record.number,
        "name": record.name,
        "name_index": record.index,
        "parent": record.parent,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "energy": None
        if energy is None
        else {key: [amount.energy_j, amount.slack_j] for key, amount in energy.items()},
    }


def _metric(record: Metric) -> Row:
    return {
        "segment_id": record.segment_id,
        "number": record.number,
        "phase": record.phase,
        "name": record.name,
        "value": record.value,
        "at": record.at,
    }


def _event(record: Event) -> Row:
    return {
        "segment_id": record.segment_id,
        "number": record.number,
        "at": record.at,
        "kind": record.kind,
        "subject": record.subject,
        "message": record.message,
    }


def _overlap(record: Overlap) -> Row:
    return {
        "segment_id": record.segment_id,
        "device_id": record.device_id,
        "other_segment_id": record.other_segment_id,
        "other_run_id": record.other_run_id,
        "start_at": record.start,
        "end_at": record.end,
        "energy_j": record.energy_j,
    }


def _baseline(record: Baseline) -> Row:
    return {
        "host_id": record.host_id,
        "device_id": record.device_id,
        "at": record.at,
        "power_w": record.power_w,
        "duration_s": record.duration_s,
    }


def _pricing(record: Pricing) -> Row:
    location = record.location
    return {
        "id": record.id,
        "run_id": record.run_id,
        "made_at": record.made_at,
        "provider": record.provider,
        "zone": location.zone,
        "zone_name": location.name,
        "location_origin": location.origin,
        "location_g_per_kwh": location.g_per_kwh,
        "signal": record.signal,
        "scope": record.scope,
        "basis": record.basis,
        "pue": record.pue,
        "pue_source": record.pue_source,
        "what_if": record.what_if,
        "provisional": record.provisional,
        "tariff": None if record.tariff is None else plain(record.tariff),
        "water": None if record.water is None else plain(record.water),
        "notes": [plain(note) for note in record.notes],
    }


def intensities_of(pricing: Pricing) -> list[Row]:
    """The rows of a pricing's stretches: copies, so that a frozen pricing stays as it is."""
    return [
        {
            "pricing_id": pricing.id,
            "start_at": stretch.start,
            "end_at": stretch.end,
            "g_per_kwh": stretch.intensity.g_per_kwh,
            "low": stretch.intensity.low,
            "high": stretch.intensity.high,
            "zone": stretch.intensity.zone,
            "signal": stretch.intensity.signal,
            "scope": stretch.intensity.scope,
            "valid_from": stretch.intensity.valid_from,
            "valid_to": stretch.intensity.valid_to,
            "provider": stretch.intensity.provider,
            "estimated": stretch.intensity.estimated,
            "fetched_at": stretch.intensity.fetched_at,
            "source": stretch.intensity.source,
        }
        for stretch in pricing.stretches
    ]


TABLES: Final[dict[type, tuple[Table, Callable[[Any], Row]]]] = {
    HostFacts: (schema.hosts, _host),
    Run: (schema.runs, _run),
    Pricing: (schema.pricings, _pricing),
    Segment: (schema.segments, _segment),
    SegmentDevice: (schema.devices, _device),
    SegmentInterval: (schema.intervals, _interval),
    Heartbeat: (schema.heartbeats, _heartbeat),
    Phase: (schema.phases, _phase),
    Metric: (schema.metrics, _metric),
    Event: (schema.events, _event),
    Overlap: (schema.overlaps, _overlap),
    Baseline: (schema.baselines, _baseline),
}
"""Table and row of each kind of record; what others point to comes before them."""
