"""A Software Carbon Intensity score: ((E * I) + M) per R (SCI 1.1, ISO/IEC 21031:2024).

E is energy with the building's share in kWh, I the location-based intensity in g/kWh, M the
share of making the hardware: total embodied * (time reserved / expected lifespan) *
(resources reserved / resources in all). Market-based intensities have no place in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.errors import ExportError
from tracker.exporters import _document, _facts, _markdown, _words
from tracker.model.display import carbon_range_text, carbon_text, number_text
from tracker.model.statement import Amount, Statement
from tracker.model.units import kwh_from_j

FIELDS: Final = {
    "functional_unit": "what the score is per; a training run if not said",
    "units": "how many functional units the runs made; needed where the unit is another",
    "embodied_g": "M, the share of making the hardware in grams, in place of the table's",
}
_RUN: Final = "training run"
_LOCATION: Final = "location"


def write(report: Statement, target: BinaryIO) -> None:
    """The score with its parts, boundary and methodology, in Markdown.

    Raises:
        ExportError: a functional unit is named and not counted, or the reverse.
    """
    unit, count = _functional_unit(report)
    lines = [
        f"# Software Carbon Intensity of {_markdown.plain(report.title)}",
        "",
        _markdown.table(("", "value", "what"), list(_rows(report, unit, count)), (1,)),
        "`SCI = ((E * I) + M) per R`, SCI specification 1.1 (ISO/IEC 21031:2024).",
        "",
        "## Boundary and methodology",
        "",
        *(_markdown.note(label, text) for label, text in _words.notes(report)),
        "",
        _markdown.plain(_document.colophon(report)),
    ]
    _words.put(target, "\n".join(lines) + "\n")


def _functional_unit(report: Statement) -> tuple[str, float]:
    said, count = report.given.get("functional_unit"), _words.filled_number(report, "units")
    if said and count is None:
        raise ExportError(
            f"--fill functional_unit={said}: say how many the runs made, --fill units=…"
        )
    if count is not None and not said:
        raise ExportError(f"--fill units={count:g}: say of what, --fill functional_unit=…")
    return said or _RUN, count or float(len(_facts.counted(report)))


def _rows(report: Statement, unit: str, count: float) -> Iterator[tuple[str, str, str]]:
    made = _made(report)
    score = _score(report, made, count)
    yield "SCI", _mass(score) or _why_open(report), f"per {unit}"
    energy_j = _facts.facility_j(report)
    if energy_j is None:
        yield "E", _words.open_field("no energy with a PUE"), "energy, PUE included"
    else:
        extent = _words.energy(report.energy_j)
        used = f"energy, PUE included; the devices' own: {extent}"
        yield "E", f"{number_text(kwh_from_j(energy_j))} kWh", used
    yield from (("I", *cells) for cells in _intensities(report))
    said = "as filled in" if "embodied_g" in report.given else "by hours held"
    open_ = f"{_words.embodied(report)}; --fill embodied_g=…"
    yield "M", _mass(made) or open_, f"making the hardware, {said}"
    yield "R", number_text(count), f"functional units: {unit}"


def _intensities(report: Statement) -> Iterator[tuple[str, str]]:
    for price, _ in _facts.prices(report):
        allowed = "" if price.basis == _LOCATION else "; market-based: not allowed in a score"
        yield f"{number_text(price.g_per_kwh_mean)} g/kWh", f"{_words.grid(price)}{allowed}"


def _made(report: Statement) -> Amount | None:
    """The share of making the hardware that a person filled in, else the table's."""
    said = _words.filled_number(report, "embodied_g")
    if said is not None:
        return Amount(said, said, said)
    return report.embodied.carbon_g if report.embodied else None


def _score(report: Statement, made: Amount | None, count: float) -> Amount | None:
    """The score in grams; operational and embodied errors are independent."""
    used = report.carbon_g
    if used is None or made is None or not _is_location_based(report):
        return None
    value = used.value + made.value
    low = value - math.hypot(used.value - used.low, made.value - made.low)
    high = value + math.hypot(used.high - used.value, made.high - made.value)
    return Amount(value / count, low / count, high / count)


def _is_location_based(report: Statement) -> bool:
    return all(price.basis == _LOCATION for price, _ in _facts.prices(report))


def _why_open(report: Statement) -> str:
    if not _is_location_based(report):
        return _words.open_field("priced market-based; a score takes location-based intensities")
    return _words.open_field("a score needs E, I and M; what is missing stands below")


def _mass(amount: Amount | None) -> str:
    if amount is None:
        return ""
    return f"{carbon_text(amount.value)}CO2e ({carbon_range_text(amount.low, amount.high)})"
