"""A run's records as JSON values and back: what an export holds that can be imported."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, Double, Table
from sqlalchemy.types import TypeEngine

from tracker.errors import ImportRefused
from tracker.model.carbon import Pricing
from tracker.model.plain import plain
from tracker.model.run import Record
from tracker.store import records, schema
from tracker.store.rows import TABLES, intensities_of
from tracker.store.types import Document, Id, Time, Value

Rows = Sequence[Mapping[str, Any]]

_BACK: Final[Mapping[Table, Callable[[Any], Record]]] = {
    schema.hosts: records.host,
    schema.runs: records.run,
    schema.segments: records.segment,
    schema.devices: records.device,
    schema.intervals: records.interval,
    schema.heartbeats: records.heartbeat,
    schema.phases: records.phase,
    schema.metrics: records.metric,
    schema.events: records.event,
    schema.overlaps: records.overlap,
}


def portable(some: Sequence[Record]) -> dict[str, list[dict[str, Any]]]:
    """Records by table, each as JSON values; numbers that are not finite are text."""
    tables: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in some:
        table, row_of = TABLES[type(record)]
        tables[table.name].append(_out(row_of(record)))
        if isinstance(record, Pricing):
            tables[schema.intensities.name] += map(_out, intensities_of(record))
    return dict(tables)


def _out(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else plain(value)
        for key, value in row.items()
    }


def records_of(tables: Mapping[str, Rows], where: str) -> list[Record]:
    """What ``portable`` was given.

    Args:
        tables: rows by table; a table that is not known is left out.
        where: what is read, for the message.

    Raises:
        ImportRefused: a row is damaged.
    """
    found: list[Record] = []
    try:
        for table, back in _BACK.items():
            found += (back(_row(table, row)) for row in tables.get(table.name, ()))
        used = [_row(schema.intensities, row) for row in tables.get(schema.intensities.name, ())]
        for given in tables.get(schema.pricings.name, ()):
            row = _row(schema.pricings, given)
            mine = [stretch for stretch in used if stretch.pricing_id == row.id]
            found.append(records.pricing(row, mine))
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise ImportRefused(f"{where}: its records are damaged: {error!r}") from error
    return found


def _row(table: Table, given: Mapping[str, Any]) -> SimpleNamespace:
    """A row as the store would return it; what the file lacks is ``NULL``."""
    values = {
        column.name: _in(column.type, given.get(column.name), f"{table.name}.{column.name}")
        for column in table.columns
    }
    for column in table.columns:
        if values[column.name] is None and not column.nullable and column.name in given:
            raise ValueError(f"{table.name}.{column.name} is null")
    return SimpleNamespace(**values)


def _in(kind: TypeEngine[Any], value: Any, where: str) -> Any:  # noqa: ANN401 - a column's value
    if isinstance(kind, Value):
        return math.nan if value is None else float(value)
    if value is None or isinstance(kind, Document):
        return value
    if isinstance(kind, Id):
        return UUID(value)
    if isinstance(kind, Time):
        return datetime.fromisoformat(value)
    if isinstance(kind, Double):
        return float(value)
    if not isinstance(value, (str, int)) or isinstance(kind, Boolean) != isinstance(value, bool):
        raise ValueError(f"{where} is {value!r}")
    return value
