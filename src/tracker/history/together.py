"""Several runs as one figure: what is known of their errors decides how these add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from tracker.history.figures import Figures
from tracker.history.shared import RunBoard, counted_already_j
from tracker.model.device import DeviceKind
from tracker.model.ranges import Range, Share, carbon_range, energy_range
from tracker.model.report import PricingReport
from tracker.model.statement import Amount, Embodied
from tracker.research import embodied, hardware
from tracker.research.figure import Figure
from tracker.store.overlaps import SharedEnergy

_S_PER_H: Final = 3600.0
_HOSTS: Final = "processors, memory and mainboards beyond a GPU's eighth of a host"


class Portion(Struct, frozen=True):
    """A run's part of a sum in which every joule counts once.

    Attributes:
        shares: what each board in the run's total gave that no other run of the sum counts
            already.
        ratio: that energy over the run's own.
    """

    figures: Figures
    shares: tuple[Share, ...]
    ratio: float


def portions(group: Sequence[Figures], shared: Iterable[SharedEnergy]) -> list[Portion]:
    """The parts of a group of runs, which may have overlapped on the same boards."""
    already_j = counted_already_j(shared, {one.run.id for one in group})
    return [_portion(one, already_j) for one in group]


def _portion(figures: Figures, already_j: Mapping[RunBoard, float]) -> Portion:
    run_id = figures.run.id
    whole = [one.share for one in figures.boards if one.was_read and one.device.in_total]
    shares = tuple(
        replace(one, energy_j=max(one.energy_j - already_j.get((run_id, one.board), 0.0), 0.0))
        for one in whole
    )
    whole_j, energy_j = (sum(one.energy_j for one in of) for of in (whole, shares))
    return Portion(figures, shares, energy_j / whole_j if whole_j > 0 else 1.0)


def shared_j(parts: Iterable[Portion]) -> float:
    """Joules that runs of the group counted together, and that are in the sum once."""
    return sum((1 - one.ratio) * (one.figures.energy_j or 0.0) for one in parts)


def energy_of(parts: Iterable[Portion]) -> Amount | None:
    """Joules of all runs; a board that several of them used errs alike in all of them."""
    shares = [share for one in parts for share in one.shares]
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

    def add(self, pricing: PricingReport, part: Portion) -> None:
        energy_j = sum(share.energy_j for share in part.shares)
        self.carbon_g += pricing.carbon_g * part.ratio
        self.energy_j += energy_j
        self.low += pricing.g_per_kwh_low * energy_j
        self.high += pricing.g_per_kwh_high * energy_j
        self.shares += part.shares

    @property
    def bounds(self) -> Range:
        if self.energy_j <= 0:
            return Range(0.0, 0.0)
        intensity = Range(self.low / self.energy_j, self.high / self.energy_j)
        return carbon_range(energy_range(self.shares), intensity, self.pue)


def carbon_of(parts: Iterable[Portion]) -> Amount | None:
    """Grams of all runs that are priced.

    Runs priced from one source share its error. Those of different sources are taken to
    err together too, which makes the range the wider one: tables rest on one another.
    """
    groups: dict[tuple[object, ...], _Priced] = {}
    for one in parts:
        pricing = one.figures.carbon
        if pricing is None:
            continue
        key = (pricing.provider, pricing.zone, pricing.signal, pricing.scope, pricing.pue)
        groups.setdefault(key, _Priced(pricing.pue)).add(pricing, one)
    if not groups:
        return None
    bounds = [group.bounds for group in groups.values()]
    return Amount(
        sum(group.carbon_g for group in groups.values()),
        sum(each.low for each in bounds),
        sum(each.high for each in bounds),
    )


def embodied_of(parts: Iterable[Portion]) -> Embodied:
    """The runs' share of making the accelerators that they held, by hours held.

    Of an hour that several runs held a board, each has as much as it has of the energy.
    """
    hours: defaultdict[str, float] = defaultdict(float)
    for one in parts:
        for held in one.figures.boards:
            if held.was_read and held.device.device.kind is DeviceKind.GPU:
                held_h = one.figures.stands.duration_s / _S_PER_H
                hours[held.device.device.name] += held_h * one.ratio
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
