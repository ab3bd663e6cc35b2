"""What several formats ask of a statement: sums by kind, hardware, prices, what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from tracker.model.device import DeviceKind, Method
from tracker.model.report import DeviceReport, PricingReport, RunReport
from tracker.model.statement import Statement

S_PER_H: Final = 3600.0
S_PER_DAY: Final = 86400.0
KIND_WORDS: Final = {
    DeviceKind.NODE: "whole nodes",
    DeviceKind.PLATFORM: "whole modules",
    DeviceKind.GPU: "GPUs",
    DeviceKind.CPU: "processors",
    DeviceKind.DRAM: "memory",
}
"""Wholes first, as a report's devices stand."""
KIND_NAMES: Final = {
    DeviceKind.NODE: "node",
    DeviceKind.PLATFORM: "module",
    DeviceKind.GPU: "GPU",
    DeviceKind.CPU: "CPU",
    DeviceKind.DRAM: "DRAM",
}


class KindFacts(Struct, frozen=True):
    """All devices of one kind in the totals.

    Attributes:
        by_method_j: joules by method, best first.
        coverage: seconds read over seconds lived, weighted by energy.
        sources: the plugins that read them.
    """

    kind: DeviceKind
    energy_j: float
    by_method_j: dict[str, float]
    coverage: float
    sources: tuple[str, ...]


def counted(statement: Statement) -> list[RunReport]:
    """The runs that are added; one within another is not."""
    return [run for run in statement.runs if run.short_id not in statement.within]


def in_total(runs: Iterable[RunReport]) -> list[DeviceReport]:
    """Every device whose energy is in the totals."""
    return [device for run in runs for device in run.devices if device.in_total]


def kinds(statement: Statement) -> list[KindFacts]:
    """The kinds of devices that the energy was read of, wholes first."""
    devices = in_total(counted(statement))
    return [
        _kind(kind, [device for device in devices if device.kind is kind])
        for kind in KIND_WORDS
        if any(device.kind is kind for device in devices)
    ]


def _kind(kind: DeviceKind, devices: Sequence[DeviceReport]) -> KindFacts:
    energy_j = sum(device.energy_j for device in devices)
    return KindFacts(
        kind,
        energy_j,
        by_method(devices),
        mean_coverage(devices),
        tuple(dict.fromkeys(device.source for device in devices)),
    )


def by_method(devices: Iterable[DeviceReport]) -> dict[str, float]:
    """Joules by method, best first."""
    sums: defaultdict[str, float] = defaultdict(float)
    for device in devices:
        for method, energy_j in device.energy_by_method_j.items():
            sums[method] += energy_j
    return {method.value: sums[method.value] for method in Method if method.value in sums}


def mean_coverage(devices: Sequence[DeviceReport]) -> float:
    """Coverage, weighted by energy; plainly where there is none."""
    energy_j = sum(device.energy_j for device in devices)
    if energy_j > 0:
        return sum(device.coverage * device.energy_j for device in devices) / energy_j
    return sum(device.coverage for device in devices) / len(devices) if devices else 1.0


def hardware(statement: Statement, kind: DeviceKind) -> dict[str, int]:
    """Names of the hardware of a kind, and how many of each a run had at most."""
    most: Counter[str] = Counter()
    for run in counted(statement):
        most |= Counter(device.name for device in run.devices if device.kind is kind)
    return dict(most)


def duration_s(statement: Statement) -> float:
    """Seconds of all runs, one after the other."""
    return sum(run.duration_s for run in counted(statement))


def device_hours(statement: Statement, kind: DeviceKind) -> float | None:
    """Hours of all devices of a kind; ``None`` where no run had one."""
    hours = [
        run.duration_s / S_PER_H
        for run in counted(statement)
        for device in run.devices
        if device.kind is kind
    ]
    return sum(hours) if hours else None


def prices(statement: Statement) -> list[tuple[PricingReport, int]]:
    """Each way that the runs are priced, with the number of runs."""
    first: dict[tuple[object, ...], PricingReport] = {}
    count: Counter[tuple[object, ...]] = Counter()
    for run in counted(statement):
        if run.pricing is not None and run.carbon_g is not None:
            price = run.pricing
            key = (price.provider, price.zone, price.signal, price.scope, price.basis, price.pue)
            first.setdefault(key, price)
            count[key] += 1
    return [(first[key], number) for key, number in count.most_common()]


def facility_j(statement: Statement) -> float | None:
    """Energy of the building, PUE included; ``None`` where a run's PUE is not known."""
    runs = [run for run in counted(statement) if run.energy_j]
    whole_j = sum(run.energy_j or 0.0 for run in runs)
    if statement.energy_j is None or whole_j <= 0 or any(run.pricing is None for run in runs):
        return None
    facility = sum((run.energy_j or 0.0) * run.pricing.pue for run in runs if run.pricing)
    return statement.energy_j.value * facility / whole_j


def not_counted(statement: Statement) -> list[tuple[str, str, int]]:
    """What is not in the figures, why, and of how many runs that was said."""
    said: Counter[tuple[str, str]] = Counter()
    for run in counted(statement):
        said.update({(missing.what, missing.reason) for missing in run.not_counted})
    return [(what, reason, number) for (what, reason), number in said.most_common()]
