"""One run, with all that is known of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from tracker.cli._parts import (
    LABEL_COLUMNS,
    carbon_line,
    energy_line,
    heading,
    labelled,
    price_text,
    status,
    unbroken,
    wrapped,
)
from tracker.cli._phases_view import phases_view
from tracker.cli._pricing_view import basis_lines, beside_lines
from tracker.cli._table import Column, Row, bar, table
from tracker.model.display import (
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    equivalent_text,
    number_text,
    power_text,
    share_text,
    when_text,
)
from tracker.model.report import DeviceReport, PricingReport, RunReport
from tracker.model.run import RunStatus
from tracker.model.text import harmless, sparkline

Curve = Sequence[tuple[datetime, float]]
"""Mean power in watts from each time on."""

_SPARK_COLUMNS: Final = 60
_LEAST_SPARKS: Final = 4
"""Fewer points are no curve."""

_BAR_COLUMNS: Final = 16
_DEVICE_COLUMNS: Final = (
    Column("kind", weight=90),
    Column("name", weight=50, least=10),
    Column("energy", weight=100, right=True),
    Column("range", weight=80, right=True, style="dim"),
    Column("method", weight=70),
    Column("read", weight=25, style="dim"),
    Column("share", weight=30, right=True),
    Column("bar", weight=20),
)


def report_view(
    report: RunReport,
    now: datetime,
    width: int,
    *,
    curve: Curve = (),
    every_phase: bool = False,
    familiar: Sequence[str] = (),
) -> list[Text]:
    """The report as lines of at most ``width`` columns.

    Args:
        report: what is shown.
        now: the time, in the zone of whoever looks.
        width: columns of the terminal.
        curve: the power over the run's time; empty where it is not known.
        every_phase: show long rows of phases whole.
        familiar: the CO2e in familiar things; one line of words if there are none.
    """
    parts = (
        _title(report, now, width),
        _energy(report, width, curve),
        _carbon(report, width, familiar),
        phases_view(report.phases, width, every_phase=every_phase),
        _last_metrics(report, width),
        _not_counted(report, width),
        _overlaps(report, width),
        _events(report, now, width),
        _provenance(report, width),
        _kept(report, width),
    )
    return list(_spaced(parts))


def _spaced(parts: Sequence[list[Text]]) -> Iterator[Text]:
    for position, part in enumerate(part for part in parts if part):
        yield from [Text(), *part] if position else part


def _title(report: RunReport, now: datetime, width: int) -> list[Text]:
    name = Text(harmless(report.name), style="bold")
    name.truncate(max(10, width - 24), overflow="ellipsis")
    title = name.append(f"  {report.short_id}  ", style="not bold").append_text(
        status(report.status)
    )
    facts = [
        f"project {report.project}" if report.project else "",
        f"started {when_text(report.started_at, now)}",
        duration_text(report.duration_s),
        *(f"{key}={value}" for key, value in report.tags.items()),
    ]
    lines = [title, *wrapped(", ".join(filter(None, facts)), width, indent=0, style="dim")]
    if report.note:
        lines += wrapped(f"Note: {report.note}", width, indent=0)
    if report.error:
        lines += wrapped(f"Failed: {report.error}", width, indent=0, style="red")
    if report.status is RunStatus.INTERRUPTED:
        sign = f"Last sign of life: {when_text(report.last_seen_at, now)}"
        lines += wrapped(sign, width, indent=0, style="yellow")
    return lines


def _energy(report: RunReport, width: int, curve: Curve) -> list[Text]:
    lines = [energy_line(report)]
    rows = [_device_row(device, report.energy_j) for device in report.devices]
    lines += table(_DEVICE_COLUMNS, rows, width, heads=False, indent=2)
    lines += labelled(_beside(report), width)
    if len(curve) >= _LEAST_SPARKS:
        powers = [power_w for _, power_w in curve]
        drawn = sparkline(powers, min(_SPARK_COLUMNS, width - 30))
        peak = f"  up to {power_text(max(powers))}"
        lines.append(Text("  power  ", style="dim").append(drawn, style="not dim").append(peak))
    return lines


def _beside(report: RunReport) -> Iterator[tuple[str, str]]:
    """What is part of the energy, and what is none of it."""
    if report.attribution == "process":
        yield "counted", "the share of this run's own processes, an estimate"
    idle = [one.idle for one in report.devices if one.idle is not None and one.in_total]
    if idle:
        most = "" if all(one.measured_at for one in idle) else "at most "
        basis = "the quietest minute" if most else "measured idle power"
        text = energy_text(sum(one.energy_j for one in idle))
        yield "of which idle", f"{most}{text}, by {basis}"
    if report.remainder is not None:
        rest = report.remainder
        figures = f"{energy_text(rest.energy_j)} ({energy_range_text(rest.low_j, rest.high_j)})"
        ratio = share_text(rest.ratio)
        yield "remainder", f"{figures} for fans, boards, power supply at {ratio}; not added"


def _device_row(device: DeviceReport, total_j: float | None) -> Row:
    covered = device.covered_by is not None or not device.in_total
    share = None if covered or not total_j else device.energy_j / total_j
    aside = f"in {harmless(device.covered_by)}" if device.covered_by else "not added"
    return {
        "kind": device.kind.value.upper() if len(device.kind.value) < 5 else device.kind.value,  # noqa: PLR2004 - initials
        "name": harmless(device.name) + (f" ({aside})" if covered else ""),
        "energy": energy_text(device.energy_j),
        "range": energy_range_text(device.low_j, device.high_j),
        "method": f"{device.method}, suspect" if device.suspect else device.method,
        "read": _coverage_text(device.coverage),
        "share": "" if share is None else share_text(share),
        "bar": Text(bar(share, _BAR_COLUMNS), style="cyan"),
    }


def _coverage_text(coverage: float) -> str:
    return "" if coverage >= 0.995 else f"{share_text(coverage)} read"  # noqa: PLR2004 - shown as 100 %


def _carbon(report: RunReport, width: int, familiar: Sequence[str]) -> list[Text]:
    lines = [carbon_line(report)]
    if familiar:
        lines += labelled([("about", text) for text in familiar], width)
    elif words := equivalent_text(report.carbon_g):
        lines += wrapped(words, width, indent=2)
    if report.pricing is not None:
        lines += labelled([*basis_lines(report.pricing), *beside_lines(report.pricing)], width)
    by_market = [one for one in report.pricings if one.basis == "market" and not one.current]
    lines += labelled([("by contract", _market_text(one)) for one in by_market[-1:]], width)
    others = [p for p in report.pricings if not p.current]
    if others:
        shown = f"{len(others)} (tracker show {report.short_id} --pricings)"
        lines += labelled([("other pricings", shown)], width)
    return lines


def _market_text(pricing: PricingReport) -> str:
    return f"{carbon_text(pricing.carbon_g)} market-based, {price_text(pricing)}"


def _last_metrics(report: RunReport, width: int) -> list[Text]:
    if not report.metrics:
        return []
    values = (f"{name} {number_text(value)}" for name, value in report.metrics.items())
    return [heading("Last logged"), *wrapped(", ".join(values), width, indent=2)]


def _not_counted(report: RunReport, width: int) -> list[Text]:
    if not report.not_counted:
        return []
    pairs = [(missing.what, missing.reason) for missing in report.not_counted]
    return [heading("Not counted"), *labelled(pairs, width)]


def _overlaps(report: RunReport, width: int) -> list[Text]:
    if not report.overlaps:
        return []
    pairs = [
        (other.short_id, f"{energy_text(other.energy_j)} on {other.device_id}")
        for other in report.overlaps
    ]
    return [heading("Also counted by other runs"), *labelled(pairs, width)]


def _events(report: RunReport, now: datetime, width: int) -> list[Text]:
    if not report.events:
        return []
    pairs = [
        (f"{event.at.astimezone(now.tzinfo):%H:%M:%S}", f"{event.subject}: {event.message}")
        for event in report.events
    ]
    return [heading("Events"), *labelled(pairs, width)]


def _provenance(report: RunReport, width: int) -> list[Text]:
    if not report.provenance:
        return []
    pairs = [
        (key.replace("_", " "), _value_text(value)) for key, value in report.provenance.items()
    ]
    return [heading("Provenance"), *labelled(pairs, width)]


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return shlex.join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _kept(report: RunReport, width: int) -> list[Text]:
    if not report.kept:
        text = "Not kept: the store could not be written. This report is all there is."
        return wrapped(text, width, indent=0, style="yellow")
    if report.parent_id is not None:
        text = f"Part of run {report.parent_id.hex[-8:]}, whose energy holds this one's."
        return [*wrapped(text, width, indent=0), *_where(report)]
    return _where(report)


def _where(report: RunReport) -> list[Text]:
    label = Text(f"{'Kept in':<{LABEL_COLUMNS}}", style="dim")
    return [unbroken(label.append(harmless(report.store), style="not dim"))]
