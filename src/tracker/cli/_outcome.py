"""What `tracker run` says after the command's end."""

from __future__ import annotations

from collections import defaultdict
from shlex import quote

from rich.text import Text

from tracker.cli._parts import LABEL_COLUMNS, carbon_line, energy_line, labelled, price_text
from tracker.model.display import duration_text, energy_text
from tracker.model.report import RunReport
from tracker.model.run import RunStatus
from tracker.model.text import harmless


def outcome_view(report: RunReport, width: int, store: str | None = None) -> list[Text]:
    """Some lines: the energy, the CO2e, what is missing, and how to see the rest.

    Args:
        report: of the run that has ended.
        width: columns of the terminal.
        store: what ``--store`` said, which who looks again must say again.
    """
    took = f"{harmless(report.name)} {report.status.value} after {duration_text(report.duration_s)}"
    style = "bold" if report.status is RunStatus.FINISHED else "bold yellow"
    lines = [Text(f"tracker: {took}", style=style)]
    lines += [_beside(energy_line(report, "energy"), _by_kind(report), width)]
    unplaced = report.pricing is not None and report.pricing.location_origin == "default"
    price = price_text(report.pricing) if report.pricing and not unplaced else ""
    if report.pricing is not None and report.pricing.provisional:
        price = f"{price}; provisional"
    lines += [_beside(carbon_line(report, "CO2e"), price, width)]
    missing = ", ".join(dict.fromkeys(each.what for each in report.not_counted))
    pairs = [("failed", report.error)] if report.error else []
    pairs += [("place", price_text(report.pricing))] if report.pricing and unplaced else []
    pairs += [("missing", missing)] if missing else []
    option = f" --store {quote(_without_secrets(store))}" if store else ""
    show = f"tracker show {report.short_id}{option}"
    where = show if report.kept else "not kept: no store was writable"
    return [*lines, *labelled([*pairs, ("more", where)], width, indent=0, least=LABEL_COLUMNS)]


def _without_secrets(store: str) -> str:
    """A store's URL as it may stand on a screen or in a log."""
    from tracker.store import address  # noqa: PLC0415 - SQLAlchemy, not for every view

    return address.for_people(address.read(store))


def _beside(line: Text, text: str, width: int) -> Text:
    """``text`` at the end of ``line`` where there is room for it."""
    room = width - line.cell_len - 2
    return line.append(f"  {text}", style="not bold dim") if text and len(text) <= room else line


def _by_kind(report: RunReport) -> str:
    energy_j: defaultdict[str, float] = defaultdict(float)
    for device in report.devices:
        if device.in_total:
            energy_j[device.kind.value] += device.energy_j
    return ", ".join(f"{kind} {energy_text(used)}" for kind, used in energy_j.items())
