"""A report as sections of tables and notes, before it is set in any markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from msgspec import Struct

from tracker.exporters import _facts, _words
from tracker.model.device import DeviceKind
from tracker.model.display import (
    UNKNOWN,
    carbon_range_text,
    carbon_text,
    duration_text,
    energy_range_text,
    energy_text,
    number_text,
    share_text,
    usd_text,
)
from tracker.model.report import DeviceReport, PhaseReport, RunReport
from tracker.model.statement import Amount, Development, Group, Statement

MOST_RUNS: Final = 100
"""Longer tables of runs are cut: those that used most stay."""
_VERSIONS: Final = {
    "git_commit": "git commit",
    "python": "Python",
    "os": "system",
    "tracker": "emissions-tracker",
}
"""What a reader of a report may know; who ran it, where and how stays in the store."""


class Table(Struct, frozen=True):
    """Rows under heads; ``right`` are the columns that are set to the right."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


class Notes(Struct, frozen=True):
    """A label and a text each."""

    pairs: tuple[tuple[str, str], ...]


class Section(Struct, frozen=True):
    """A title and what stands below it."""

    title: str
    blocks: tuple[Table | Notes, ...]


def subtitle(statement: Statement) -> str:
    """What the report is of, in a line."""
    if statement.project:
        starts = [run.started_at for run in statement.runs]
        count = len(statement.runs)
        runs = "1 run" if count == 1 else f"{count} runs"
        days = dict.fromkeys((_day(min(starts)), _day(max(starts))))
        return f"Project {statement.project}: {runs}, begun {' to '.join(days)}"
    run = statement.runs[0]
    of = f" of project {run.project}" if run.project else ""
    took = f"began {when(run.started_at)} and took {duration_text(run.duration_s)}"
    return f"Run {run.short_id}{of}: {run.status.value}, {took}"


def colophon(statement: Statement) -> str:
    """Who made the report, and when."""
    return f"Made by emissions-tracker {statement.version} on {when(statement.made_at)}."


def sections(statement: Statement) -> Iterator[Section]:
    """The whole report."""
    yield Section("Figures", (_figures(statement),))
    if statement.project:
        yield Section("Runs", _runs(statement))
    else:
        yield Section("Devices", (devices(statement),))
        phases = _phases(statement.runs[0].phases)
        if phases.rows:
            yield Section("Phases", (phases,))
    if statement.development is not None:
        yield Section("Development", _development(statement.development))
    if statement.equivalents:
        pairs = tuple(("about", text) for text in statement.equivalents)
        yield Section("In familiar things", (Notes(pairs),))
    yield Section("How these figures came about", (Notes(tuple(_words.notes(statement))),))
    origin = tuple(_origin(statement))
    if origin:
        yield Section("Origin", (Notes(origin),))


def when(at: datetime) -> str:
    """A time, in UTC and to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def energies(amount: Amount | None) -> tuple[str, str]:
    """An energy and its range; dashes where none was read."""
    if amount is None:
        return UNKNOWN, UNKNOWN
    return energy_text(amount.value), energy_range_text(amount.low, amount.high)


def masses(amount: Amount | None) -> tuple[str, str]:
    """A mass and its range; dashes where it is not known."""
    if amount is None:
        return UNKNOWN, UNKNOWN
    return carbon_text(amount.value), carbon_range_text(amount.low, amount.high)


def _figures(statement: Statement) -> Table:
    made = statement.embodied.carbon_g if statement.embodied else None
    rows = (
        ("Energy", *energies(statement.energy_j), "of the devices, before any PUE"),
        ("CO2e", *masses(statement.carbon_g), "of the electricity, PUE included"),
        ("Embodied", *masses(made), _embodied_note(statement)),
    )
    return Table(("", "figure", "range", "of what"), rows, (1, 2))


def _embodied_note(statement: Statement) -> str:
    known = statement.embodied is not None and statement.embodied.carbon_g is not None
    if not known:
        return "not known: no accelerator of the runs is in the table"
    return "of making the GPUs, by hours of their life; in no other figure"


def devices(statement: Statement) -> Table:
    """The devices of the one run, those in others too."""
    heads = ("kind", "device", "energy", "range", "method", "read", "share")
    run = statement.runs[0]
    rows = tuple(_device(device, run.energy_j) for device in run.devices)
    return Table(heads, rows, (2, 3, 5, 6))


def _device(device: DeviceReport, total_j: float | None) -> tuple[str, ...]:
    within = f" (in {device.covered_by or 'another device'})" if not device.in_total else ""
    share = device.energy_j / total_j if device.in_total and total_j else None
    return (
        _facts.KIND_NAMES[device.kind],
        device.name + within,
        energy_text(device.energy_j),
        energy_range_text(device.low_j, device.high_j),
        f"{device.method}, suspect" if device.suspect else device.method,
        share_text(device.coverage),
        UNKNOWN if share is None else share_text(share),
    )


def _phases(phases: Sequence[PhaseReport]) -> Table:
    """Phases of one name and depth summed, in order of their first."""
    paths = _paths(phases)
    order = {path: at for at, path in reversed(list(enumerate(paths)))}
    pairs = sorted(zip(paths, phases, strict=True), key=lambda pair: order[pair[0]])
    grouped = groupby(pairs, key=lambda pair: pair[0])
    rows = tuple(_phase(path, [phase for _, phase in members]) for path, members in grouped)
    return Table(("phase", "times", "duration", "energy", "range", "CO2e"), rows, (1, 2, 3, 4, 5))


def _paths(phases: Sequence[PhaseReport]) -> list[str]:
    paths: list[str] = []
    for phase in phases:
        above = "" if phase.parent is None else f"{paths[phase.parent]} > "
        paths.append(f"{above}{phase.name}")
    return paths


def _phase(path: str, phases: Sequence[PhaseReport]) -> tuple[str, ...]:
    took = duration_text(sum(phase.duration_s for phase in phases))
    settled = [phase for phase in phases if phase.energy_j is not None]
    if len(settled) < len(phases):  # a sum of some would be no sum
        return (path, str(len(phases)), took, UNKNOWN, UNKNOWN, UNKNOWN)
    # The same boards err alike from phase to phase: their ranges add up.
    low_j = sum(phase.low_j or 0.0 for phase in phases)
    high_j = sum(phase.high_j or 0.0 for phase in phases)
    masses_g = [phase.carbon_g for phase in phases]
    known = None if None in masses_g else sum(mass or 0.0 for mass in masses_g)
    return (
        path,
        str(len(phases)),
        took,
        energy_text(sum(phase.energy_j or 0.0 for phase in phases)),
        energy_range_text(low_j, high_j),
        carbon_text(known),
    )


def _runs(statement: Statement) -> tuple[Table | Notes, ...]:
    heads = ("run", "name", "status", "started", "duration", "energy", "range", "CO2e")
    by_energy = sorted(statement.runs, key=lambda run: -(run.energy_j or 0.0))[:MOST_RUNS]
    shown = {run.run_id for run in by_energy}
    rows = tuple(run_cells(run) for run in statement.runs if run.run_id in shown)
    table = Table(heads, rows, (4, 5, 6, 7))
    left = len(statement.runs) - len(rows)
    if not left:
        return (table,)
    return (table, Notes((("Left out", f"{left} runs that used less; the sums hold them"),)))


def run_cells(run: RunReport) -> tuple[str, ...]:
    """Short id, name, status, start, duration, energy, range and CO2e."""
    return (
        run.short_id,
        run.name,
        run.status.value,
        when(run.started_at),
        duration_text(run.duration_s),
        energy_text(run.energy_j),
        energy_range_text(run.energy_low_j, run.energy_high_j),
        carbon_text(run.carbon_g),
    )


def _development(found: Development) -> tuple[Table | Notes, ...]:
    heads = ("runs", "number", "GPU-hours", "energy", "range", "CO2e", "electricity", "cloud")
    rows = tuple(_group(group) for group in (*found.groups, found.whole))
    pairs = [("Final", f"runs that finished and are called or tagged {_either(found.final_is)}")]
    pairs += [("Ratio", ratio_text(found))]
    pairs += [("Electricity", f"{number_text(found.usd_per_kwh)} USD/kWh, without PUE")]
    return Table(heads, rows, (1, 2, 3, 4, 5, 6, 7)), Notes(tuple(pairs))


def _either(patterns: Sequence[str]) -> str:
    return " or ".join(patterns)


def ratio_text(found: Development) -> str:
    """How many times the energy of the final runs the whole took."""
    ratio = found.energy_ratio
    if ratio is None:
        return "not known: no final run has energy"
    extent = f"{number_text(ratio.low)}\N{EN DASH}{number_text(ratio.high)}"
    return f"all runs took {number_text(ratio.value)} times ({extent}) the final runs' energy"


def _group(group: Group) -> tuple[str, ...]:
    return (
        group.name,
        str(group.runs),
        UNKNOWN if group.gpu_hours is None else number_text(group.gpu_hours),
        *energies(group.energy_j),
        masses(group.carbon_g)[0],
        usd_text(group.electricity_usd.value if group.electricity_usd else None),
        UNKNOWN if group.cloud_usd is None else " to ".join(map(usd_text, group.cloud_usd)),
    )


def _origin(statement: Statement) -> Iterator[tuple[str, str]]:
    hardware = _words.hardware(statement)
    if hardware:
        yield "Hardware", hardware
    gpu_hours = _facts.device_hours(statement, DeviceKind.GPU)
    if gpu_hours is not None:
        yield "GPU-hours", number_text(gpu_hours)
    if statement.project:
        return
    origin = statement.runs[0].provenance
    for key, label in _VERSIONS.items():
        if origin.get(key):
            changed = " with changes" if key == "git_commit" and origin.get("git_dirty") else ""
            yield label, f"{origin[key]}{changed}"
