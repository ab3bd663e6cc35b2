"""Great Britain by half-hours, from the National Energy System Operator; no key.

``GB`` is the whole, ``GB-1`` to ``GB-17`` its regions. Direct emissions, average, of what is
consumed: imports and grid losses are in. A half-hour has a forecast and, once it is over, an
actual value; regions have forecasts alone, so all their values are estimated, past ones too.
Northern Ireland is not covered.

Contract: https://github.com/carbon-intensity/api-definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tracker.data import grids
from tracker.errors import ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, dig, objects
from tracker.grid._series import Label, Row, ceil, floor, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import grid_zone
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "uk_carbon"
WHOLE: Final = "GB"
HALF_HOUR: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(days=13)
"""The interface takes 14 days; a whole slot more comes with a range."""
AHEAD: Final = timedelta(hours=48)

FACTS: Final = GridFacts(
    home_url="https://api.carbonintensity.org.uk",
    free_zones=frozenset({WHOLE, *(f"{WHOLE}-{number}" for number in range(1, 18))}),
    scopes=(Scope.DIRECT,),
    forecasts=True,
    step=HALF_HOUR,
    batch=timedelta(days=1),
    # None is published; this is polite.
    rate_limit=RateLimit(calls=5, per_s=5.0),
    attribution="National Energy System Operator, Carbon Intensity API, CC BY 4.0",
)


class UkCarbon:
    """The service as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.DIRECT

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """Great Britain and its regions."""
        regions = grids.zone_codes(NAME)
        return {WHOLE: "Great Britain"} | {zone: f"{regions[zone]}, GB" for zone in regions}

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The half-hours that touch ``start`` to ``end``; see the port for errors."""
        key = self._known(zone)
        rows = [
            row
            for begin, stop in spans(start, end, HALF_HOUR, LONGEST)
            for row in self._rows(key, f"{_time(begin)}/{_time(stop)}")
        ]
        return series(self._line, _label(key), rows, start, end)

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """The half-hours of the next two days, the one under way included."""
        key = self._known(zone)
        start = floor(self._line.now(), HALF_HOUR)
        rows = [
            Row(row.start, row.end, row.value, estimated=True)
            for row in self._rows(key, f"{_time(start)}/fw48h")
        ]
        return series(self._line, _label(key), rows, start, ceil(start + AHEAD, HALF_HOUR))

    def _known(self, zone: str) -> str:
        key = grid_zone(zone)
        if key not in FACTS.free_zones:
            raise ZoneUnknown(f"the grid provider {NAME} has GB and GB-1 to GB-17, not {zone!r}")
        return key

    def _rows(self, key: str, what: str) -> Iterator[Row]:
        if key == WHOLE:
            answer = self._line.get(f"/intensity/{what}")
            slots = dig(answer, answer.json(), "data")
        else:
            number = key.partition("-")[2]
            answer = self._line.get(f"/regional/intensity/{what}/regionid/{number}")
            slots = _region(answer, dig(answer, answer.json(), "data"))
        for slot in objects(answer, slots, "half-hours"):
            yield _row(answer, slot)


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return UkCarbon(connect(NAME, FACTS, fetch, options))


def _region(answer: Answer, data: Any) -> Any:  # noqa: ANN401 - JSON
    """The half-hours of the one region that was asked for, which is a list or an object."""
    if isinstance(data, list):
        data = data[0] if data else {"data": []}
    return dig(answer, data, "data")


def _row(answer: Answer, slot: Mapping[str, Any]) -> Row:
    start, end = utc(slot.get("from")), utc(slot.get("to"))
    values = slot.get("intensity")
    if start is None or end is None or not isinstance(values, dict):
        raise answer.unexpected("a half-hour without from, to or intensity")
    actual = values.get("actual")
    if actual is not None:
        return Row(start, end, actual)
    return Row(start, end, values.get("forecast"), estimated=True)


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.DIRECT,
        factor=MEASURED_FACTOR,
        estimated_factor=ESTIMATED_FACTOR,
        source=f"{FACTS.attribution}; half-hourly, direct, consumption mix",
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"
