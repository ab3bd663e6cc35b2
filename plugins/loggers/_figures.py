"""The names and units that every logger shows our figures by.

    energy/wh           watt-hours so far          energy/epoch_wh       of a phase "epoch"
    energy/co2_g        grams of CO2e so far       energy/epoch_co2_g    of that phase
    energy/elapsed_s    seconds so far             energy/epoch_gpu_wh   of its GPUs
    energy/power_w      watts, all devices         energy/device_w/ID    watts of one device

No name is another's beginning up to a slash: MLflow keeps each in a file of its name.
At the end the ranges follow: ``energy/wh_low``, ``energy/wh_high``, ``energy/co2_g_low`` …
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tracker.model.units import wh_from_j

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals
    from tracker.ports.logger import PhaseTotals

ELAPSED: Final = "energy/elapsed_s"
_REFUSED: Final = re.compile(r"[^\w\-.: /]+")
"""MLflow takes letters, digits, and ``_ - . : /`` and the space in a name."""


def named(text: str) -> str:
    """``text`` as part of a metric's name that every logger takes."""
    return _REFUSED.sub("_", text)


def of_totals(totals: RunTotals) -> dict[str, float]:
    """A run's figures so far."""
    figures = {
        "energy/wh": wh_from_j(totals.energy_j),
        "energy/co2_g": totals.carbon_g,
        ELAPSED: totals.duration_s,
    }
    if totals.power_w:
        figures["energy/power_w"] = sum(totals.power_w.values())
    return figures | {
        f"energy/device_w/{named(device)}": power_w for device, power_w in totals.power_w.items()
    }


def of_phase(phase: PhaseTotals) -> dict[str, float]:
    """A phase's figures, under its name."""
    stem = f"energy/{named(phase.name)}"
    return {
        f"{stem}_wh": wh_from_j(phase.energy_j),
        f"{stem}_co2_g": phase.carbon_g,
    } | {
        f"{stem}_{kind}_wh": wh_from_j(energy_j)
        for kind, energy_j in phase.energy_by_kind_j.items()
    }


def of_report(report: RunReport) -> dict[str, float]:
    """A run's final figures with their ranges; what is not known is left out."""
    known = {
        "energy/wh": _wh(report.energy_j),
        "energy/wh_low": _wh(report.energy_low_j),
        "energy/wh_high": _wh(report.energy_high_j),
        "energy/co2_g": report.carbon_g,
        "energy/co2_g_low": report.carbon_low_g,
        "energy/co2_g_high": report.carbon_high_g,
        ELAPSED: report.duration_s,
    }
    return {name: value for name, value in known.items() if value is not None}


def _wh(energy_j: float | None) -> float | None:
    return None if energy_j is None else wh_from_j(energy_j)
