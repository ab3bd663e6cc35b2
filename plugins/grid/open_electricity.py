"""Australia by regions and hours, from OpenElectricity; with a key, and experimental.

Emissions over energy: direct, average, of what is produced. It is never chosen by itself, as
three things are not verified: whether a time stamp is an hour's begin (taken so here) or end,
whether rooftop solar is in the energy, and whether one may ask without a key. Times are asked
for without an offset in the network's own time, which knows no summer time.

Contract: its API v4, as documented in 2025 and in its server's source of August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tracker.data import grids
from tracker.errors import GridUnavailable
from tracker.grid._connection import Connection, chosen, connect, dig, listed, objects
from tracker.grid._series import Label, Row, number_of, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, IMPORTS_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import code_in, names_of
from tracker.model import units
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "open_electricity"
HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=31)
WEST: Final = "WEM"
OFFSETS: Final = {"NEM": timedelta(hours=10), WEST: timedelta(hours=8)}

FACTS: Final = GridFacts(
    home_url="https://api.openelectricity.org.au/v4",
    needs_key=True,
    key_hint="of an account at openelectricity.org.au",
    experimental=True,
    scopes=(Scope.DIRECT,),
    step=HOUR,
    batch=timedelta(days=2),
    rate_limit=RateLimit(calls=2, per_s=1.0),
    attribution="OpenElectricity, CC BY-NC 4.0",
)


class OpenElectricity:
    """The service as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.DIRECT

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """The regions, by their Electricity Maps keys."""
        return names_of(grids.zone_codes(NAME))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The hours that touch ``start`` to ``end``; see the port for errors."""
        key, region = code_in(NAME, grids.zone_codes(NAME), zone)
        rows: list[Row] = []
        for begin, stop in spans(start, end, HOUR, LONGEST):
            rows += self._rows(region, begin, stop)
        return series(self._line, _label(key), rows, start, end)

    def _rows(self, region: str, start: datetime, end: datetime) -> Sequence[Row]:
        network = WEST if region == WEST else "NEM"
        offset = OFFSETS[network]
        params = (
            ("metrics", "emissions"),
            ("metrics", "energy"),
            ("interval", "1h"),
            ("primary_grouping", "network_region"),
            ("network_region", region),
            ("date_start", f"{start + offset:%Y-%m-%dT%H:%M:%S}"),
            ("date_end", f"{end + offset:%Y-%m-%dT%H:%M:%S}"),
        )
        headers = {"Authorization": f"Bearer {self._line.needed_key()}"}
        try:
            answer = self._line.get(f"/data/network/{network}", params=params, headers=headers)
        except GridUnavailable as error:
            if "No data available" in error.answer:
                return ()
            raise
        return _rows_of(answer, answer.json(), region)


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``key``, ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return OpenElectricity(connect(NAME, FACTS, fetch, options))


def _rows_of(answer: Answer, value: Any, region: str) -> Sequence[Row]:  # noqa: ANN401 - JSON
    sums: dict[str, dict[datetime, float]] = {"emissions": {}, "energy": {}}
    for metric in objects(answer, dig(answer, value, "data"), "metrics"):
        into = sums.get(str(metric.get("metric")))
        if into is not None:
            _sum_up(answer, metric, region, into)
    emissions, energy = sums["emissions"], sums["energy"]
    return [
        Row(start, start + HOUR, units.g_per_kwh_from_t_per_mwh(emissions[start] / mwh))
        for start, mwh in energy.items()
        if mwh > 0 and start in emissions
    ]


def _sum_up(
    answer: Answer, metric: Mapping[str, Any], region: str, into: dict[datetime, float]
) -> None:
    """Add up over fuels, by the hour; a null leaves its hour out."""
    holes = set()
    for one in objects(answer, dig(answer, metric, "results"), "results"):
        if dig(answer, one, "columns", "region") != region:
            continue
        for pair in listed(answer, dig(answer, one, "data"), "values"):
            at, value = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)  # noqa: PLR2004 - a pair
            start = utc(at)
            if start is None:
                raise answer.unexpected("a value without its time")
            hour = start.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
            number = number_of(value)
            if number is None:
                holes.add(hour)
            else:
                into[hour] = into.get(hour, 0.0) + number
    for hour in holes:
        into.pop(hour, None)


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.DIRECT,
        factor=MEASURED_FACTOR * IMPORTS_FACTOR,
        estimated_factor=ESTIMATED_FACTOR * IMPORTS_FACTOR,
        source=f"{FACTS.attribution}; hourly, direct, production mix",
    )
