"""What two runs differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tracker.model.plain import plain

if TYPE_CHECKING:
    from tracker.model.report import RunSummary


class Difference(Struct, frozen=True):
    """One figure of two runs, in joules or grams, and how far apart they are.

    Attributes:
        what: the device's name, the phase's path (``epoch/train``), or what is compared.
        base: of the first run; ``None`` where it has no such figure.
        other: of the other run.
        difference: ``other`` minus ``base``; negative where the other needed less.
        low: of the difference; on one board the gain errors cancel.
        high: of the difference.
        ratio: the difference over ``base``.
        exceeds_error: whether the range does not hold zero; ``None`` where there is no
            difference to speak of.
    """

    what: str
    base: float | None
    other: float | None
    difference: float | None
    low: float | None
    high: float | None
    ratio: float | None
    exceeds_error: bool | None


class RunDifference(Struct, frozen=True):
    """How a run differs from the first one; joules except ``carbon_g`` and ``duration_s``.

    Attributes:
        devices: by name, together where a run has several of one name.
        phases: by path, summed over those of one path.
        per_epoch_j: of the mean epoch; ``None`` unless both runs have epochs.
        per_metric_j: joules for each unit of a metric's last value, by metric.
        scopes: what the CO2e of the first run and of this one counts: where the two differ,
            so may the grams.
    """

    run: RunSummary
    duration_s: Difference
    energy_j: Difference
    carbon_g: Difference
    devices: tuple[Difference, ...]
    phases: tuple[Difference, ...]
    per_epoch_j: Difference | None
    per_metric_j: tuple[Difference, ...]
    scopes: tuple[str | None, str | None] = (None, None)


class Comparison(Struct, frozen=True):
    """Runs against the first of them."""

    base: RunSummary
    others: tuple[RunDifference, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        values: dict[str, Any] = plain(self)
        return values
