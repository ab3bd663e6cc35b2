"""The report of a run of which nothing is known: switched off, not started, or lost."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from tracker.model.device import NotCounted
from tracker.model.report import RunReport
from tracker.model.run import RunStatus
from tracker.settings import Settings


def report(run_id: UUID, name: str, settings: Settings, reason: str) -> RunReport:
    """A report that answers every question with "nothing is known", and why."""
    now = datetime.now(UTC)
    return RunReport(
        run_id=run_id,
        short_id=run_id.hex[-8:],
        name=name,
        project=settings.project,
        tags=settings.tags,
        params=settings.params,
        status=RunStatus.FINISHED,
        kept=False,
        store="",
        started_at=now,
        ended_at=now,
        last_seen_at=now,
        duration_s=0.0,
        energy_j=None,
        energy_low_j=None,
        energy_high_j=None,
        carbon_g=None,
        carbon_low_g=None,
        carbon_high_g=None,
        power_w={},
        open_phases=(),
        devices=(),
        phases=(),
        pricings=(),
        overlaps=(),
        not_counted=(NotCounted("everything", f"nothing is known of this run: {reason}"),),
        events=(),
        metrics={},
        provenance={},
    )
