"""carbontracker's logs ``…_carbontracker.log``, as its releases 1.1.6 and 2.4.7 write them.

The log states each epoch's duration and the mean power of each component's devices. Energy is
made of these: their product, for each device that is listed. carbontracker itself averages
over devices where it should sum (2.4.7: one figure for all), so its own total is not taken: the
mean is multiplied by the number of devices it is of. Its PUE (1.58 and so on) is in its totals
alone and not taken over. The carbon is priced at the mean intensity it logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.errors import ImportRefused
from tracker.model.device import DeviceKind
from tracker.model.units import carbon_g
from tracker.ports.importer import ImportedDevice, ImportedPhase, ImportedRun

_STAMPED: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (.*)")
_DURATION: Final = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_POWER: Final = re.compile(r"Average power usage \(W\) for (\w+): (.+)")
_FOUND: Final = re.compile(r"(\w+) with device\(s\) (.*?)\.(?= [A-Z]+ with|$)")
_INTENSITY: Final = re.compile(r"([\d.]+) gCO2(?:eq)?/kWh")
_VERSION: Final = re.compile(r"carbontracker version (\S+)")
_KINDS: Final = {"gpu": DeviceKind.GPU, "cpu": DeviceKind.CPU}
_NAME: Final = re.compile(r"(?:(.+)_)?\d+\.[^_]+_\d{4}-\d\d-\d\dT\d+Z_carbontracker")


def recognises(path: Path, head: str) -> bool:
    """By the name and the first line; the file ``…_output.log`` beside it holds nothing more."""
    return path.name.endswith("_carbontracker.log") or bool(_VERSION.search(head[:200]))


def read(path: Path) -> Iterable[ImportedRun]:
    """The run of a log.

    Raises:
        ImportRefused: it cannot be read, or has no epoch with a measured power.
    """
    try:
        lines = list(_lines(path.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror}") from error
    devices = _devices(lines)
    phases = list(_epochs(lines, devices))
    if not any(phase.energy_j for phase in phases):
        raise ImportRefused(f"{path}: no epoch with a measured power in it")
    return [_run(path, lines, devices, phases)]


def _lines(text: str) -> Iterator[tuple[datetime, str]]:
    for line in text.splitlines():
        if stamped := _STAMPED.match(line):
            yield datetime.fromisoformat(stamped[1]).astimezone(UTC), stamped[2]


def _devices(lines: Iterable[tuple[datetime, str]]) -> dict[DeviceKind, list[str]]:
    for _, text in lines:
        if text.startswith("The following components were found:"):
            parts = _FOUND.findall(text.partition(":")[2].strip())
            return {
                _KINDS[name.lower()]: [each.strip() for each in names.split(",") if each.strip()]
                for name, names in parts
                if name.lower() in _KINDS
            }
    return {}


def _epochs(
    lines: Iterable[tuple[datetime, str]], devices: Mapping[DeviceKind, list[str]]
) -> Iterator[ImportedPhase]:
    """Of each epoch its end (when it was logged), duration, and powers by kind."""
    end, lasted_s, power_w = None, 0.0, dict[DeviceKind, float]()
    for at, text in lines:
        if duration := _DURATION.fullmatch(text):
            if end is not None:
                yield _phase(end, lasted_s, power_w)
            hours, minutes, seconds = map(float, duration.groups())
            end, lasted_s, power_w = at, hours * 3600 + minutes * 60 + seconds, {}
        elif end is not None and (power := _POWER.fullmatch(text)):
            kind = _KINDS.get(power[1].lower())
            if kind is not None:
                power_w[kind] = _sum_w(power[2], len(devices.get(kind, ())))
    if end is not None:
        yield _phase(end, lasted_s, power_w)


def _phase(end: datetime, lasted_s: float, power_w: Mapping[DeviceKind, float]) -> ImportedPhase:
    energy_j = {kind: power * lasted_s for kind, power in power_w.items()}
    return ImportedPhase("epoch", end - timedelta(seconds=lasted_s), end, energy_j)


def _sum_w(text: str, devices: int) -> float:
    """The power of all devices: listed one by one, or one mean of them."""
    powers = [float(each) for each in re.findall(r"\d+(?:\.\d+)?", text)]
    if len(powers) == 1 and "[" not in text:
        return powers[0] * max(devices, 1)
    return sum(powers)


def _run(
    path: Path,
    lines: list[tuple[datetime, str]],
    devices: Mapping[DeviceKind, list[str]],
    phases: list[ImportedPhase],
) -> ImportedRun:
    whole = "\n".join(text for _, text in lines)
    used = [
        ImportedDevice(kind, "; ".join(devices.get(kind, ())) or kind.value.upper(), energy_j)
        for kind in _KINDS.values()
        if (energy_j := sum(phase.energy_j.get(kind, 0.0) for phase in phases))
    ]
    intensities = [float(value) for value in _INTENSITY.findall(whole)]
    total_j = sum(each.energy_j for each in used)
    version, name = _VERSION.search(whole), _NAME.match(path.name)
    return ImportedRun(
        key=path.name,
        name=(name[1] if name else None) or "carbontracker",
        project="",
        started_at=min(lines[0][0], phases[0].start),
        ended_at=max(lines[-1][0], phases[-1].end),
        devices=tuple(used),
        carbon_g=carbon_g(total_j, sum(intensities) / len(intensities)) if intensities else None,
        facts={"carbontracker_version": version[1]} if version else {},
        phases=tuple(phases),
    )
