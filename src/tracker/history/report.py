"""A run's report, computed from its store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec.structs import replace

from tracker.history.carbon import current_of, priced
from tracker.history.energy import Board, remainder_of
from tracker.history.figures import Figures, energy_between, figures_of
from tracker.history.phases import Counted, PhaseBook
from tracker.history.status import Vantage, last_sign
from tracker.model.device import DeviceKind, NotCounted
from tracker.model.display import duration_text
from tracker.model.report import (
    DeviceReport,
    EventReport,
    OverlapReport,
    PhaseReport,
    PricingReport,
    RunReport,
)
from tracker.model.run import Heartbeat, RunStatus
from tracker.store.found import RunDetails, RunRecords
from tracker.store.idle import IdlePower
from tracker.store.reader import Reader

if TYPE_CHECKING:
    from tracker.store.database import Database

ORDER: Final = (
    DeviceKind.NODE,
    DeviceKind.PLATFORM,
    DeviceKind.GPU,
    DeviceKind.CPU,
    DeviceKind.DRAM,
)
FALLBACK: Final = "price-fallback"
"""The kind of an event that says why a provider's figure was not used."""

GAP: Final = "no process of the run lived then: it was interrupted and resumed"
NO_READING: Final = "the source has it, but no reading of it came"


def report_of(
    database: Database, run_id: UUID, *, kept: bool, vantage: Vantage | None = None
) -> RunReport:
    """The report of a run as it is stored now.

    Args:
        database: open, for reading or writing.
        run_id: whose report.
        kept: whether that store outlives the process.
        vantage: from where the run is looked at; this process, now, if not given.

    Raises:
        RunNotFound: the store has no such run.
        StoreError: the store cannot be read.
    """
    report, _ = report_and_figures(database, run_id, kept=kept, vantage=vantage)
    return report


def report_and_figures(
    database: Database, run_id: UUID, *, kept: bool, vantage: Vantage | None = None
) -> tuple[RunReport, Figures]:
    """The report as ``report_of`` gives it, and the boards that its ranges are made of."""
    records, details = Reader(database).run(run_id)
    return made_of(database, records, details, kept=kept, vantage=vantage or Vantage.here())


def made_of(
    database: Database,
    records: RunRecords,
    details: RunDetails,
    *,
    kept: bool,
    vantage: Vantage,
) -> tuple[RunReport, Figures]:
    """The report of the one run that ``records`` hold, and what its ranges are made of."""
    reader = Reader(database)
    figures = figures_of(reader, records, vantage)
    pricings = _pricings(reader, records, figures)
    report = _report(database.url_for_people, records, details, figures, pricings, kept=kept)
    return report, figures


def _report(
    store: str,
    records: RunRecords,
    details: RunDetails,
    figures: Figures,
    pricings: tuple[PricingReport, ...],
    *,
    kept: bool,
) -> RunReport:
    run, stands, carbon = figures.run, figures.stands, figures.carbon
    bounds_j, beats = figures.energy_bounds_j, _beats(records, stands.status)
    return RunReport(
        run_id=run.id,
        short_id=run.short_id,
        name=run.name,
        project=run.project,
        tags=run.tags,
        params=run.params,
        status=stands.status,
        kept=kept,
        store=store,
        started_at=run.started_at,
        ended_at=stands.ended_at,
        last_seen_at=stands.last_seen_at,
        duration_s=stands.duration_s,
        energy_j=figures.energy_j,
        energy_low_j=bounds_j.low if bounds_j else None,
        energy_high_j=bounds_j.high if bounds_j else None,
        carbon_g=carbon.carbon_g if carbon else None,
        carbon_low_g=carbon.carbon_low_g if carbon else None,
        carbon_high_g=carbon.carbon_high_g if carbon else None,
        power_w={key: power_w for beat in beats for key, power_w in beat.power_w.items()},
        open_phases=tuple(name for beat in beats for name in beat.open_phases),
        devices=_devices(figures.boards, details.idle),
        phases=_phases(records, details, figures),
        pricings=pricings,
        overlaps=_overlaps(details),
        not_counted=_not_counted(records, figures.boards, stands.status),
        events=_events(records, details),
        metrics={metric.name: metric.value for metric in details.metrics},
        provenance=run.provenance,
        parent_id=run.parent_id,
        attribution=run.attribution.value,
        note=run.note,
        remainder=remainder_of(figures.boards, run.remainder_ratio),
        error=next((one.error for one in reversed(records.segments) if one.error), None),
    )


def _devices(
    boards: Sequence[Board], idle: Mapping[tuple[str, str], IdlePower]
) -> tuple[DeviceReport, ...]:
    """What was read: wholes first, then by kind as people name them."""
    reports = [
        replace(board.report(), idle=board.idle(idle.get(board.key)))
        for board in boards
        if board.was_read and not board.device.left_out
    ]
    return tuple(sorted(reports, key=lambda one: (ORDER.index(one.kind), one.device_id)))


def _beats(records: RunRecords, status: RunStatus) -> list[Heartbeat]:
    """The living segments' signs of life: what was open and drawn at the end is past."""
    if status is not RunStatus.RUNNING:
        return []
    living = [segment.id for segment in records.segments if segment.outcome is None]
    return [records.heartbeats[key] for key in living if key in records.heartbeats]


def _pricings(reader: Reader, records: RunRecords, figures: Figures) -> tuple[PricingReport, ...]:
    """Every pricing, in order of making; the current one is there already."""
    current, until = figures.pricing, figures.stands.last_seen_at
    between = energy_between(reader, records)
    return tuple(
        current
        if current is not None and pricing.id == current.id
        else priced(pricing, figures.total, between, current=False, until=until)
        for pricing in records.pricings
        if pricing.stretches
    )


def _phases(records: RunRecords, details: RunDetails, figures: Figures) -> tuple[PhaseReport, ...]:
    book = PhaseBook(
        counted=Counted.by_segment(records.segments, records.devices),
        pricing=current_of(records.pricings),
        last_seen_at=figures.stands.last_seen_at,
    )
    return book.reports(details.phases, details.metrics)


def _not_counted(
    records: RunRecords, boards: Sequence[Board], status: RunStatus
) -> tuple[NotCounted, ...]:
    """What the segments said, once each, and devices of which no reading came."""
    said = [missing for segment in records.segments for missing in segment.not_counted]
    left_out = [(board.device.device, board.device.left_out) for board in boards]
    said += [NotCounted(f"{one.id} ({one.name})", why) for one, why in left_out if why]
    named = {missing.what for missing in said}
    silent = [
        board.device.device.id
        for board in boards
        if not board.was_read and not board.device.left_out
    ]
    if status is RunStatus.RUNNING:  # a reading may still come
        silent = []
    unsaid = [NotCounted(device_id, NO_READING) for device_id in silent if device_id not in named]
    return tuple(dict.fromkeys([*said, *unsaid, *_gaps(records)]))


def _gaps(records: RunRecords) -> Iterator[NotCounted]:
    """Times between a run's segments in which none of its processes lived."""
    covered_to = None
    for segment in records.segments:  # in order of start
        if covered_to is not None and segment.started_at > covered_to:
            length = duration_text((segment.started_at - covered_to).total_seconds())
            yield NotCounted(f"{length} from {covered_to:%Y-%m-%d %H:%M:%S} UTC", GAP)
        end = last_sign(segment, records.heartbeats.get(segment.id))
        covered_to = end if covered_to is None else max(covered_to, end)


def _events(records: RunRecords, details: RunDetails) -> tuple[EventReport, ...]:
    """What the run said, and what the providers of its pricings could not do; each once."""
    said = [
        EventReport(event.at, event.kind, event.subject, event.message) for event in details.events
    ]
    known = {(one.subject, one.message) for one in said}
    for pricing in records.pricings:
        for note in pricing.notes:
            message = f"{note.zone}: {note.reason}"
            if (note.provider, message) not in known:
                known.add((note.provider, message))
                said.append(EventReport(note.at, FALLBACK, note.provider, message))
    return tuple(said)


def _overlaps(details: RunDetails) -> tuple[OverlapReport, ...]:
    """By run and device: several processes of one run are one entry."""
    found: dict[tuple[UUID, str], OverlapReport] = {}
    for one in details.overlaps:
        key = one.other_run_id, one.device_id
        before = found.get(key)
        found[key] = OverlapReport(
            run_id=one.other_run_id,
            short_id=one.other_run_id.hex[-8:],
            device_id=one.device_id,
            start=min(before.start, one.start) if before else one.start,
            end=max(before.end, one.end) if before else one.end,
            energy_j=one.energy_j + (before.energy_j if before else 0.0),
        )
    return tuple(found.values())
