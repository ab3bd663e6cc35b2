"""Energy becomes grams: the arithmetic of a pricing, pure.

A pricing holds one intensity for each stretch of time. Energy of an interval that crosses
a boundary is divided in proportion to time, so that the parts add up to the whole. What
lies before the first stretch or after the last is priced with that stretch: no energy is
left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tracker.carbon.pue import Pue
from tracker.errors import IntensityMissing
from tracker.model import units
from tracker.model.carbon import CarbonIntensity, Location, PricedStretch, Pricing
from tracker.model.energy import EnergyInterval

LOCATION_BASED = "location"


class MeanIntensity(Struct, frozen=True):
    """Intensity over some energy, weighted by that energy, in g CO2e/kWh; without PUE.

    Attributes:
        low: lowest plausible value. Bounds of stretches are averaged as the value is: a
            figure that is off is off in the same direction all the time.
        high: highest plausible value.
    """

    g_per_kwh: float
    low: float
    high: float


def make_pricing(
    *,
    id: UUID,  # noqa: A002 - the field's name
    run_id: UUID,
    made_at: datetime,
    location: Location,
    intensities: Sequence[CarbonIntensity],
    start: datetime,
    end: datetime | None = None,
    pue: Pue,
    basis: str = LOCATION_BASED,
    what_if: bool = False,
    provisional: bool = False,
) -> Pricing:
    """A pricing of a run from ``start`` on, with the intensities that a provider gave.

    Provider, signal and scope are those of the first intensity that is used.

    Args:
        id: the pricing's own, made by the caller.
        run_id: the run that is priced.
        made_at: UTC.
        location: where the electricity is used.
        intensities: in order of time; one yearly figure is enough for any time.
        start: UTC, the run's begin.
        end: UTC, exclusive; ``None`` while the run may still go on.
        pue: facility energy over IT energy, and who says so.
        basis: ``location`` (the grid's) or ``market`` (a contract's).
        what_if: an answer to "what would it have been".
        provisional: some stretch may still get a better figure.

    Raises:
        IntensityMissing: there is no intensity.
    """
    stretches = stretches_of(intensities, start, end)
    first = stretches[0].intensity
    return Pricing(
        id=id,
        run_id=run_id,
        made_at=made_at,
        provider=first.provider,
        location=location,
        signal=first.signal,
        scope=first.scope,
        basis=basis,
        pue=pue.ratio,
        pue_source=pue.source,
        what_if=what_if,
        provisional=provisional,
        stretches=stretches,
    )


def stretches_of(
    intensities: Sequence[CarbonIntensity], start: datetime, end: datetime | None
) -> tuple[PricedStretch, ...]:
    """From ``start`` to ``end`` without gaps, one stretch for each intensity used.

    An intensity holds from its ``valid_from`` until the next one's; the first used holds
    from ``start`` and the last until ``end``. So a gap is bridged by the figure before it.

    Args:
        intensities: in order of time.
        start: UTC.
        end: UTC, exclusive, or ``None`` for open.

    Raises:
        IntensityMissing: there is no intensity.
    """
    if not intensities:
        raise IntensityMissing(f"no carbon intensity for the time from {start.isoformat()}")
    before = bisect_right(intensities, start, key=lambda value: value.valid_from)
    first, *later = intensities[max(before - 1, 0) :]
    used = [first, *(value for value in later if end is None or value.valid_from < end)]
    starts = [start, *(value.valid_from for value in used[1:])]
    ends = [*starts[1:], end]
    return tuple(PricedStretch(*parts) for parts in zip(starts, ends, used, strict=True))


def intensity_at(pricing: Pricing, at: datetime) -> CarbonIntensity:
    """The intensity that a pricing has for an instant (UTC)."""
    return pricing.stretches[_stretch_at(pricing, at)].intensity


def carbon_between_g(pricing: Pricing, energy_j: float, start: datetime, end: datetime) -> float:
    """Grams that energy used evenly from ``start`` to ``end`` causes, PUE included."""
    grams = sum(
        units.carbon_g(part_j, intensity.g_per_kwh)
        for part_j, intensity in _parts(pricing, energy_j, start, end)
    )
    return grams * pricing.pue


def carbon_g(pricing: Pricing, intervals: Iterable[EnergyInterval]) -> float:
    """Grams that the energy of all intervals causes, PUE included; 0 for none.

    Which devices are in the total is the caller's to choose.
    """
    return sum(
        carbon_between_g(pricing, interval.energy_j, interval.start, interval.end)
        for interval in intervals
    )


def mean_intensity(pricing: Pricing, intervals: Iterable[EnergyInterval]) -> MeanIntensity:
    """Intensity weighted by the intervals' energy.

    Where the intervals hold no energy, it is that of the pricing's first stretch.
    """
    total_j = mean = low = high = 0.0
    for interval in intervals:
        for part_j, value in _parts(pricing, interval.energy_j, interval.start, interval.end):
            total_j += part_j
            mean += part_j * value.g_per_kwh
            low += part_j * value.low
            high += part_j * value.high
    if total_j <= 0:
        first = pricing.stretches[0].intensity
        return MeanIntensity(first.g_per_kwh, first.low, first.high)
    return MeanIntensity(mean / total_j, low / total_j, high / total_j)


def _stretch_at(pricing: Pricing, at: datetime) -> int:
    after = bisect_right(pricing.stretches, at, key=lambda stretch: stretch.start)
    return max(after - 1, 0)


def _parts(
    pricing: Pricing, energy_j: float, start: datetime, end: datetime
) -> Iterator[tuple[float, CarbonIntensity]]:
    number = _stretch_at(pricing, start)
    begin, left_j = start, energy_j
    for following in pricing.stretches[number + 1 :]:
        if following.start >= end:
            break
        part_j = energy_j * ((following.start - begin) / (end - start))
        yield part_j, pricing.stretches[number].intensity
        number, begin, left_j = number + 1, following.start, left_j - part_j
    # The last part is what is left, so that the parts are the whole to the last digit.
    yield left_j, pricing.stretches[number].intensity
