"""The environmental part of a Hugging Face model card: metadata in grams, and a section.

The metadata's form is that of the hub's documentation, "Displaying carbon emissions for
your model": ``co2_eq_emissions`` with ``emissions`` in grams of CO2e.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _markdown, _words
from tracker.model.device import DeviceKind
from tracker.model.display import duration_text, number_text
from tracker.model.statement import Statement

FIELDS: Final = {
    "training_type": "pre-training or fine-tuning",
    "geographical_location": "where it was trained",
    "cloud_provider": "the cloud provider, or none",
}


def write(report: Statement, target: BinaryIO) -> None:
    """A README.md's front matter and its section "Environmental impact"."""
    lines = ["---", *metadata(report), "---", "", "## Environmental impact", ""]
    lines += _section(report)
    lines += ["", "### How these figures came about", ""]
    lines += (_markdown.note(label, text) for label, text in _words.notes(report))
    lines += ["", _markdown.plain(_document.colophon(report))]
    _words.put(target, "\n".join(lines) + "\n")


def metadata(report: Statement) -> Iterator[str]:
    """The field ``co2_eq_emissions`` of the front matter."""
    yield "co2_eq_emissions:"
    if report.carbon_g is None:
        yield "  # emissions: open, in grams: no energy with a price is known"
    else:
        yield f"  emissions: {report.carbon_g.value:.6g} # grams"
    yield f"  source: {_quoted(_source(report))}"
    yield _entry(report, "training_type", "")
    yield _entry(report, "geographical_location", _place(report))
    hardware = _words.hardware(report)
    yield (
        f"  hardware_used: {_quoted(hardware)}"
        if hardware
        else "  # hardware_used: open: nothing was read"
    )


def _entry(report: Statement, name: str, known: str) -> str:
    value = report.given.get(name, known)
    if value:
        return f"  {name}: {_quoted(value)}"
    return f"  # {name}: open: {FIELDS[name]}; --fill {name}=…"


def _quoted(text: str) -> str:
    """A YAML scalar; every JSON string is one."""
    return json.dumps(text)


def _source(report: Statement) -> str:
    how = "measured" if _words.is_measured(report) else "estimated"
    return f"emissions-tracker {report.version}, {how}"


def _place(report: Statement) -> str:
    """Where the runs are priced, if somebody said so; a default is no place."""
    prices = [price for price, _ in _facts.prices(report)]
    known = [price for price in prices if price.location_origin != "default"]
    if len(known) != len(prices):
        return ""
    return " and ".join(dict.fromkeys(price.zone_name or price.zone for price in known))


def _section(report: Statement) -> Iterator[str]:
    hours = _facts.device_hours(report, DeviceKind.GPU)
    rows = [
        ("Hardware type", _words.hardware(report) or _words.open_field("nothing was read")),
        ("Time", duration_text(_facts.duration_s(report))),
        ("GPU-hours", "none: no GPU was read" if hours is None else number_text(hours)),
        ("Cloud provider", _words.filled(report, FIELDS, "cloud_provider")),
        ("Compute region", _compute_region(report)),
        ("Energy", _words.energy(report.energy_j)),
        ("CO2e", _words.carbon(report.carbon_g)),
        ("Embodied", _words.embodied(report)),
    ]
    if report.development is not None:
        rows.append(("Development", _document.ratio_text(report.development)))
    yield from (_markdown.note(label, text) for label, text in rows)


def _compute_region(report: Statement) -> str:
    said = report.given.get("geographical_location") or _place(report)
    return said or _words.filled(report, FIELDS, "geographical_location")
