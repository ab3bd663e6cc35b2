"""Europe by areas, from ENTSO-E's Transparency Platform; with a key.

The platform gives what each type of plant generated; grams come from the IPCC's life-cycle
medians (``fuel_factors.csv``). Average, of what is produced: small areas that import much are
off by large factors. Series of consumption (pumping) and storage are left out. A curve of type
A03 leaves out what did not change, so a missing position repeats the one before; types of
plant may have different steps. Answers say "no data" in an acknowledgement with code 999,
which also stands for real errors: its text decides.

Contract: the platform's Restful API, document type A75, process type A16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tracker.data import grids
from tracker.errors import GridUnavailable, IntensityMissing
from tracker.grid import _mix
from tracker.grid._connection import Connection, chosen, connect
from tracker.grid._entsoe_xml import generation_of
from tracker.grid._series import Label, Row, series, spans
from tracker.grid._spread import ESTIMATED_FACTOR
from tracker.grid._zones import code_in, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "entsoe"
HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=31)
"""A year is allowed, but would be too long an answer."""

FACTS: Final = GridFacts(
    home_url="https://web-api.tp.entsoe.eu",
    needs_key=True,
    key_hint="by mail to transparency@entsoe.eu, subject 'Restful API access', once registered",
    scopes=(Scope.LIFECYCLE,),
    step=timedelta(minutes=15),
    batch=timedelta(days=2),
    final_after=timedelta(days=5),
    rate_limit=RateLimit(calls=100, per_s=60.0, ban_s=600.0),
    attribution="ENTSO-E Transparency Platform, CC BY 4.0; factors IPCC AR5",
)


class Entsoe:
    """The platform as a grid provider."""

    signal = Signal.AVERAGE
    scope = Scope.LIFECYCLE

    def __init__(self, line: Connection) -> None:
        self._line = line

    def zones(self) -> Mapping[str, str]:
        """The areas, by their Electricity Maps keys."""
        return names_of(grids.zone_codes(NAME))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The steps that touch ``start`` to ``end``; see the port for errors."""
        key, area = code_in(NAME, grids.zone_codes(NAME), zone)
        rows: list[Row] = []
        for begin, stop in spans(start, end, HOUR, LONGEST):
            rows += self._rows(area, begin, stop)
        return series(self._line, _label(key), rows, start, end)

    def _rows(self, area: str, start: datetime, end: datetime) -> Sequence[Row]:
        try:
            mix, step = generation_of(self._document(area, start, end))
        except IntensityMissing:
            return ()
        return tuple(_mix.rows_of(mix, step))

    def _document(self, area: str, start: datetime, end: datetime) -> bytes:
        params = (
            ("securityToken", self._line.needed_key()),
            ("documentType", "A75"),
            ("processType", "A16"),
            ("in_Domain", area),
            ("periodStart", f"{start:%Y%m%d%H%M}"),
            ("periodEnd", f"{end:%Y%m%d%H%M}"),
        )
        try:
            return self._line.get("/api", params=params).body
        except GridUnavailable as error:
            # "No data" has come with 400 and with 200.
            if "Acknowledgement_MarketDocument" in error.answer:
                return error.answer.encode()
            raise


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``key``, ``url``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    chosen(NAME, options, "signal", FACTS.signals)
    return Entsoe(connect(NAME, FACTS, fetch, options))


def _label(key: str) -> Label:
    return Label(
        zone=key,
        signal=Signal.AVERAGE,
        scope=Scope.LIFECYCLE,
        factor=ESTIMATED_FACTOR,
        estimated_factor=ESTIMATED_FACTOR,
        source=f"{FACTS.attribution}; life cycle, production mix",
    )
