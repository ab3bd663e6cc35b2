"""The United States by hours and balancing authority, from EIA's Hourly Grid Monitor; with a key.

The service gives what each fuel generated; grams come from the IPCC's life-cycle medians
(``fuel_factors.csv``: utility solar, onshore wind). Average, of what is produced: imports are
left out, and so is storage. **A period names the END of its hour**, in UTC. Values are text
since version 2.1.6, may be null, and are published an hour to a day late.

Contract: https://www.eia.gov/opendata (API v2, electricity/rto/fuel-type-data).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tracker.data import grids
from tracker.errors import GridUnavailable
from tracker.grid import _mix
from tracker.grid._connection import Connection, chosen, connect, dig, objects
from tracker.grid._series import Label, Row, number_of, series, spans
from tracker.grid._spread import ESTIMATED_FACTOR
from tracker.grid._zones import code_in, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "eia"
HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=12)
"""Some 16 fuels an hour stay below one page."""
PAGE: Final = 5000
MOST_PAGES: Final = 5

FUELS: Final = {
    "COL": "coal",
    "NG": "gas",
    "NUC": "nuclear",
    "OIL": "oil",
    "WAT": "hydro",
    "SUN": "solar",
    "SNB": "solar",
    "WND": "wind_onshore",
    "WNB": "wind_onshore",
    "GEO": "geothermal",
    "OTH": "unknown",
    "UNK": "unknown",
    "PS": "hydro_pumped",
    "BAT": "battery",
    "OES": "battery",
    "UES": "battery",
}
"""SNB and WNB are solar and wind with a battery of their own; OES and UES other storage."""

FACTS: Final = GridFacts(
    home_url="https://api.eia.gov/v2",
    needs_key=True,
    key_hint="free at https://www.eia.gov/opendata/register.php",
    scopes=(Scope.LIFECYCLE,),
    step=HOUR,
    batch=timedelta(days=2),
    # Some 9,000 an hour and 5 a second.
    rate_limit=RateLimit(calls=4, per_s=1.0),
    attribution="US Energy Information Administration, public domain; factors IPCC AR5",
)


class Eia:
    """The service as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.LIFECYCLE

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """The balancing authorities, by their Electricity Maps keys."""
        return names_of(grids.zone_codes(NAME))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The hours that touch ``start`` to ``end``; see the port for errors."""
        key, respondent = code_in(NAME, grids.zone_codes(NAME), zone)
        rows: list[Row] = []
        for begin, stop in spans(start, end, HOUR, LONGEST):
            mix: dict[datetime, dict[str, float | None]] = {}
            for at, fuel, mw in self._generated(respondent, begin, stop):
                _add(mix.setdefault(at, {}), fuel, mw)
            rows += _mix.rows_of(mix, HOUR)
        return series(self._line, _label(key), rows, start, end)

    def _generated(
        self, respondent: str, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, str, float | None]]:
        seen = 0
        for _ in range(MOST_PAGES):
            answer = self._line.get(
                "/electricity/rto/fuel-type-data/data/",
                params=self._params(respondent, start, end, seen),
            )
            response = dig(answer, answer.json(), "response")
            found = objects(answer, dig(answer, response, "data"), "rows")
            yield from (_generated(answer, row) for row in found)
            seen += len(found)
            if not found or seen >= _total(answer, response):
                return
        raise GridUnavailable(f"{NAME} has more than {MOST_PAGES} pages for {respondent}")

    def _params(
        self, respondent: str, start: datetime, end: datetime, offset: int
    ) -> tuple[tuple[str, str], ...]:
        return (
            ("api_key", self._line.needed_key()),
            ("frequency", "hourly"),
            ("data[]", "value"),
            ("facets[respondent][]", respondent),
            # Periods name the hour's end, and both ends are included.
            ("start", f"{start + HOUR:%Y-%m-%dT%H}"),
            ("end", f"{end:%Y-%m-%dT%H}"),
            ("sort[0][column]", "period"),
            ("sort[0][direction]", "asc"),
            ("offset", str(offset)),
            ("length", str(PAGE)),
        )


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``key``, ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return Eia(connect(NAME, FACTS, fetch, options))


def _generated(answer: Answer, row: Mapping[str, Any]) -> tuple[datetime, str, float | None]:
    try:
        end = datetime.strptime(str(row.get("period")), "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        raise answer.unexpected("a row without an hourly period") from None
    fuel = FUELS.get(str(row.get("fueltype")), "unknown")
    return end - HOUR, fuel, _number(row.get("value"))


def _number(value: object) -> float | None:
    """A number, or the text of one."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return number_of(value)


def _add(by_fuel: dict[str, float | None], fuel: str, mw: float | None) -> None:
    """Two codes of one fuel add up; a hole in one is a hole."""
    before = by_fuel.get(fuel, 0.0)
    by_fuel[fuel] = None if mw is None or before is None else before + mw


def _total(answer: Answer, response: Mapping[str, Any]) -> int:
    total = _number(response.get("total"))
    if total is None or not 0 <= total < 1e9:  # noqa: PLR2004 - what no answer can hold
        raise answer.unexpected("no total")
    return int(total)


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.LIFECYCLE,
        factor=ESTIMATED_FACTOR,
        estimated_factor=ESTIMATED_FACTOR,
        source=f"{FACTS.attribution}; hourly, life cycle, production mix",
    )
