"""Records that wait to be written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from tracker.model.carbon import Pricing
from tracker.model.host import HostFacts
from tracker.model.run import (
    Baseline,
    Event,
    Heartbeat,
    Metric,
    Overlap,
    Phase,
    Record,
    ResumedRun,
    Run,
    Segment,
    SegmentDevice,
    SegmentInterval,
)

_Key = tuple[object, ...]

_KEYS: dict[type, Callable[..., _Key]] = {
    HostFacts: lambda record: (record.host_id,),
    Run: lambda record: (record.id,),
    ResumedRun: lambda record: (record.id,),
    Segment: lambda record: (record.id,),
    Heartbeat: lambda record: (record.segment_id,),
    SegmentDevice: lambda record: (record.segment_id, record.device.id),
    SegmentInterval: lambda record: (
        record.segment_id,
        record.interval.device_id,
        record.slot_start,
        record.interval.method,
    ),
    Phase: lambda record: (record.segment_id, record.number),
    Metric: lambda record: (record.segment_id, record.number),
    Event: lambda record: (record.segment_id, record.number),
    Overlap: lambda record: (record.segment_id, record.device_id, record.other_segment_id),
    Baseline: lambda record: (record.host_id, record.device_id, record.at),
    Pricing: lambda record: (record.id,),
}


class Pending:
    """Records that wait for the next commit; a newer one replaces its predecessor."""

    def __init__(self) -> None:
        self._records: dict[_Key, Record] = {}
        self._lock = threading.Lock()

    def put(self, records: Iterable[Record]) -> None:
        """Add records."""
        with self._lock:
            for record in records:
                self._records[self._key(record)] = record

    def put_back(self, records: Iterable[Record]) -> None:
        """Return records that could not be saved, unless a newer one came meanwhile."""
        with self._lock:
            older = {self._key(record): record for record in records}
            self._records = older | self._records

    def copy(self) -> list[Record]:
        """All records, which stay."""
        with self._lock:
            return list(self._records.values())

    def take(self) -> list[Record]:
        """All records; none is left."""
        with self._lock:
            records, self._records = list(self._records.values()), {}
        return records

    @staticmethod
    def _key(record: Record) -> _Key:
        return (type(record), *_KEYS[type(record)](record))
