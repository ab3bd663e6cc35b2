"""A run while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import datetime
from typing import Final

from rich.live import Live
from rich.text import Text

from tracker.cli._parts import LABEL_COLUMNS, carbon_line, energy_line, status, unbroken
from tracker.cli._report_view import report_view
from tracker.cli._screen import screen, show
from tracker.cli._table import Column, Row, bar, table
from tracker.model.display import carbon_text, duration_text, energy_text, power_text
from tracker.model.report import RunReport
from tracker.model.run import RunStatus
from tracker.model.text import harmless

_BAR_COLUMNS: Final = 24
_COLUMNS: Final = (
    Column("kind", weight=80),
    Column("name", weight=50, least=10),
    Column("power", weight=100, right=True),
    Column("bar", weight=40),
)


def follow(reports: Iterable[RunReport], now: Callable[[], datetime]) -> None:
    """Show each report as it comes, the last one, of a run that has ended, in full.

    On a terminal the view is redrawn in its place; in a pipe each report is one line.
    """
    console = screen()
    drawn = console.is_terminal
    peak = PeakPower()
    report = None
    with (
        Live(console=console, auto_refresh=False, transient=True)
        if drawn
        else nullcontext() as live
    ):
        for report in reports:
            if report.status is not RunStatus.RUNNING:
                break
            if live is not None:
                live.update(Text("\n").join(live_view(report, peak, console.width)), refresh=True)
            else:
                show(console, [plain_line(report, now())])
    if report is not None:
        show(console, report_view(report, now(), console.width))


class PeakPower:
    """The largest power seen so far, to which the bars are drawn."""

    def __init__(self) -> None:
        self._power_w = 0.0

    def share(self, power_w: float) -> float:
        """``power_w`` over the largest power so far, itself included."""
        self._power_w = max(self._power_w, power_w)
        return power_w / self._power_w if self._power_w > 0 else 0.0


def live_view(report: RunReport, peak: PeakPower, width: int) -> list[Text]:
    """The run as it is now, in lines of at most ``width`` columns."""
    title = Text(harmless(report.name), style="bold")
    title.truncate(max(10, width - 34), overflow="ellipsis")
    title.append(f"  {report.short_id}  ", style="not bold").append_text(status(report.status))
    title.append(f"  {duration_text(report.duration_s // 1)}", style="not bold")
    phases = Text(harmless(" > ".join(report.open_phases)))
    phases.truncate(width, overflow="ellipsis")
    return [
        title,
        *([phases] if phases else []),
        Text(),
        *_powers(report, peak, width),
        Text(),
        energy_line(report),
        carbon_line(report),
        Text(),
        Text("Ctrl-C leaves this view; the run goes on.", style="dim"),
    ]


def _powers(report: RunReport, peak: PeakPower, width: int) -> list[Text]:
    if not report.power_w:
        return [Text(f"{'Power':<{LABEL_COLUMNS}}not known yet", style="dim")]
    devices = {device.device_id: device for device in report.devices}
    total_w = total_power_w(report)
    peak.share(max([total_w, *report.power_w.values()]))
    rows: list[Row] = []
    for device_id, power_w in report.power_w.items():
        device = devices.get(device_id)
        rows.append(
            {
                "kind": device_id.partition(":")[0].upper(),
                "name": harmless(device.name if device else device_id),
                "power": power_text(power_w),
                "bar": Text(bar(peak.share(power_w), _BAR_COLUMNS), style="cyan"),
            }
        )
    together = Text(power_text(total_w), style="bold")
    rows.append({"kind": Text("total", style="bold"), "power": together})
    return table(_COLUMNS, rows, width, heads=False)


def total_power_w(report: RunReport) -> float:
    """Last power of the devices in the total, in watts: parts are not added to a whole."""
    covered = {device.device_id for device in report.devices if not device.in_total}
    return sum(power_w for device, power_w in report.power_w.items() if device not in covered)


def plain_line(report: RunReport, now: datetime) -> Text:
    """The run as it is now, in one line for a pipe."""
    parts = [
        f"{now:%H:%M:%S}",
        harmless(report.name),
        duration_text(report.duration_s // 1),
        power_text(total_power_w(report) if report.power_w else None),
        energy_text(report.energy_j),
        f"{carbon_text(report.carbon_g)} CO2e",
        harmless(" > ".join(report.open_phases)),
    ]
    return unbroken("  ".join(part for part in parts if part))
