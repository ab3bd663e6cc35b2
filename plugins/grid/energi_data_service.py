"""Denmark's two areas by five minutes, from Energinet's Energi Data Service; no key.

``DK-DK1`` lies west of the Great Belt, ``DK-DK2`` east of it. Direct emissions, average, of
what is consumed. Times are asked for and read in UTC: the columns in Danish time have one
hour twice a year and another never.

Contract: https://api.energidataservice.dk, datasets CO2Emis and CO2EmisProg.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tracker.errors import ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, dig, objects
from tracker.grid._series import Label, Row, floor, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import grid_zone, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "energi_data_service"
AREAS: Final = {"DK-DK1": "DK1", "DK-DK2": "DK2"}
FIVE_MINUTES: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=31)
AHEAD: Final = timedelta(hours=48)

FACTS: Final = GridFacts(
    home_url="https://api.energidataservice.dk",
    free_zones=frozenset(AREAS),
    scopes=(Scope.DIRECT,),
    forecasts=True,
    step=FIVE_MINUTES,
    batch=timedelta(days=1),
    rate_limit=RateLimit(calls=40, per_s=10.0, ban_s=300.0),
    attribution="Energinet, Energi Data Service, CC BY 4.0",
)


class EnergiDataService:
    """The service as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.DIRECT

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """The two areas."""
        return names_of(frozenset(AREAS))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The five minutes that touch ``start`` to ``end``; see the port for errors."""
        key = _known(zone)
        rows = [
            row
            for begin, stop in spans(start, end, FIVE_MINUTES, LONGEST)
            for row in self._rows("CO2Emis", key, begin, stop, estimated=False)
        ]
        return series(self._line, _label(key), rows, start, end)

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """To the end of the day, or of the next."""
        key = _known(zone)
        start = floor(self._line.now(), FIVE_MINUTES)
        rows = self._rows("CO2EmisProg", key, start, start + AHEAD, estimated=True)
        return series(self._line, _label(key), rows, start, start + AHEAD)

    def _rows(
        self, dataset: str, key: str, start: datetime, end: datetime, *, estimated: bool
    ) -> Iterator[Row]:
        area = AREAS[key]
        params = (
            ("start", f"{start:%Y-%m-%dT%H:%M}"),
            ("end", f"{end:%Y-%m-%dT%H:%M}"),
            ("timezone", "UTC"),
            ("filter", json.dumps({"PriceArea": [area]}, separators=(",", ":"))),
            ("columns", "Minutes5UTC,PriceArea,CO2Emission"),
            ("sort", "Minutes5UTC asc"),
            ("limit", "0"),
        )
        answer = self._line.get(f"/dataset/{dataset}", params=params)
        for record in objects(answer, dig(answer, answer.json(), "records"), "records"):
            at = utc(record.get("Minutes5UTC"))
            if at is None:
                raise answer.unexpected("a record without Minutes5UTC")
            # The filter is the service's to keep; another area's value is never booked.
            if record.get("PriceArea") == area:
                yield Row(at, at + FIVE_MINUTES, record.get("CO2Emission"), estimated=estimated)


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return EnergiDataService(connect(NAME, FACTS, fetch, options))


def _known(zone: str) -> str:
    wanted = grid_zone(zone)
    for key, area in AREAS.items():
        if wanted in {key, area}:
            return key
    raise ZoneUnknown(f"the grid provider {NAME} has DK-DK1 and DK-DK2, not {zone!r}")


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.DIRECT,
        factor=MEASURED_FACTOR,
        estimated_factor=ESTIMATED_FACTOR,
        source=f"{FACTS.attribution}; every five minutes, direct, consumption mix",
    )
