"""The list of runs: one line each, for as many as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from msgspec.structs import replace

from tracker.history.figures import figures_of
from tracker.history.status import Vantage
from tracker.model.report import RunSummary
from tracker.model.run import RunStatus
from tracker.store.listing import Filter
from tracker.store.reader import Reader, RunRecords

_ENDED: Final = {
    RunStatus.FINISHED: True,
    RunStatus.FAILED: True,
    RunStatus.RUNNING: False,
    RunStatus.INTERRUPTED: False,
}
_CHUNK: Final = 50


def summaries(
    reader: Reader, which: Filter, status: RunStatus | None, limit: int, vantage: Vantage
) -> tuple[RunSummary, ...]:
    """Runs that pass the filter and stand so, newest first; ``limit`` at most.

    Raises:
        StoreError: the store cannot be read.
    """
    if status is not None:
        which = replace(which, ended=_ENDED[status])
    size = limit if status is None else max(limit, _CHUNK)
    every = _every(reader, which, min(size, 10 * _CHUNK), vantage)
    return tuple(islice((one for one in every if status in {None, one.status}), limit))


def _every(reader: Reader, which: Filter, size: int, vantage: Vantage) -> Iterator[RunSummary]:
    while ids := reader.newest(which, size):
        records = reader.runs(ids)
        parts = _by_run(records)
        for run in records.runs:
            yield _summary(reader, parts[run.id], vantage)
        if len(ids) < size:
            return
        which = replace(which, after=ids[-1])


def _by_run(records: RunRecords) -> dict[UUID, RunRecords]:
    """The same records, those of each run by themselves."""
    owner = {segment.id: segment.run_id for segment in records.segments}
    segments = _grouped((one.run_id, one) for one in records.segments)
    devices = _grouped((owner[one.segment_id], one) for one in records.devices)
    sums = _grouped((owner[one.segment_id], one) for one in records.sums)
    pricings = _grouped((one.run_id, one) for one in records.pricings)
    return {
        run.id: RunRecords(
            runs=(run,),
            segments=segments.get(run.id, ()),
            hosts=records.hosts,
            heartbeats=records.heartbeats,
            devices=devices.get(run.id, ()),
            sums=sums.get(run.id, ()),
            pricings=pricings.get(run.id, ()),
        )
        for run in records.runs
    }


_T = TypeVar("_T")


def _grouped(pairs: Iterator[tuple[UUID, _T]]) -> dict[UUID, tuple[_T, ...]]:
    groups: dict[UUID, list[_T]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}


def _summary(reader: Reader, records: RunRecords, vantage: Vantage) -> RunSummary:
    figures = figures_of(reader, records, vantage)
    run, bounds_j, carbon = figures.run, figures.energy_bounds_j, figures.carbon
    host = records.hosts.get(records.segments[0].host_id) if records.segments else None
    return RunSummary(
        run_id=run.id,
        short_id=run.short_id,
        name=run.name,
        project=run.project,
        tags=run.tags,
        status=figures.stands.status,
        hostname=host.hostname if host else "",
        started_at=run.started_at,
        duration_s=figures.stands.duration_s,
        energy_j=figures.energy_j,
        energy_low_j=bounds_j.low if bounds_j else None,
        energy_high_j=bounds_j.high if bounds_j else None,
        carbon_g=carbon.carbon_g if carbon else None,
        carbon_low_g=carbon.carbon_low_g if carbon else None,
        carbon_high_g=carbon.carbon_high_g if carbon else None,
    )
