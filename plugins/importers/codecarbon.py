"""codecarbon's ``emissions.csv``, with the columns of its versions from 1.2 to 3.3.

Columns and units are those that its releases 1.2.0, 2.1.4 and 3.3.2 write: s, kg, kWh, W. A
PUE is in its energies; it is taken out here and kept beside them. Without a split by kind the
energy is booked on the whole machine. A run that was written several times (each flush is a
row) counts as its longest state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from tracker.data import tables
from tracker.importers import _csv
from tracker.model.device import DeviceKind
from tracker.model.units import g_from_kg, j_from_kwh
from tracker.ports.importer import ImportedDevice, ImportedRun

_NEEDED: Final = {"timestamp", "project_name", "duration", "emissions", "energy_consumed"}
_PARTS: Final = {"gpu": DeviceKind.GPU, "cpu": DeviceKind.CPU, "ram": DeviceKind.DRAM}
_FACTS: Final = (
    *("codecarbon_version", "python_version", "os", "tracking_mode", "experiment_id"),
    *("cpu_count", "gpu_count", "ram_total_size", "country_iso_code", "region"),
)
_ZONE: Final = re.compile(r"[a-z]+")


def recognises(path: Path, head: str) -> bool:
    """By the columns."""
    del path
    return _csv.header(head) >= _NEEDED


def read(path: Path) -> Iterable[ImportedRun]:
    """The runs of a file, in the order of their first rows.

    Raises:
        ImportRefused: a cell cannot be what its column says.
    """
    found: dict[str, ImportedRun] = {}
    iso2 = {row["iso3"]: row["iso2"] for row in tables.rows("country_intensity.csv")}
    for line, row in _csv.rows(path):
        run = _run(row, f"{path}, line {line}", iso2)
        before = found.get(run.key)
        if before is None or _lasted(run) >= _lasted(before):
            found[run.key] = run
    return found.values()


def _lasted(run: ImportedRun) -> timedelta:
    return run.ended_at - run.started_at


def _run(row: _csv.Row, where: str, iso2: dict[str, str]) -> ImportedRun:
    ended_at = _csv.instant(row, "timestamp", where)
    duration_s = _csv.number(row, "duration", where) or 0.0
    emitted_kg = _csv.number(row, "emissions", where)
    pue = max(_csv.number(row, "pue", where) or 1.0, 1.0)
    zone, place = _where(row, iso2)
    project = row.get("project_name", "")
    return ImportedRun(
        key=row.get("run_id") or _csv.digest(row),
        run_id=_uuid(row.get("run_id", "")),
        name=project or "codecarbon",
        project=project,
        started_at=ended_at - timedelta(seconds=duration_s),
        ended_at=ended_at,
        devices=tuple(_devices(row, where, pue)),
        carbon_g=None if emitted_kg is None else g_from_kg(emitted_kg),
        pue=pue,
        zone=zone,
        place=place,
        facts={name: row[name] for name in _FACTS if row.get(name)},
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _devices(row: _csv.Row, where: str, pue: float) -> Iterator[ImportedDevice]:
    parts = {part: _csv.number(row, f"{part}_energy", where) for part in _PARTS}
    if any(parts.values()):
        for part, energy_kwh in parts.items():
            if energy_kwh:
                name = row.get(f"{part}_model") or part.upper()
                yield ImportedDevice(_PARTS[part], name, j_from_kwh(energy_kwh / pue))
        return
    whole_kwh = _csv.number(row, "energy_consumed", where)
    if whole_kwh is not None:
        yield ImportedDevice(DeviceKind.NODE, "whole machine", j_from_kwh(whole_kwh / pue))


def _where(row: _csv.Row, iso2: dict[str, str]) -> tuple[str, str]:
    provider, region = row.get("cloud_provider", ""), row.get("cloud_region", "")
    if _ZONE.fullmatch(provider) and region:
        return f"{provider}:{region}", f"{provider} {region}"
    names = (row.get("region", ""), row.get("country_name", ""))
    return iso2.get(row.get("country_iso_code", ""), ""), ", ".join(filter(None, names))
