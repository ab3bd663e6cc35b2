"""Runs as codecarbon's ``emissions.csv``: columns and units of its version 3.3.2.

Energy is in kWh with the PUE in it, as there; emissions in kg, power in W, time the run's
end in UTC. What that file has no place for (ranges, methods, phases) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from tracker.data import tables
from tracker.exporters import _cells
from tracker.model.device import DeviceKind
from tracker.model.report import PricingReport, RunReport
from tracker.model.statement import Statement
from tracker.model.units import kg_from_g, kwh_from_j

SUFFIX: Final = ".csv"
COLUMNS: Final = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions"),
    *("emissions_rate", "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy"),
    *("ram_energy", "energy_consumed", "water_consumed", "country_name", "country_iso_code"),
    *("region", "cloud_provider", "cloud_region", "os", "python_version", "codecarbon_version"),
    *("cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude"),
    *("ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent"),
    *("ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue"),
)
_PARTS: Final = {"cpu": DeviceKind.CPU, "gpu": DeviceKind.GPU, "ram": DeviceKind.DRAM}


def write(report: Statement, target: BinaryIO) -> None:
    """A row a run; one of which nothing was read has empty figures."""
    iso3 = {row["iso2"]: row["iso3"] for row in tables.rows("country_intensity.csv")}
    _cells.put(target, COLUMNS, [_row(run, iso3) for run in report.runs])


def _row(run: RunReport, iso3: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "timestamp": f"{run.ended_at or run.last_seen_at:%Y-%m-%dT%H:%M:%S}",
        "project_name": run.project or run.name,
        "run_id": str(run.run_id),
        "duration": run.duration_s,
        "tracking_mode": run.attribution,
        "on_cloud": "N",
        "os": run.provenance.get("os"),
        "python_version": run.provenance.get("python"),
    }
    if run.energy_kwh is not None:
        row |= _energy(run, 1.0 if run.pricing is None else run.pricing.pue)
    if run.carbon_g is not None:
        emitted_kg = kg_from_g(run.carbon_g)
        row["emissions"] = emitted_kg
        row["emissions_rate"] = emitted_kg / run.duration_s if run.duration_s else None
    return row | (_place(run.pricing, iso3) if run.pricing else {})


def _energy(run: RunReport, pue: float) -> dict[str, Any]:
    row: dict[str, Any] = {"energy_consumed": (run.energy_kwh or 0.0) * pue, "pue": pue, "wue": 0}
    for part, kind in _PARTS.items():
        some = [each for each in run.devices if each.in_total and each.kind is kind]
        if not some:  # what was not read stays empty
            continue
        used_j = sum(each.energy_j for each in some)
        row[f"{part}_energy"] = kwh_from_j(used_j) * pue
        row[f"{part}_power"] = used_j / run.duration_s if run.duration_s else None
        if part != "ram":
            row[f"{part}_count"] = len(some)
            row[f"{part}_model"] = "; ".join(dict.fromkeys(each.name for each in some))
    return row


def _place(pricing: PricingReport, iso3: Mapping[str, str]) -> dict[str, Any]:
    provider, _, region = pricing.zone.partition(":")
    if region:
        return {"cloud_provider": provider, "cloud_region": region, "on_cloud": "Y"}
    code = iso3.get(pricing.zone.partition("-")[0])
    return {"country_name": pricing.zone_name, "country_iso_code": code} if code else {}
