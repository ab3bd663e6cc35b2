"""What a run's electricity cost and the water it took, beside its carbon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tracker.carbon import tariff as tariffs
from tracker.history.energy import Total
from tracker.model.beside import Tariff, WaterUse
from tracker.model.report import CostReport, WaterReport
from tracker.model.units import kwh_from_j

EnergyBetween = Callable[[Sequence[datetime]], list[float]]
"""Joules of the devices in the total before, between and after instants (UTC)."""


def cost_of(
    tariff: Tariff | None,
    total: Total | None,
    between: EnergyBetween,
    lived: tuple[datetime, datetime],
) -> CostReport | None:
    """What the energy cost, by the hours in which it was used; ``None`` where no price is known.

    The price is taken as exact, so that the range is the energy's. ``lived`` is the run's
    begin and end, UTC.
    """
    if tariff is None or total is None:
        return None
    found = tariffs.prices(tariff, *lived)
    energies_j = between([at for at, _ in found[1:]]) if len(found) > 1 else [total.energy_j]
    amount = tariffs.cost(found, [kwh_from_j(energy_j) for energy_j in energies_j])
    per_j = amount / total.energy_j if total.energy_j > 0 else 0.0
    return CostReport(
        tariff.currency,
        amount,
        per_j * total.bounds.low,
        per_j * total.bounds.high,
        tariff.source,
    )


def water_of(use: WaterUse | None, total: Total | None) -> WaterReport | None:
    """Litres that the energy took; ``None`` where no figure is known."""
    if use is None or total is None:
        return None
    kwh = kwh_from_j(total.energy_j)
    return WaterReport(
        _litres(use.site_l_per_kwh, kwh), _litres(use.grid_l_per_kwh, kwh), use.source
    )


def _litres(per_kwh: float | None, kwh: float) -> float | None:
    return None if per_kwh is None else per_kwh * kwh
