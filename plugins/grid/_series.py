"""From a provider's rows to intensities: checked, in order, without overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

from tracker.errors import IntensityMissing
from tracker.grid._connection import Connection
from tracker.grid._spread import HOURLY_CEILING_G_PER_KWH, by_odds
from tracker.model.carbon import MAX_G_PER_KWH, CarbonIntensity, Scope, Signal

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9000
"""Beyond, times overflow; no grid has published any."""


class Row(Struct, frozen=True):
    """A value as it came.

    Attributes:
        start: UTC.
        end: UTC, exclusive.
        value: g/kWh; ``None``, text or nonsense where the provider gave that.
        bounds: low and high where the provider's way gives them, else by the label's factor.
    """

    start: datetime
    end: datetime
    value: object
    estimated: bool = False
    bounds: tuple[float, float] | None = None


class Label(Struct, frozen=True):
    """What all values of an answer share.

    Attributes:
        factor: of the odds, for the range of a measured value (``_spread``).
        estimated_factor: the same for an estimated one.
        source: whose figure and licence, for people.
    """

    zone: str
    signal: Signal
    scope: Scope
    factor: float
    estimated_factor: float
    source: str


def series(
    line: Connection, label: Label, rows: Iterable[Row], start: datetime, end: datetime
) -> Sequence[CarbonIntensity]:
    """The sound values that touch ``start`` to ``end``, in order; a measured one wins.

    A value that is null is left out; one that no grid has is refused and told.

    Raises:
        IntensityMissing: none is left.
    """
    touching = [row for row in rows if row.end > start and row.start < max(end, start + _INSTANT)]
    sound = [row for row in touching if row.value is not None and is_sound(row.value)]
    refused = [row for row in touching if row.value is not None and not is_sound(row.value)]
    note = _refusal(label.zone, refused, len(touching))
    if note:
        line.tell(note)
    if not sound:
        raise IntensityMissing(
            f"{line.name} has no intensity for zone {label.zone} from {start:%Y-%m-%d %H:%M}"
            f" to {end:%Y-%m-%d %H:%M} UTC{': ' + note if note else ''}"
        )
    fetched_at = line.now()
    return tuple(_intensity(line.name, label, row, fetched_at) for row in _without_overlap(sound))


_INSTANT: Final = timedelta(microseconds=1)


def is_sound(value: object) -> bool:
    """Whether it is a number that an intensity can be."""
    number = number_of(value)
    return number is not None and 0 <= number <= MAX_G_PER_KWH


def number_of(value: object) -> float | None:
    """A JSON number that is finite, else ``None``; ``true`` and text are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _refusal(zone: str, refused: Sequence[Row], total: int) -> str:
    if not refused:
        return ""
    first = refused[0]
    return (
        f"{len(refused)} of {total} values of zone {zone} are refused, such as"
        f" {str(first.value)[:40]!r} at {first.start:%Y-%m-%d %H:%M} UTC: an intensity lies between"
        f" 0 and {MAX_G_PER_KWH:g} g/kWh"
    )


def _without_overlap(rows: Iterable[Row]) -> Iterator[Row]:
    best: dict[datetime, Row] = {}
    for row in rows:
        # Of two with one start the measured one stays, of two alike the later in the answer.
        if row.start not in best or not (row.estimated and not best[row.start].estimated):
            best[row.start] = row
    ordered = [best[start] for start in sorted(best)]
    for row, following in pairwise(ordered):
        end = min(row.end, following.start)
        yield Row(row.start, end, row.value, row.estimated, row.bounds)
    yield ordered[-1]


def _intensity(name: str, label: Label, row: Row, fetched_at: datetime) -> CarbonIntensity:
    g_per_kwh = number_of(row.value) or 0.0
    factor = label.estimated_factor if row.estimated else label.factor
    low, high = row.bounds or by_odds(g_per_kwh, factor, HOURLY_CEILING_G_PER_KWH)
    return CarbonIntensity(
        g_per_kwh=g_per_kwh,
        low=low,
        high=high,
        zone=label.zone,
        signal=label.signal,
        scope=label.scope,
        valid_from=row.start,
        valid_to=row.end,
        provider=name,
        estimated=row.estimated,
        fetched_at=fetched_at,
        source=label.source,
    )


def utc(text: object) -> datetime | None:
    """An ISO 8601 time as UTC, ``None`` for what is none; without an offset it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def floor(at: datetime, step: timedelta) -> datetime:
    """The begin of the step that ``at`` lies in; steps are counted from 1970."""
    return at - (at - _EPOCH) % step


def ceil(at: datetime, step: timedelta) -> datetime:
    """The end of the last step that begins before ``at``."""
    return floor(at + step - _INSTANT, step)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def spans(
    start: datetime, end: datetime, step: timedelta, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """``start`` to ``end``, widened to whole steps and cut into pieces a call may ask for.

    An instant (``end`` not after ``start``) is the step it lies in.
    """
    begin, stop = floor(start, step), ceil(max(end, start + _INSTANT), step)
    while begin < stop:
        following = min(begin + longest, stop)
        yield begin, following
        begin = following
