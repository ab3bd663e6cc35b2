"""eco2ai's ``emission.csv``: s, kWh and kg, as its release 0.3.12 writes them.

It writes a row at ``stop()``, and one an epoch in its training mode, each with what was used
since the row before; rows of one id are the epochs of one run. Its PUE is in the energy and in
no column, so that it stays there. Times are local.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from tracker.importers import _csv
from tracker.model.device import DeviceKind
from tracker.model.units import g_from_kg, j_from_kwh
from tracker.ports.importer import ImportedDevice, ImportedPhase, ImportedRun

_ENERGY: Final = "power_consumption(kWh)"
_OLD_ENERGY: Final = "power_consumption(kWTh)"
_CARBON: Final = "CO2_emissions(kg)"
_NEEDED: Final = {"project_name", "start_time", "duration(s)", _CARBON}
_FACTS: Final = ("experiment_description", "CPU_name", "GPU_name", "OS", "region/country", "cost")
_EPOCH: Final = re.compile(r"epoch: *(\d+)")


def recognises(path: Path, head: str) -> bool:
    """By the columns."""
    del path
    return _csv.header(head) >= _NEEDED


def read(path: Path) -> Iterable[ImportedRun]:
    """The runs of a file, in the order of their first rows.

    Raises:
        ImportRefused: a cell cannot be what its column says.
    """
    found: dict[str, list[tuple[str, _csv.Row]]] = {}
    for line, row in _csv.rows(path):
        found.setdefault(row.get("id") or _csv.digest(row), []).append(
            (f"{path}, line {line}", row)
        )
    return [_run(key, some) for key, some in found.items()]


def _run(key: str, some: list[tuple[str, _csv.Row]]) -> ImportedRun:
    phases = [_phase(where, row) for where, row in some]
    last = some[-1][1]
    energy_j = sum(phase.energy_j[DeviceKind.NODE] for phase in phases)
    emitted_kg = sum(_csv.number(row, _CARBON, place) or 0.0 for place, row in some)
    name = last.get("project_name") or "eco2ai"
    return ImportedRun(
        key=key,
        name=name,
        project=name,
        started_at=min(phase.start for phase in phases),
        ended_at=max(phase.end for phase in phases),
        devices=(ImportedDevice(DeviceKind.NODE, _hardware(last), energy_j),),
        carbon_g=g_from_kg(emitted_kg),
        place=last.get("region/country", ""),
        facts={column: last[column] for column in _FACTS if last.get(column) not in {"", None}},
        phases=tuple(phase for phase in phases if phase.name == "epoch"),
    )


def _phase(where: str, row: _csv.Row) -> ImportedPhase:
    start = _csv.instant(row, "start_time", where)
    lasted = timedelta(seconds=_csv.number(row, "duration(s)", where) or 0.0)
    column = _ENERGY if _ENERGY in row else _OLD_ENERGY
    energy_j = j_from_kwh(_csv.number(row, column, where) or 0.0)
    name = "epoch" if _EPOCH.match(row.get("epoch", "")) else "all"
    return ImportedPhase(name, start, start + lasted, {DeviceKind.NODE: energy_j})


def _hardware(row: _csv.Row) -> str:
    names = [row.get(column, "") for column in ("CPU_name", "GPU_name")]
    return "; ".join(name for name in names if name) or "whole machine"
