"""A run's totals and how it stands: what a report and a line of a list have in common."""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from tracker.history.carbon import EnergyBetween, current_of, priced
from tracker.history.energy import Board, Total, boards_of, total_of
from tracker.history.status import Standing, Vantage, standing
from tracker.model.ranges import Range
from tracker.model.report import PricingReport
from tracker.model.run import Run
from tracker.store.reader import Reader, RunRecords


class Figures(Struct, frozen=True):
    """One run's figures.

    Attributes:
        total: ``None`` where nothing was read.
        pricing: the current pricing, with what it makes of the total.
    """

    run: Run
    boards: tuple[Board, ...]
    total: Total | None
    stands: Standing
    pricing: PricingReport | None

    @property
    def energy_j(self) -> float | None:
        """Of the devices in the total, in joules."""
        return self.total.energy_j if self.total else None

    @property
    def energy_bounds_j(self) -> Range | None:
        """The range of that."""
        return self.total.bounds if self.total else None

    @property
    def carbon(self) -> PricingReport | None:
        """Where the grams are; ``None`` where there is no energy to price."""
        return self.pricing if self.total else None


def figures_of(reader: Reader, records: RunRecords, vantage: Vantage) -> Figures:
    """The figures of the one run that ``records`` hold.

    Raises:
        StoreError: the store cannot be read.
    """
    run = records.runs[0]
    boards = boards_of(records.segments, records.heartbeats, records.devices, records.sums)
    total = total_of(boards)
    chosen = current_of(records.pricings)
    pricing = None
    if chosen is not None:
        pricing = priced(chosen, total, energy_between(reader, records), current=True)
    stands = standing(run.started_at, records.segments, records.heartbeats, vantage)
    return Figures(run, tuple(boards), total, stands, pricing)


def energy_between(reader: Reader, records: RunRecords) -> EnergyBetween:
    """Sums the energy of one run's devices in the total between instants."""
    counted = [(one.segment_id, one.device.id) for one in records.devices if one.in_total]
    return partial(reader.energies_j, counted)
