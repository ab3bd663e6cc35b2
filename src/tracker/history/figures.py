"""A run's totals and how it stands: what a report and a line of a list have in common."""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from tracker.history.beside import EnergyBetween
from tracker.history.carbon import current_of, priced
from tracker.history.energy import Board, Total, boards_of, total_of
from tracker.history.status import Standing, Vantage, standing
from tracker.model.figures import DeviceShare, RunFigures
from tracker.model.ranges import BoardSum, Range
from tracker.model.report import PricingReport
from tracker.model.run import Run
from tracker.store.found import RunRecords
from tracker.store.reader import Reader


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
    stands = standing(run.started_at, records.segments, records.heartbeats, vantage)
    chosen = current_of(records.pricings)
    pricing = None
    if chosen is not None:
        between, until = energy_between(reader, records), stands.last_seen_at
        pricing = priced(chosen, total, between, current=True, until=until)
    return Figures(run, tuple(boards), total, stands, pricing)


def energy_between(reader: Reader, records: RunRecords) -> EnergyBetween:
    """Sums the energy of one run's devices in the total between instants."""
    counted = [(one.segment_id, one.device.id) for one in records.devices if one.in_total]
    return partial(reader.energies_j, counted)


def booked_form(figures: Figures) -> RunFigures:
    """The figures as they are booked: of the devices in the total alone."""
    run, bounds_j, carbon = figures.run, figures.energy_bounds_j, figures.carbon
    return RunFigures(
        run_id=run.id,
        started_at=run.started_at,
        project=run.project,
        user=str(run.provenance.get("user") or ""),
        duration_s=figures.stands.duration_s,
        energy_j=figures.energy_j,
        energy_low_j=bounds_j.low if bounds_j else None,
        energy_high_j=bounds_j.high if bounds_j else None,
        carbon_g=carbon.carbon_g if carbon else None,
        carbon_low_g=carbon.carbon_low_g if carbon else None,
        carbon_high_g=carbon.carbon_high_g if carbon else None,
        low_g_per_kwh=carbon.g_per_kwh_low * carbon.pue if carbon else None,
        high_g_per_kwh=carbon.g_per_kwh_high * carbon.pue if carbon else None,
        shares=tuple(_share(board) for board in figures.boards if _counts(board)),
    )


def _counts(board: Board) -> bool:
    return board.was_read and board.device.in_total


def _share(board: Board) -> DeviceShare:
    host_id = board.board.partition("/")[0]
    return DeviceShare(board.device.device.name, host_id, BoardSum.of(board.share))
