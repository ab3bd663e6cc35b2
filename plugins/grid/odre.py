"""France by quarter-hours, RTE's eCO2mix from the ODRE portal; no key.

RTE's own figure: direct emissions, average, of what is produced. The last weeks come from the
real-time data (``eco2mix-national-tr``), what is older from the consolidated (half-hours
since 2012). Quarter-hours to come are null, and some at the edge were seen as 0, which
France has never had: both are left out.

Contract: https://odre.opendatasoft.com, Explore API 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tracker.errors import IntensityMissing, ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, objects
from tracker.grid._series import Label, Row, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, IMPORTS_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import grid_zone, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "odre"
ZONE: Final = "FR"
QUARTER: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(days=31)
REAL_TIME_FOR: Final = timedelta(days=31)
"""The real-time data go back one to two months."""
REAL_TIME: Final = ("eco2mix-national-tr", QUARTER)
CONSOLIDATED: Final = ("eco2mix-national-cons-def", 2 * QUARTER)

FACTS: Final = GridFacts(
    home_url="https://odre.opendatasoft.com",
    free_zones=frozenset({ZONE}),
    scopes=(Scope.DIRECT,),
    step=QUARTER,
    batch=timedelta(days=1),
    # 50,000 calls a month are one a minute; a burst is no harm.
    rate_limit=RateLimit(calls=30, per_s=1800.0),
    attribution="RTE, eCO2mix, by ODRÉ, Licence Ouverte 2.0",
)
_LABEL: Final = Label(
    zone=ZONE,
    signal=Signal.AVERAGE,
    scope=Scope.DIRECT,
    factor=MEASURED_FACTOR * IMPORTS_FACTOR,
    estimated_factor=ESTIMATED_FACTOR * IMPORTS_FACTOR,
    source=f"{FACTS.attribution}; quarter-hourly, direct, production mix",
)


class Odre:
    """The portal as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.DIRECT

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """France."""
        return names_of(frozenset({ZONE}))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The quarter-hours that touch ``start`` to ``end``; see the port for errors."""
        if grid_zone(zone) != ZONE:
            raise ZoneUnknown(f"the grid provider {NAME} has FR, not {zone!r}")
        if start >= self._line.now() - REAL_TIME_FOR:
            try:
                return self._from(REAL_TIME, start, end)
            except IntensityMissing:
                return self._from(CONSOLIDATED, start, end)
        try:
            found = self._from(CONSOLIDATED, start, end)
        except IntensityMissing:
            return self._from(REAL_TIME, start, end)
        return (*found, *self._rest(found[-1].valid_to, end))

    def _rest(self, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """What is not consolidated yet."""
        try:
            return self._from(REAL_TIME, start, end) if start < end else ()
        except IntensityMissing:
            return ()

    def _from(
        self, dataset: tuple[str, timedelta], start: datetime, end: datetime
    ) -> Sequence[CarbonIntensity]:
        name, step = dataset
        rows = [
            row
            for begin, stop in spans(start, end, step, LONGEST)
            for row in self._rows(name, step, begin, stop)
        ]
        return series(self._line, _LABEL, rows, start, end)

    def _rows(self, name: str, step: timedelta, start: datetime, end: datetime) -> Iterator[Row]:
        params = (
            ("select", "date_heure,taux_co2"),
            ("where", f"date_heure IN [date'{_time(start)}' TO date'{_time(end)}'["),
            ("order_by", "date_heure"),
            ("timezone", "UTC"),
        )
        answer = self._line.get(
            f"/api/explore/v2.1/catalog/datasets/{name}/exports/json", params=params
        )
        for record in objects(answer, answer.json(), "records"):
            at = utc(record.get("date_heure"))
            if at is None:
                raise answer.unexpected("a record without date_heure")
            yield Row(at, at + step, record.get("taux_co2") or None)


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return Odre(connect(NAME, FACTS, fetch, options))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
