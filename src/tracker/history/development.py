"""What it took to come to the final runs: tuning, failed and abandoned ones beside them.

The view of Strubell et al. 2019, table 4, on runs of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from tracker.errors import SettingsError
from tracker.history.together import Portion, carbon_of, energy_of, portions
from tracker.model.device import DeviceKind
from tracker.model.ranges import Share, difference_range
from tracker.model.run import RunStatus
from tracker.model.statement import Amount, Development, Group
from tracker.model.units import kwh_from_j
from tracker.research.estimate import USD_PER_KWH
from tracker.store.overlaps import SharedEnergy

if TYPE_CHECKING:
    from tracker.history.statement import Found
    from tracker.model.report import RunReport

_BY_STATUS: Final = {
    RunStatus.FAILED: "failed",
    RunStatus.INTERRUPTED: "abandoned",
    RunStatus.RUNNING: "running",
}
_GROUPS: Final = ("final", "tuning", *_BY_STATUS.values())
_S_PER_H: Final = 3600.0


class Prices(Struct, frozen=True):
    """US dollars a kilowatt-hour, and lowest and highest a GPU-hour where that is known."""

    usd_per_kwh: float
    usd_per_gpu_h: tuple[float, float] | None = None


def prices_of(
    usd_per_kwh: float | None = None, usd_per_gpu_h: tuple[float, float] | None = None
) -> Prices:
    """The prices that were said; electricity's is that of Strubell et al. 2019 by default.

    Raises:
        SettingsError: one is negative, or the lower one does not stand first.
    """
    price = USD_PER_KWH.value if usd_per_kwh is None else usd_per_kwh
    if not 0 <= price < math.inf:
        raise SettingsError(f"usd_per_kwh = {price:g}: must be 0 or more")
    if usd_per_gpu_h is not None and not 0 <= usd_per_gpu_h[0] <= usd_per_gpu_h[1] < math.inf:
        raise SettingsError(
            f"usd_per_gpu_h = {usd_per_gpu_h}: must be 0 or more, the lower price first"
        )
    return Prices(price, usd_per_gpu_h)


def development(
    found: Sequence[Found], shared: Sequence[SharedEnergy], final: Sequence[str], prices: Prices
) -> Development:
    """A project's runs, each counted in one group.

    Args:
        found: those that lie in no other of them.
        shared: what pairs of them have in common; a joule counts once in a group, and once
            in all of them.
        final: patterns of names (``bert-final*``) or tags (``stage=final``); one suffices.
        prices: of electricity and hardware.

    Raises:
        SettingsError: there is no pattern.
    """
    is_final = _matcher(final)
    members: dict[str, list[Found]] = {name: [] for name in _GROUPS}
    for one in found:
        members[_group_of(one.report, is_final)].append(one)
    return Development(
        final_is=tuple(final),
        groups=tuple(_group(name, runs, shared, prices) for name, runs in members.items() if runs),
        whole=_group("all", found, shared, prices),
        energy_ratio=_ratio(*(_parts(runs, shared) for runs in (members["final"], found))),
        usd_per_kwh=prices.usd_per_kwh,
    )


def _matcher(final: Sequence[str]) -> Callable[[RunReport], bool]:
    patterns = [pattern.strip() for pattern in final]
    if not patterns or not all(patterns):
        raise SettingsError(
            "final: say which runs are final, by name ('bert-final*') or tag ('stage=final')"
        )
    return lambda report: any(_matches(report, pattern) for pattern in patterns)


def _matches(report: RunReport, pattern: str) -> bool:
    key, equals, value = pattern.partition("=")
    if equals:
        return fnmatchcase(str(report.tags.get(key, "\0")).casefold(), value.casefold())
    return fnmatchcase(report.name.casefold(), pattern.casefold())


def _group_of(report: RunReport, is_final: Callable[[RunReport], bool]) -> str:
    """A run that did not come to its end is not the final one, whatever it is called."""
    if report.status in _BY_STATUS:
        return _BY_STATUS[report.status]
    return "final" if is_final(report) else "tuning"


def _parts(found: Sequence[Found], shared: Sequence[SharedEnergy]) -> list[Portion]:
    return portions([one.figures for one in found], shared)


def _group(
    name: str, found: Sequence[Found], shared: Sequence[SharedEnergy], prices: Prices
) -> Group:
    parts = _parts(found, shared)
    energy_j, gpu_hours = energy_of(parts), _gpu_hours([one.report for one in found])
    usd = prices.usd_per_gpu_h
    return Group(
        name=name,
        runs=len(found),
        duration_s=sum(one.report.duration_s for one in found),
        gpu_hours=gpu_hours,
        energy_j=energy_j,
        carbon_g=carbon_of(parts),
        electricity_usd=_cost(energy_j, prices.usd_per_kwh),
        cloud_usd=(usd[0] * gpu_hours, usd[1] * gpu_hours) if usd and gpu_hours else None,
    )


def _gpu_hours(reports: Sequence[RunReport]) -> float | None:
    hours = [
        report.duration_s / _S_PER_H
        for report in reports
        for device in report.devices
        if device.kind is DeviceKind.GPU
    ]
    return sum(hours) if hours else None


def _cost(energy_j: Amount | None, usd_per_kwh: float) -> Amount | None:
    if energy_j is None:
        return None
    ends = (energy_j.value, energy_j.low, energy_j.high)
    return Amount(*(kwh_from_j(end) * usd_per_kwh for end in ends))


def _ratio(final: Sequence[Portion], everything: Sequence[Portion]) -> Amount | None:
    """Energy of all over that of the final runs.

    The logarithm of a quotient is a difference: with each side's shares taken relative to
    its own sum, what a board errs cancels as far as both sides rest on it alike.
    """
    above = [share for one in everything for share in one.shares]
    below = [share for one in final for share in one.shares]
    all_j, final_j = (sum(share.energy_j for share in shares) for shares in (above, below))
    if final_j <= 0:
        return None
    value = all_j / final_j
    if len(final) == len(everything):
        return Amount(value, value, value)
    bounds = difference_range(_relative(above, all_j), _relative(below, final_j))
    return Amount(value, max(value * (1 + bounds.low), 1.0), value * (1 + bounds.high))


def _relative(shares: Sequence[Share], total_j: float) -> list[Share]:
    return [
        replace(share, energy_j=share.energy_j / total_j, slack_j=share.slack_j / total_j)
        for share in shares
    ]
