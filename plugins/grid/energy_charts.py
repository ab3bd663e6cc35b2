"""Some 35 European countries by quarter-hours, from Fraunhofer ISE's Energy-Charts; no key.

Grams of CO2e, average. Whether life-cycle or direct, and how imports enter, is not said in
its documentation, so the scope is unknown. Two calls a minute are allowed, and one call may
span a year: ask wide. Values come with a forecast to the end of tomorrow.

Contract: https://api.energy-charts.info (specification 2.0 of 20 July 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from tracker.data import grids
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, dig, listed
from tracker.grid._series import Label, Row, floor, series, spans
from tracker.grid._spread import ESTIMATED_FACTOR, IMPORTS_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import grid_zone, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "energy_charts"
QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=366)
AHEAD: Final = timedelta(hours=48)
LAST_STAMP: Final = 1 << 33
"""Seconds until 2242; what lies beyond is no time of a grid."""
_COUNTRY_LETTERS: Final = 2

# Its list of countries is not verified, so these are the countries of ENTSO-E's areas; it
# answers 400 for one that it does not have. Great Britain has a service of its own.
COUNTRIES: Final = frozenset(
    zone
    for zone in grids.zone_codes("entsoe")
    if len(zone) == _COUNTRY_LETTERS and zone not in {"GB", "RU", "BY", "AM", "AZ"}
)

FACTS: Final = GridFacts(
    home_url="https://api.energy-charts.info",
    free_zones=COUNTRIES,
    forecasts=True,
    step=QUARTER,
    batch=timedelta(days=7),
    rate_limit=RateLimit(calls=2, per_s=60.0),
    attribution="Fraunhofer ISE, Energy-Charts.info, CC BY 4.0",
)


class EnergyCharts:
    """The service as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.UNKNOWN

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """Countries."""
        return names_of(COUNTRIES)

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The quarter-hours that touch ``start`` to ``end``; see the port for errors."""
        key = _known(zone)
        rows = [
            row
            for begin, stop in spans(start, end, HOUR, LONGEST)
            for row in self._rows(key, begin, stop)
        ]
        return series(self._line, _label(key), rows, start, end)

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """The quarter-hours from now on of which there is a forecast."""
        key = _known(zone)
        start = floor(self._line.now(), QUARTER)
        rows = [row for row in self._rows(key, start, start + AHEAD) if row.estimated]
        return series(self._line, _label(key), rows, start, start + AHEAD)

    def _rows(self, key: str, start: datetime, end: datetime) -> Iterator[Row]:
        params = (
            ("country", key.lower()),
            ("start", f"{start:%Y-%m-%dT%H:%MZ}"),
            ("end", f"{end:%Y-%m-%dT%H:%MZ}"),
        )
        try:
            answer = self._line.get("/co2eq", params=params)
        except GridUnavailable as error:
            if "available country" in error.answer:
                raise ZoneUnknown(f"{NAME} has no country {key.lower()!r}") from error
            raise
        yield from _rows_of(answer, answer.json())


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return EnergyCharts(connect(NAME, FACTS, fetch, options))


def _known(zone: str) -> str:
    key = grid_zone(zone)
    country = key.upper() if len(key) == _COUNTRY_LETTERS else key
    if country not in COUNTRIES:
        raise ZoneUnknown(f"the grid provider {NAME} has whole countries of Europe, not {zone!r}")
    return country


def _rows_of(answer: Answer, value: Any) -> Iterator[Row]:  # noqa: ANN401 - JSON
    stamps = listed(answer, dig(answer, value, "unix_seconds"), "unix_seconds")
    actual = listed(answer, dig(answer, value, "co2eq"), "co2eq")
    ahead = value.get("co2eq_forecast") or [None] * len(stamps)
    if not (len(stamps) == len(actual) == len(listed(answer, ahead, "co2eq_forecast"))):
        raise answer.unexpected("lists of different lengths")
    if not all(isinstance(stamp, int) and 0 <= stamp < LAST_STAMP for stamp in stamps):
        raise answer.unexpected("a time that is none")
    step = _step_of(stamps)
    for stamp, now, later in zip(stamps, actual, ahead, strict=True):
        start = datetime.fromtimestamp(stamp, UTC)
        yield Row(start, start + step, later if now is None else now, estimated=now is None)


def _step_of(stamps: Sequence[int]) -> timedelta:
    """Quarter-hours, but hours in older years."""
    least = min((after - before for before, after in pairwise(stamps) if after > before), default=0)
    return min(timedelta(seconds=least), HOUR) if least else QUARTER


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.UNKNOWN,
        factor=MEASURED_FACTOR * IMPORTS_FACTOR,
        estimated_factor=ESTIMATED_FACTOR * IMPORTS_FACTOR,
        source=f"{FACTS.attribution}; quarter-hourly, scope not stated",
    )
