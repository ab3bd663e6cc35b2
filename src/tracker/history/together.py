"""Several runs as one figure: what is known of their errors decides how these add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct, field

from tracker.history.figures import Figures
from tracker.model.device import DeviceKind
from tracker.model.ranges import Range, Share, carbon_range, energy_range
from tracker.model.report import PricingReport, RunReport
from tracker.model.statement import Amount, Embodied
from tracker.research import embodied, hardware
from tracker.research.figure import Figure

_S_PER_H: Final = 3600.0
_HOSTS: Final = "processors, memory and mainboards beyond a GPU's eighth of a host"


def shares_of(figures: Figures) -> list[Share]:
    """What each board in a run's total gave to it."""
    return [one.share for one in figures.boards if one.was_read and one.device.in_total]


def energy_of(figures: Iterable[Figures]) -> Amount | None:
    """Joules of all runs; a board that several of them used errs alike in all of them."""
    shares = [share for one in figures for share in shares_of(one)]
    if not shares:
        return None
    bounds = energy_range(shares)
    return Amount(sum(share.energy_j for share in shares), bounds.low, bounds.high)


class _Priced(Struct):
    """Energy that met the same kind of intensity."""

    pue: float
    carbon_g: float = 0.0
    energy_j: float = 0.0
    low: float = 0.0
    high: float = 0.0
    shares: list[Share] = field(default_factory=list)

    def add(self, pricing: PricingReport, shares: Sequence[Share]) -> None:
        energy_j = sum(share.energy_j for share in shares)
        self.carbon_g += pricing.carbon_g
        self.energy_j += energy_j
        self.low += pricing.g_per_kwh_low * energy_j
        self.high += pricing.g_per_kwh_high * energy_j
        self.shares += shares

    @property
    def bounds(self) -> Range:
        if self.energy_j <= 0:
            return Range(0.0, 0.0)
        intensity = Range(self.low / self.energy_j, self.high / self.energy_j)
        return carbon_range(energy_range(self.shares), intensity, self.pue)


def carbon_of(figures: Iterable[Figures]) -> Amount | None:
    """Grams of all runs that are priced.

    Runs priced from one source share its error. Those of different sources are taken to
    err together too, which makes the range the wider one: tables rest on one another.
    """
    groups: dict[tuple[object, ...], _Priced] = {}
    for one in figures:
        pricing = one.carbon
        if pricing is None:
            continue
        key = (pricing.provider, pricing.zone, pricing.signal, pricing.scope, pricing.pue)
        groups.setdefault(key, _Priced(pricing.pue)).add(pricing, shares_of(one))
    if not groups:
        return None
    bounds = [group.bounds for group in groups.values()]
    return Amount(
        sum(group.carbon_g for group in groups.values()),
        sum(each.low for each in bounds),
        sum(each.high for each in bounds),
    )


def embodied_of(reports: Iterable[RunReport]) -> Embodied:
    """The runs' share of making the accelerators that they held, by hours held."""
    hours: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        for device in report.devices:
            if device.kind is DeviceKind.GPU:
                hours[device.name] += report.duration_s / _S_PER_H
    shares: list[Figure] = []
    missing = []
    for name, device_hours in hours.items():
        board = hardware.find(name)
        if board is None:
            missing.append(name)
        else:
            shares.append(embodied.share(board, device_hours))
    return Embodied(_added(shares), embodied.SOURCE, embodied.RANGE_FROM, (*missing, _HOSTS))


def _added(shares: Sequence[Figure]) -> Amount | None:
    # One table and one factor for all: their errors go together.
    if not shares:
        return None
    return Amount(
        sum(each.value for each in shares),
        sum(each.low for each in shares),
        sum(each.high for each in shares),
    )
