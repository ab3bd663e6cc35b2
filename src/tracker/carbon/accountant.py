"""Energy becomes grams: the arithmetic of a pricing, pure.

A pricing holds one intensity for each stretch of time. Energy of an interval that crosses
a boundary is divided in proportion to time, so that the parts add up to the whole. What
lies before the first stretch or after the last is priced with that stretch: no energy is
left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec.structs import replace

from tracker.carbon.pue import Pue
from tracker.errors import IntensityMissing
from tracker.model import units
from tracker.model.carbon import CarbonIntensity, Location, PricedStretch, Pricing

if TYPE_CHECKING:
    from tracker.model.beside import PricingNote, Tariff, WaterUse

LOCATION_BASED = "location"
MARKET_BASED = "market"


def make_pricing(
    *,
    id: UUID,  # noqa: A002 - the field's name
    run_id: UUID,
    made_at: datetime,
    location: Location,
    stretches: Sequence[PricedStretch],
    pue: Pue,
    provider: str | None = None,
    basis: str = LOCATION_BASED,
    what_if: bool = False,
    provisional: bool = False,
    tariff: Tariff | None = None,
    water: WaterUse | None = None,
    notes: Sequence[PricingNote] = (),
) -> Pricing:
    """A pricing of a run: the arguments are the fields of ``Pricing``.

    Signal and scope are those of the first figure that the chosen provider gave; where it
    gave none yet, those of the first figure. ``provider`` is the one that was chosen, by
    default that of the first figure; there must be a stretch.
    """
    chosen = provider or stretches[0].intensity.provider
    first = _telling(stretches, chosen)
    return Pricing(
        id=id,
        run_id=run_id,
        made_at=made_at,
        provider=chosen,
        location=location,
        signal=first.signal,
        scope=first.scope,
        basis=basis,
        pue=pue.ratio,
        pue_source=pue.source,
        what_if=what_if,
        provisional=provisional,
        stretches=tuple(stretches),
        tariff=tariff,
        water=water,
        notes=tuple(notes),
    )


def with_stretches(
    pricing: Pricing,
    stretches: Sequence[PricedStretch],
    *,
    provider: str,
    provisional: bool,
    notes: Sequence[PricingNote],
) -> Pricing:
    """A provisional pricing with the figures that ``provider`` and its chain gave meanwhile.

    Raises:
        ValueError: it is frozen: another figure is another pricing.
    """
    if not pricing.provisional:
        raise ValueError(f"pricing {pricing.id} is frozen")
    first = _telling(stretches, provider)
    return replace(
        pricing,
        provider=provider,
        signal=first.signal,
        scope=first.scope,
        provisional=provisional,
        stretches=tuple(stretches),
        notes=tuple(notes),
    )


def _telling(stretches: Sequence[PricedStretch], provider: str) -> CarbonIntensity:
    figures = [stretch.intensity for stretch in stretches]
    return next((one for one in figures if one.provider == provider), figures[0])


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
