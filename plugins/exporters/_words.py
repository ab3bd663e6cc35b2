"""What every format says beside its figures: how they came about and what they leave out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from tracker.errors import ExportError
from tracker.exporters import _facts
from tracker.model.device import DeviceKind, Method
from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    energy_range_text,
    energy_text,
    number_text,
    share_text,
)
from tracker.model.report import PricingReport
from tracker.model.run import Attribution, RunStatus
from tracker.model.statement import Amount, Embodied, Statement
from tracker.model.text import harmless

METHOD_WORDS: Final = {
    Method.COUNTER.value: "energy counter",
    Method.POLLED.value: "power read again and again",
    Method.MODEL.value: "model",
    Method.BRIDGED.value: "bridged over gaps",
}
_READ: Final = (Method.COUNTER.value, Method.POLLED.value)
_WHOLES: Final = (DeviceKind.NODE, DeviceKind.PLATFORM)
_AROUND: Final = "disks, network, mainboard, fans and losses of the power supply"
RANGE_WORDS: Final = (
    "low and high hold the truth in about 95 of 100 cases; they follow from the accuracy of "
    "the meters and models, and in CO2e from that of the grid's intensity too"
)


def put(target: BinaryIO, text: str) -> None:
    """Write ``text``; what no encoding has (lone surrogates of a file name) becomes ``?``."""
    target.write(text.encode("utf-8", errors="replace"))


def open_field(meaning: str) -> str:
    """What stands where neither the store nor a person says anything."""
    return f"[open: {meaning}]"


def filled(statement: Statement, fields: Mapping[str, str], name: str) -> str:
    """What a person said of a field, else that it is open."""
    said = statement.given.get(name)
    return harmless(said) if said else open_field(f"{fields[name]}; --fill {name}=…")


def filled_number(statement: Statement, name: str) -> float | None:
    """The number that a person filled in, above 0, or ``None``.

    Raises:
        ExportError: it is none.
    """
    said = statement.given.get(name)
    if said is None:
        return None
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ExportError(f"--fill {name}={said}: must be a number above 0")
    return number


def energy(amount: Amount | None) -> str:
    """An energy with its range, or that none was read."""
    if amount is None:
        return "not known: nothing was read"
    return f"{energy_text(amount.value)} ({energy_range_text(amount.low, amount.high)})"


def carbon(amount: Amount | None) -> str:
    """A mass with its range, or that it is not known."""
    if amount is None:
        return "not known: no energy with a price"
    return f"{carbon_text(amount.value)} ({carbon_range_text(amount.low, amount.high)})"


def notes(statement: Statement) -> Iterator[tuple[str, str]]:
    """How the figures came about, a label and a text each; every format states them."""
    yield "Boundary", boundary(statement)
    yield "Method", method(statement)
    yield "Coverage", coverage(statement)
    yield "Range", RANGE_WORDS
    for price, runs in _facts.prices(statement):
        yield "Grid", grid(price) + (f" ({runs} runs)" if len(statement.runs) > 1 else "")
    if not _facts.prices(statement):
        yield "Grid", open_field("no run is priced")
    yield from (("Cost", text) for text in _cost(statement))
    if statement.embodied is not None and statement.embodied.carbon_g is not None:
        yield "Embodied", embodied_basis(statement.embodied)
    for what, reason, _ in _facts.not_counted(statement):
        yield "Not counted", f"{harmless(what)}: {harmless(reason)}"
    yield "Not counted", _never_read(statement)
    yield from (("Note", text) for text in caveats(statement))


def _cost(statement: Statement) -> Iterator[str]:
    """What a single run's electricity cost, where a price is known."""
    pricing = None if statement.project else statement.runs[0].pricing
    if pricing is not None and pricing.cost is not None:
        cost = pricing.cost
        extent = f"{number_text(cost.low)}\N{EN DASH}{number_text(cost.high)}"
        amount = f"{number_text(cost.amount)} {cost.currency} ({extent})"
        yield harmless(f"{amount}, of the electricity before any PUE; {cost.source}")


def boundary(statement: Statement) -> str:
    """What the energy and the CO2e are of."""
    kinds = [_facts.KIND_WORDS[one.kind] for one in _facts.kinds(statement)]
    if not kinds:
        return "nothing was read, so there is no figure of energy or CO2e"
    pues = sorted({price.pue for price, _ in _facts.prices(statement)})
    pue = f"CO2e holds a PUE of {' and '.join(map(number_text, pues))}; " if pues else ""
    what = "runs" if statement.project else "run"
    own = "the share that the run's own processes used of " if _is_of_processes(statement) else ""
    return (
        f"electricity of {own}{listed(kinds)}, as far as read, while the {what} lasted; energy is "
        f"before any PUE; {pue}making the hardware is in neither"
    )


def _is_of_processes(statement: Statement) -> bool:
    return any(run.attribution == Attribution.PROCESS for run in _facts.counted(statement))


def method(statement: Statement) -> str:
    """How the energy was obtained, by kind of device, and how much of it was read."""
    parts = []
    for one in _facts.kinds(statement):
        ways = [
            METHOD_WORDS[name] + (f" {share_text(energy_j / one.energy_j)}" if one.energy_j else "")
            for name, energy_j in one.by_method_j.items()
        ]
        kind, sources = _facts.KIND_WORDS[one.kind], ", ".join(one.sources)
        parts.append(f"{kind}: {', '.join(ways)} ({sources})")
    if not parts:
        return "nothing was read"
    return f"{'; '.join(parts)}; {read_share(statement)}"


def read_share(statement: Statement) -> str:
    """Which share of the energy was read, and which is a model's or a bridge's."""
    by_method = _facts.by_method(_facts.in_total(_facts.counted(statement)))
    whole_j = sum(by_method.values())
    if whole_j <= 0:
        return "no energy was used"
    share = sum(by_method.get(name, 0.0) for name in _READ) / whole_j
    if share >= 1:
        return "all of the energy was measured"
    if share <= 0:
        return "none of the energy was measured: it is estimated by models"
    return f"{share_text(share)} of the energy was measured, the rest is estimated by models"


def is_measured(statement: Statement) -> bool:
    """Whether most of the energy was read from meters."""
    by_method = _facts.by_method(_facts.in_total(_facts.counted(statement)))
    read_j = sum(by_method.get(name, 0.0) for name in _READ)
    return read_j * 2 > sum(by_method.values())


def coverage(statement: Statement) -> str:
    """Which share of the time was read, by kind of device."""
    kinds = _facts.kinds(statement)
    if not kinds:
        return "nothing was read"
    parts = (f"{_facts.KIND_WORDS[one.kind]} {share_text(one.coverage)}" for one in kinds)
    return f"share of the time that was read: {', '.join(parts)}"


def grid(price: PricingReport) -> str:
    """What the energy is priced with, and who says so."""
    extent = f"{number_text(price.g_per_kwh_low)}\N{EN DASH}{number_text(price.g_per_kwh_high)}"
    provisional = ", provisional" if price.provisional else ""
    return harmless(
        f"{number_text(price.g_per_kwh_mean)} g/kWh ({extent}), {price.zone_name or price.zone} "
        f"({price.zone}, from {price.location_origin}); {price.signal}, {price.scope}, "
        f"{price.basis}-based{provisional}{_parts(price)}; "
        f"PUE {number_text(price.pue)} ({price.pue_source}); {price.source} ({price.provider})"
    )


def _parts(price: PricingReport) -> str:
    """Whose figures priced which share of the energy, where there are several."""
    if len(price.parts) < 2:  # noqa: PLR2004 - one part is the whole
        return ""
    shares = (
        f"{share_text(part.energy_ratio)} {part.provider} ({part.signal}, {part.scope}"
        f"{', estimated' if part.estimated else ''})"
        for part in price.parts
    )
    return f"; of the energy {', '.join(shares)}"


def _never_read(statement: Statement) -> str:
    kinds = {one.kind for one in _facts.kinds(statement)}
    cooling = "cooling and supply of the building, but for the PUE in CO2e"
    if kinds & set(_WHOLES):
        return f"what the meter of a whole does not hold; {cooling}; other machines"
    return f"{_AROUND}; {cooling}; other machines"


def caveats(statement: Statement) -> Iterator[str]:
    """What a reader of the figures must know besides."""
    runs = _facts.counted(statement)
    yield from (
        f"{run.short_id} is {run.status.value}: its figures go to its last sign of life"
        for run in runs
        if run.status in {RunStatus.RUNNING, RunStatus.INTERRUPTED} and not statement.project
    )
    suspects = sorted({one.name for one in _facts.in_total(runs) if one.suspect})
    if suspects:
        yield f"counter and power disagree by more than both may err: {', '.join(suspects)}"
    if any(not run.kept for run in runs):
        yield "the store could not be written: this report is all there is"
    if statement.within:
        yield f"{', '.join(statement.within)} lie within other runs and are not added"
    if statement.unpriced:
        yield f"{', '.join(statement.unpriced)} have no price: their energy is not in CO2e"
    if statement.shared_j > 0:
        yield f"{energy_text(statement.shared_j)} that several runs counted are in the sums once"
    shared = sorted({other.short_id for run in runs for other in run.overlaps})
    if shared and not statement.project:
        yield f"runs on the same devices at the same time hold a part too: {', '.join(shared)}"


def embodied(statement: Statement) -> str:
    """The share of making the hardware; what it rests on stands among the notes."""
    found = statement.embodied
    if found is None or found.carbon_g is None:
        return open_field("no accelerator of the runs is in the table of embodied carbon")
    return f"{carbon(found.carbon_g)}, not in CO2e"


def embodied_basis(found: Embodied) -> str:
    """Which table, lifetime and range, and which hardware is missing in it."""
    missing = f"; without {', '.join(map(harmless, found.missing))}" if found.missing else ""
    return f"{found.basis}, {found.range_from}{missing}"


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1] if words else ""]))


def hardware(statement: Statement) -> str:
    """``8 x NVIDIA A100, AMD EPYC 9654``: what a run had at most."""
    parts = []
    for kind in (DeviceKind.GPU, DeviceKind.CPU, *_WHOLES):
        for name, count in _facts.hardware(statement, kind).items():
            parts.append(harmless(f"{count} x {name}" if count > 1 else name))
    return ", ".join(parts)
