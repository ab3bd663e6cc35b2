"""The first records of a run."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tracker.assembly import Assembly
from tracker.live import provenance
from tracker.model.run import Attribution, Record, ResumedRun, Run, Segment
from tracker.settings import Settings


def run(
    assembly: Assembly,
    settings: Settings,
    run_id: UUID,
    name: str,
    started_at: datetime,
    *,
    resumed: bool,
) -> Run:
    """The run, without its provenance: that takes longer than a start may."""
    kind = ResumedRun if resumed else Run
    return kind(
        run_id,
        name,
        settings.project,
        settings.tags,
        settings.params,
        started_at,
        provenance={},
        parent_id=assembly.parent_id(),
        attribution=Attribution(settings.attribution),
        remainder_ratio=settings.remainder_ratio,
    )


def segment(assembly: Assembly, settings: Settings, run_id: UUID, started_at: datetime) -> Segment:
    """This process's part of the run."""
    process = provenance.identity()
    return Segment(
        id=assembly.new_id(),
        run_id=run_id,
        host_id=process.host_id,
        pid=process.pid,
        process_started_at=process.process_started_at,
        boot_id=process.boot_id,
        pid_namespace=process.pid_namespace,
        interval_s=settings.interval_s,
        started_at=started_at,
    )


def facts(assembly: Assembly, settings: Settings, begun: Run) -> list[Record]:
    """The slow facts: the host, and the run with its provenance."""
    host = provenance.host_facts(assembly.host.proc_path)
    if not settings.provenance:
        return [host]
    return [host, replace(begun, provenance=provenance.provenance(assembly.host.environ))]
