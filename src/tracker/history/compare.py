"""How runs differ, and whether by more than their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tracker.history.profile import Profile, scaled
from tracker.model.comparison import Comparison, Difference, RunDifference
from tracker.model.ranges import NOTHING, Range, Share, carbon_range, difference_range
from tracker.model.report import PricingReport


def comparison_of(profiles: Sequence[Profile], metrics: Sequence[str]) -> Comparison:
    """The first run against each of the others.

    Args:
        profiles: of two runs or more.
        metrics: names of the metrics to put the energy in relation to.
    """
    base, *others = profiles
    against = tuple(_against(base, other, metrics) for other in others)
    return Comparison(base.line.summary, against)


def _against(base: Profile, other: Profile, metrics: Sequence[str]) -> RunDifference:
    per_epoch = None
    if base.epoch is not None and other.epoch is not None:
        per_epoch = _of_shares("mean epoch", base.epoch, other.epoch)
    return RunDifference(
        run=other.line.summary,
        duration_s=_exact("duration", base.line.summary.duration_s, other.line.summary.duration_s),
        energy_j=_of_shares("energy", base.shares or None, other.shares or None),
        carbon_g=_carbon(base, other),
        devices=_of_groups(base.devices, other.devices),
        phases=_of_groups(base.phases, other.phases),
        per_epoch_j=per_epoch,
        per_metric_j=tuple(_per_metric(name, base, other) for name in metrics),
        scopes=(_scope(base), _scope(other)),
    )


def _scope(profile: Profile) -> str | None:
    return None if profile.pricing is None else profile.pricing.scope


def _of_groups(
    base: Mapping[str, Sequence[Share]], other: Mapping[str, Sequence[Share]]
) -> tuple[Difference, ...]:
    names = dict.fromkeys([*base, *other])
    return tuple(_of_shares(name, base.get(name), other.get(name)) for name in names)


def _of_shares(
    what: str, base: Sequence[Share] | None, other: Sequence[Share] | None
) -> Difference:
    bounds = None if base is None or other is None else difference_range(other, base)
    return _difference(what, _sum_j(base), _sum_j(other), bounds)


def _sum_j(shares: Sequence[Share] | None) -> float | None:
    return None if shares is None else sum(share.energy_j for share in shares)


def _exact(what: str, base: float, other: float) -> Difference:
    return _difference(what, base, other, Range(other - base, other - base))


def _difference(
    what: str, base: float | None, other: float | None, bounds: Range | None
) -> Difference:
    if base is None or other is None or bounds is None:
        return Difference(what, base, other, None, None, None, None, None)
    change = other - base
    return Difference(
        what=what,
        base=base,
        other=other,
        difference=change,
        low=bounds.low,
        high=bounds.high,
        ratio=change / base if base > 0 else None,
        exceeds_error=bounds.low > 0 or bounds.high < 0,
    )


def _per_metric(name: str, base: Profile, other: Profile) -> Difference:
    shares = [_per_unit(each, name) for each in (base, other)]
    return _of_shares(name, *shares)


def _per_unit(profile: Profile, name: str) -> Sequence[Share] | None:
    value = profile.metrics.get(name, math.nan)
    if not profile.shares or not math.isfinite(value) or value == 0:
        return None
    return scaled(profile.shares, 1 / value)


def _carbon(base: Profile, other: Profile) -> Difference:
    """Where both met the same intensity its error is one; else the two are independent."""
    mine, theirs = base.pricing, other.pricing
    if mine is None or theirs is None:
        base_g, other_g = (each.carbon_g if each else None for each in (mine, theirs))
        return _difference("CO2e", base_g, other_g, None)
    bounds = (
        _at_one_intensity(base, other, mine)
        if _intensity(mine) == _intensity(theirs)
        else _apart(mine, theirs)
    )
    return _difference("CO2e", mine.carbon_g, theirs.carbon_g, bounds)


def _intensity(pricing: PricingReport) -> tuple[object, ...]:
    mean = (pricing.g_per_kwh_low, pricing.g_per_kwh_mean, pricing.g_per_kwh_high)
    return pricing.provider, pricing.zone, pricing.pue, mean


def _at_one_intensity(base: Profile, other: Profile, pricing: PricingReport) -> Range:
    energy_j = difference_range(other.shares, base.shares)
    mean = Range(pricing.g_per_kwh_low, pricing.g_per_kwh_high)
    more = _grams(Range(max(energy_j.low, 0.0), max(energy_j.high, 0.0)), mean, pricing.pue)
    less = _grams(Range(max(-energy_j.high, 0.0), max(-energy_j.low, 0.0)), mean, pricing.pue)
    return Range(more.low - less.high, more.high - less.low)


def _grams(energy_j: Range, g_per_kwh: Range, pue: float) -> Range:
    return carbon_range(energy_j, g_per_kwh, pue) if energy_j.high > 0 else NOTHING


def _apart(base: PricingReport, other: PricingReport) -> Range:
    mine = Range(base.carbon_low_g, base.carbon_high_g)
    theirs = Range(other.carbon_low_g, other.carbon_high_g)
    half = math.hypot(mine.half_width, theirs.half_width)
    centre = theirs.midpoint - mine.midpoint
    return Range(centre - half, centre + half)
