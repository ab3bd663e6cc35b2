"""Pricings of a run: what each was made of, and what it makes of the energy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from tracker.cli._parts import heading, labelled, price_text
from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    number_text,
    share_text,
    when_text,
)
from tracker.model.report import CostReport, PricingPart, PricingReport, RunReport, WaterReport
from tracker.model.text import harmless

if TYPE_CHECKING:
    from tracker.history.pricing import Priced

_ACTIONS = {
    "added": "added",
    "completed": "completed; no figure of it changes any more",
    "filled": "filled; some figures are still to come",
    "unchanged": "unchanged; nothing of it was provisional",
}


def price_view(done: Sequence[Priced], width: int, *, dry_run: bool) -> list[Text]:
    """What became of each run."""
    lines = []
    for one in done:
        action = _ACTIONS[one.action] + (", and not kept (--dry-run)" if dry_run else "")
        lines.append(
            Text(harmless(one.name), style="bold").append(
                f"  {one.short_id}  {action}", style="not bold"
            )
        )
        pairs = list(pricing_lines(one.pricing))
        if one.carbon_before_g is not None and one.action != "unchanged":
            pairs.insert(1, ("before", carbon_text(one.carbon_before_g)))
        lines += labelled(pairs, width)
    return lines or [Text("No run waits for figures that are to be had now.")]


def pricings_view(report: RunReport, now: datetime, width: int) -> list[Text]:
    """Every pricing of a run, the current one first."""
    in_order = sorted(report.pricings, key=lambda one: (not one.current, -one.made_at.timestamp()))
    lines = []
    for one in in_order:
        made = f"made {when_text(one.made_at, now)}"
        lines.append(heading(_title(one)).append(f"  {made}", style="not bold dim"))
        lines += labelled(pricing_lines(one), width)
    return lines or [Text("This run has no pricing.")]


def _title(pricing: PricingReport) -> str:
    if pricing.current:
        return "Current"
    return "What if" if pricing.what_if else "Beside it"


def pricing_lines(pricing: PricingReport) -> Iterator[tuple[str, str]]:
    """A pricing as labels and texts."""
    extent = carbon_range_text(pricing.carbon_low_g, pricing.carbon_high_g)
    yield "CO2e", f"{carbon_text(pricing.carbon_g)}  {extent}"
    yield from basis_lines(pricing)


def basis_lines(pricing: PricingReport) -> Iterator[tuple[str, str]]:
    """What a pricing is made of."""
    yield "priced at", price_text(pricing)
    figures = f"{pricing.signal}, {pricing.scope}, {pricing.basis}-based"
    provisional = "; provisional" if pricing.provisional else ""
    yield "basis", f"{figures}{provisional}"
    if len(pricing.parts) > 1:
        yield "figures", ", ".join(map(_part_text, pricing.parts))
    if pricing.pue != 1:
        yield "PUE", f"{number_text(pricing.pue)} ({pricing.pue_source}), in CO2e alone"
    yield "location", f"{pricing.zone}, from {pricing.location_origin}"
    givers = dict.fromkeys(part.provider for part in pricing.parts) or (pricing.provider,)
    if pricing.provider not in givers:
        yield "asked", f"{pricing.provider}, which gave no figure; others stand in"
    yield "source", f"{pricing.source} ({', '.join(givers)})"


def _part_text(part: PricingPart) -> str:
    estimated = ", estimated" if part.estimated else ""
    what = f"{part.provider} {part.zone} {part.signal} {part.scope}{estimated}"
    return f"{share_text(part.energy_ratio)} {harmless(what)}"


def beside_lines(pricing: PricingReport) -> Iterator[tuple[str, str]]:
    """Cost and water, where they are known."""
    if pricing.cost is not None:
        yield "cost", cost_text(pricing.cost)
    if pricing.water is not None:
        yield "water", water_text(pricing.water)


def cost_text(cost: CostReport) -> str:
    """What the electricity cost, its range, and who says so."""
    extent = f"{number_text(cost.low)}\N{EN DASH}{number_text(cost.high)}"
    return f"{number_text(cost.amount)} {harmless(cost.currency)}  {extent}  (from {cost.source})"


def water_text(water: WaterReport) -> str:
    """Litres on site and in the grid, and who says so."""
    parts = []
    if water.site_l is not None:
        parts.append(f"{number_text(water.site_l)} L on site")
    if water.grid_l is not None:
        parts.append(f"{number_text(water.grid_l)} L in the grid")
    return f"{', '.join(parts)}  (from {water.source})"
