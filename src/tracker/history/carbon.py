"""What a run's energy caused, at each of its pricings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tracker.carbon.accountant import MARKET_BASED
from tracker.history.beside import EnergyBetween, cost_of, water_of
from tracker.history.energy import Total
from tracker.model.carbon import CarbonIntensity, Pricing, Signal
from tracker.model.ranges import NOTHING, Range, carbon_range
from tracker.model.report import PricingPart, PricingReport
from tracker.model.units import carbon_g


def current_of(pricings: Sequence[Pricing]) -> Pricing | None:
    """The newest that is neither a what-if nor marginal nor by a contract.

    A run that asked for marginal intensities has no other: then the newest of those. A
    contract's figure stands beside the grid's and never in its place, so that totals over
    runs are of one basis.
    """
    usable = [one for one in pricings if one.stretches and not one.what_if]
    by_grid = [one for one in usable if one.basis != MARKET_BASED] or usable
    average = [one for one in by_grid if one.signal is not Signal.MARGINAL]
    return max(average or by_grid, key=_age, default=None)


def _age(pricing: Pricing) -> tuple[float, UUID]:
    return pricing.made_at.timestamp(), pricing.id


def priced(
    pricing: Pricing,
    total: Total | None,
    between: EnergyBetween,
    *,
    current: bool,
    until: datetime,
) -> PricingReport:
    """A pricing and what it makes of the run's energy; the PUE is in the grams alone.

    Args:
        pricing: with at least one stretch.
        total: the energy; ``None`` where nothing was read.
        between: tells when it was used.
        current: whether the run's carbon is this pricing's.
        until: the end of the run, or its last sign of life, UTC.
    """
    shares = _shares(pricing, total, between)
    mean, low, high = (
        sum(share * figure for share, figure in zip(shares, figures, strict=True))
        for figures in zip(*(_bounds(one.intensity) for one in pricing.stretches), strict=True)
    )
    grams = carbon_g(total.energy_j, mean) * pricing.pue if total else 0.0
    bounds = carbon_range(total.bounds, Range(low, high), pricing.pue) if total else NOTHING
    location = pricing.location
    return PricingReport(
        id=pricing.id,
        provider=pricing.provider,
        zone=location.zone,
        zone_name=location.name,
        location_origin=location.origin,
        signal=pricing.signal,
        scope=pricing.scope,
        basis=pricing.basis,
        g_per_kwh_mean=mean,
        g_per_kwh_low=low,
        g_per_kwh_high=high,
        pue=pricing.pue,
        pue_source=pricing.pue_source,
        carbon_g=grams,
        carbon_low_g=bounds.low,
        carbon_high_g=bounds.high,
        source="; ".join(dict.fromkeys(one.intensity.source for one in pricing.stretches)),
        provisional=pricing.provisional,
        current=current,
        made_at=pricing.made_at,
        what_if=pricing.what_if,
        parts=_parts(pricing, shares),
        cost=cost_of(pricing.tariff, total, between, (pricing.stretches[0].start, until)),
        water=water_of(pricing.water, total),
    )


def _bounds(intensity: CarbonIntensity) -> tuple[float, float, float]:
    return intensity.g_per_kwh, intensity.low, intensity.high


def _shares(pricing: Pricing, total: Total | None, between: EnergyBetween) -> list[float]:
    """Each stretch's share of the energy; without energy all of it is the first's."""
    first = [1.0, *(0.0 for _ in pricing.stretches[1:])]
    if len(first) == 1 or total is None:
        return first
    energies_j = between([stretch.start for stretch in pricing.stretches[1:]])
    sum_j = sum(energies_j)
    return [energy_j / sum_j for energy_j in energies_j] if sum_j > 0 else first


def _parts(pricing: Pricing, shares: Sequence[float]) -> tuple[PricingPart, ...]:
    """Who gave the figures for how much of the energy, the largest part first."""
    sums: defaultdict[tuple[str, str, str, str, bool], float] = defaultdict(float)
    for stretch, share in zip(pricing.stretches, shares, strict=True):
        one = stretch.intensity
        sums[one.provider, one.zone, one.signal, one.scope, one.estimated] += share
    largest_first = sorted(sums.items(), key=lambda item: -item[1])
    return tuple(PricingPart(*key, energy_ratio=share) for key, share in largest_first)
