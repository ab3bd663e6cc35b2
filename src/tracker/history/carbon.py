"""What a run's energy caused, at each of its pricings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from tracker.carbon.accountant import MeanIntensity, mean_intensity
from tracker.history.energy import Total
from tracker.model.carbon import Pricing, Signal
from tracker.model.energy import EnergyInterval
from tracker.model.ranges import NOTHING, Range, carbon_range
from tracker.model.report import PricingReport
from tracker.model.units import carbon_g

Intervals = Callable[[], Iterable[EnergyInterval]]
"""Gives the intervals of the devices in the total; called only if they are needed."""


def current_of(pricings: Sequence[Pricing]) -> Pricing | None:
    """The newest that is neither a what-if nor marginal.

    A run that asked for marginal intensities has no other: then the newest of those.
    """
    usable = [one for one in pricings if one.stretches and not one.what_if]
    average = [one for one in usable if one.signal is not Signal.MARGINAL]
    return max(average or usable, key=_age, default=None)


def _age(pricing: Pricing) -> tuple[float, UUID]:
    return pricing.made_at.timestamp(), pricing.id


def priced(
    pricing: Pricing, total: Total | None, intervals: Intervals, *, current: bool
) -> PricingReport:
    """A pricing and what it makes of the run's energy; the PUE is in the grams alone."""
    mean = _mean(pricing, intervals)
    grams, bounds = 0.0, NOTHING
    if total is not None:
        grams = carbon_g(total.energy_j, mean.g_per_kwh) * pricing.pue
        bounds = carbon_range(total.bounds, Range(mean.low, mean.high), pricing.pue)
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
        g_per_kwh_mean=mean.g_per_kwh,
        g_per_kwh_low=mean.low,
        g_per_kwh_high=mean.high,
        pue=pricing.pue,
        pue_source=pricing.pue_source,
        carbon_g=grams,
        carbon_low_g=bounds.low,
        carbon_high_g=bounds.high,
        source="; ".join(dict.fromkeys(one.intensity.source for one in pricing.stretches)),
        provisional=pricing.provisional,
        current=current,
    )


def _mean(pricing: Pricing, intervals: Intervals) -> MeanIntensity:
    if len(pricing.stretches) > 1:
        return mean_intensity(pricing, intervals())
    only = pricing.stretches[0].intensity
    return MeanIntensity(only.g_per_kwh, only.low, only.high)
