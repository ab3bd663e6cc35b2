"""Reports as HTML for notebooks: a few lines and one table, without scripts or outside files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    number_text,
    share_text,
)
from tracker.model.text import harmless

if TYPE_CHECKING:
    from tracker.model.report import DeviceReport, PhaseReport, RunReport, RunSummary

MOST_PHASES: Final = 20
"""More outer phases than these are shown as the last ones and a line that says so."""

MOST_METRICS: Final = 3


def report_html(report: RunReport) -> str:
    """A run: its totals with their ranges, its devices, its outer phases, what is missing."""
    heads = "".join(
        f"<div>{escape(label)} <b>{escape(figure)}</b> <small>{escape(bounds)}</small></div>"
        for label, figure, bounds in (
            (
                "Energy",
                energy_text(report.energy_j),
                energy_range_text(report.energy_low_j, report.energy_high_j),
            ),
            (
                "CO2e",
                carbon_text(report.carbon_g),
                carbon_range_text(report.carbon_low_g, report.carbon_high_g),
            ),
        )
    )
    return "".join((_title(report), heads, _devices(report), _phases(report), _missing(report)))


def runs_html(runs: Sequence[RunSummary]) -> str:
    """A list of runs, one line each."""
    rows = (
        (
            run.short_id,
            run.name,
            run.project,
            run.status.value,
            f"{run.started_at:%Y-%m-%d %H:%M} UTC",
            duration_text(run.duration_s),
            energy_text(run.energy_j),
            carbon_text(run.carbon_g),
        )
        for run in runs
    )
    heads = ("run", "name", "project", "status", "started", "duration", "energy", "CO2e")
    return _table(heads, rows) if runs else "<div>No runs.</div>"


def _title(report: RunReport) -> str:
    status = f"{report.status.value}, {duration_text(report.duration_s)}"
    why = f": {report.error}" if report.error else ""
    kept = "" if report.kept else " (not kept)"
    return (
        f"<div><b>{_safe(report.name)}</b> <code>{report.short_id}</code> "
        f"{_safe(status + why + kept)}</div>"
    )


def _devices(report: RunReport) -> str:
    return _table(
        ("device", "name", "energy", "range", "method", "share"),
        (_device(device, report.energy_j) for device in report.devices),
    )


def _device(device: DeviceReport, total_j: float | None) -> tuple[str, ...]:
    share = device.energy_j / total_j if device.in_total and total_j else None
    return (
        device.kind.value,
        device.name,
        energy_text(device.energy_j),
        energy_range_text(device.low_j, device.high_j),
        device.method,
        share_text(share) if device.in_total else f"in {device.covered_by}",
    )


def _phases(report: RunReport) -> str:
    outer = [phase for phase in report.phases if phase.parent is None]
    if not outer:
        return ""
    left_out = len(outer) - MOST_PHASES
    said = f"<small>{left_out} earlier phases are not shown</small>" if left_out > 0 else ""
    rows = (_phase(phase) for phase in outer[-MOST_PHASES:])
    return _table(("phase", "duration", "energy", "CO2e", "last values"), rows) + said


def _phase(phase: PhaseReport) -> tuple[str, ...]:
    values = [f"{name} {number_text(value)}" for name, value in phase.metrics.items()]
    return (
        f"{phase.name} {phase.index}",
        duration_text(phase.duration_s),
        energy_text(phase.energy_j),
        carbon_text(phase.carbon_g),
        ", ".join(values[:MOST_METRICS]),
    )


def _missing(report: RunReport) -> str:
    if not report.not_counted:
        return ""
    lines = "; ".join(f"{one.what}: {one.reason}" for one in report.not_counted)
    return f"<small>Not counted: {_safe(lines)}</small>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Iterable[str]) -> Iterator[str]:
    return (f"<td>{_safe(cell)}</td>" for cell in row)


def _safe(text: str) -> str:
    return escape(harmless(text))
