"""Scope 2 of the GHG Protocol, both ways: location-based and market-based.

The Scope 2 Guidance (2015, chapter 7) asks for two labelled results where contracts for
electricity exist, and for the location-based one alone where none do. A marginal intensity
is not Scope 2. Making the hardware is Scope 3, and stands apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _markdown, _words
from tracker.model.carbon import Scope, Signal
from tracker.model.report import PricingReport, RunReport
from tracker.model.statement import Amount, Statement

FIELDS: Final = {
    "organisation": "who reports",
    "period": "the reporting period",
    "instruments": "contracts for electricity and whether they meet the quality criteria",
}
_LIFECYCLE: Final = (
    "of a life cycle: it holds the making of plants and fuels too, beside what leaves the chimney"
)
_BASES: Final = ("location", "market")


def write(report: Statement, target: BinaryIO) -> None:
    """The two results with their sources, and what to know of the figures, in Markdown."""
    lines = [
        f"# Scope 2 emissions of {_markdown.plain(report.title)}",
        "",
        _markdown.table(("", "tCO2e", "range", "basis"), list(_results(report)), (1, 2)),
        "## Statement",
        "",
        *(_markdown.note(label, text) for label, text in _statement(report)),
        *(_markdown.note(label, text) for label, text in _words.notes(report)),
        "",
        _markdown.plain(_document.colophon(report)),
    ]
    _words.put(target, "\n".join(lines) + "\n")


def _results(report: Statement) -> Iterator[tuple[str, str, str, str]]:
    for basis in _BASES:
        amount, sources = _amount(report, basis)
        label = f"Scope 2, {basis}-based"
        if amount is None:
            yield label, _words.open_field(sources[0]), "", ""
        else:
            yield label, _tonnes(amount.value), _extent(amount), "; ".join(sources)
    made = report.embodied.carbon_g if report.embodied else None
    apart = "making the accelerators; for information, in no Scope 2 figure"
    if made is None:
        yield "Scope 3, hardware", _words.embodied(report), "", apart
    else:
        yield "Scope 3, hardware", _tonnes(made.value), _extent(made), apart


def _amount(report: Statement, basis: str) -> tuple[Amount | None, list[str]]:
    """The sum over the runs at their newest pricing of a basis; else why there is none."""
    runs = [run for run in _facts.counted(report) if run.energy_j is not None]
    if not runs:
        return None, ["nothing was read"]
    found = [_pricing(run, basis) for run in runs]
    known = [pricing for pricing in found if pricing is not None]
    if len(known) < len(found):
        lacking = len(found) - len(known)
        who = "the run has" if len(found) == 1 else f"{lacking} of {len(found)} runs have"
        return None, [f"{who} no {basis}-based pricing at an average intensity"]
    amount = Amount(
        sum(pricing.carbon_g for pricing in known),
        sum(pricing.carbon_low_g for pricing in known),
        sum(pricing.carbon_high_g for pricing in known),
    )
    return amount, list(dict.fromkeys(_words.grid(pricing) for pricing in known))


def _pricing(run: RunReport, basis: str) -> PricingReport | None:
    """The current pricing if it is of that basis, else the newest that is."""
    fitting = [
        pricing
        for pricing in run.pricings
        if pricing.basis == basis and pricing.signal != Signal.MARGINAL and not pricing.what_if
    ]
    return next((one for one in fitting if one.current), fitting[-1] if fitting else None)


def _tonnes(carbon_g: float) -> str:
    return f"{carbon_g / 1e6:.3g}"


def _extent(amount: Amount) -> str:
    return f"{_tonnes(amount.low)} to {_tonnes(amount.high)}"


def _statement(report: Statement) -> Iterator[tuple[str, str]]:
    yield "Standard", "GHG Protocol Scope 2 Guidance (2015): electricity that was bought and used"
    for name in FIELDS:
        yield name.capitalize(), _words.filled(report, FIELDS, name)
    yield "Electricity", _words.energy(report.energy_j)
    if any(price.scope == Scope.LIFECYCLE for price, _ in _facts.prices(report)):
        yield "Intensity", _LIFECYCLE
