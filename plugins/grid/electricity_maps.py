"""The world by hours, from Electricity Maps; with a key.

Average intensity of what is consumed, flow-traced; life cycle by default, direct if that scope
is asked for. The last 24 hours and the forecast come with a free key, older hours need a paid
plan. Every question has ``disableCallerLookup=true``, as the service otherwise answers for the
place of whoever asks; an answer for another zone is refused all the same. A sandbox key's
random data is refused.

Contract: its API v4, as documented and recorded in August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tracker.data import grids, tables
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, dig, objects
from tracker.grid._series import Label, Row, floor, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import grid_zone, names_of
from tracker.model.carbon import CarbonIntensity, Scope, Signal, coordinates_in
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "electricity_maps"
HOUR: Final = timedelta(hours=1)
HISTORY: Final = timedelta(hours=23)
"""The history holds 24 hours; one is left for clocks that differ."""
LONGEST: Final = timedelta(days=10)
AHEAD: Final = timedelta(hours=48)
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_KEY_FORM: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]+)*")

FACTS: Final = GridFacts(
    home_url="https://api.electricitymaps.com/v4",
    needs_key=True,
    key_hint="of an account at electricitymaps.com; free for use that is not commercial",
    scopes=(Scope.LIFECYCLE, Scope.DIRECT),
    forecasts=True,
    takes_coordinates=True,
    step=HOUR,
    batch=timedelta(days=1),
    # 150 a minute on its help page of July 2026.
    rate_limit=RateLimit(calls=100, per_s=60.0),
    attribution="Source: ElectricityMaps.com",
)


class ElectricityMaps:
    """The service as a grid provider."""

    signal = Signal.AVERAGE

    def __init__(self, line: Connection, scope: Scope) -> None:
        self._line = line
        self._zone_at: dict[str, str] = {}
        self.scope = scope

    def zones(self) -> Mapping[str, str]:
        """Those that the shipped tables name; it has some 350, and any key is understood."""
        mapped = {*grids.zone_codes("eia"), *grids.zone_codes("entsoe")}
        return names_of(frozenset(mapped | {*grids.cloud_zones().values()} | {*tables.countries()}))

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The hours that touch ``start`` to ``end``; see the port for errors."""
        key = self._known(zone)
        now = self._line.now()
        recent = floor(now, HOUR) - HISTORY
        rows: list[Row] = []
        if max(start, end) >= recent:
            rows += self._rows("history", key, "history")
        if max(start, end) >= floor(now, HOUR):
            rows += self._latest(key)
        if start < recent:
            rows += self._past(key, start, min(end, recent), or_nothing=bool(rows))
        return series(self._line, self._label(key), rows, start, end)

    def _past(self, key: str, start: datetime, end: datetime, *, or_nothing: bool) -> list[Row]:
        """Older hours, which not every plan has: they shall not cost the recent ones."""
        try:
            return [
                row
                for begin, stop in spans(start, end, HOUR, LONGEST)
                for row in self._rows("past-range", key, "data", *_range(begin, stop))
            ]
        except GridUnavailable as error:
            if not or_nothing:
                raise
            self._line.tell(f"nothing before the last day: {error}")
            return []

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """The next 48 hours, the one under way included."""
        key = self._known(zone)
        start = floor(self._line.now(), HOUR)
        found = self._rows("forecast", key, "forecast", ("horizonHours", "48"))
        rows = [Row(row.start, row.end, row.value, estimated=True) for row in found]
        return series(self._line, self._label(key), rows, start, start + AHEAD)

    def _known(self, zone: str) -> str:
        place = coordinates_in(zone)
        if place is None:
            return _known(zone)
        if zone not in self._zone_at:
            self._zone_at[zone] = self._located(zone, *place)
        return self._zone_at[zone]

    def _located(self, zone: str, latitude: float, longitude: float) -> str:
        """Its zone at a place: that for which it answers."""
        answer = self._get("latest", zone, ("lat", f"{latitude:g}"), ("lon", f"{longitude:g}"))
        found = dig(answer, answer.json(), "zone")
        if not isinstance(found, str) or not _KEY_FORM.fullmatch(found):
            raise answer.unexpected("no zone")
        return found

    def _latest(self, key: str) -> Iterator[Row]:
        """The hour under way, which the history may lack."""
        answer = self._get("latest", key)
        value = answer.json()
        _check(answer, value, key)
        yield self._row(answer, value)

    def _rows(self, what: str, key: str, name: str, *more: tuple[str, str]) -> Iterator[Row]:
        answer = self._get(what, key, *more)
        value = answer.json()
        _check(answer, value, key)
        for hour in objects(answer, dig(answer, value, name), "hours"):
            yield self._row(answer, hour)

    def _get(self, what: str, key: str, *more: tuple[str, str]) -> Answer:
        named = () if coordinates_in(key) else (("zone", key),)
        params = (
            *named,
            ("temporalGranularity", "hourly"),
            ("emissionFactorType", str(self.scope)),
            ("disableCallerLookup", "true"),
            *more,
        )
        headers = {"auth-token": self._line.needed_key()}
        try:
            return self._line.get(
                f"/carbon-intensity/{what}", params=params, headers=headers, retry_if=_may_pass
            )
        except GridUnavailable as error:
            if error.status == _NOT_FOUND:
                raise ZoneUnknown(f"{NAME} has no zone {key!r}, or nothing for it now") from error
            raise

    def _row(self, answer: Answer, hour: Mapping[str, Any]) -> Row:
        _refuse_sandbox(answer, hour)
        start = utc(hour.get("datetime"))
        if start is None:
            raise answer.unexpected("an hour without datetime")
        if hour.get("emissionFactorType", self.scope) != self.scope:
            raise answer.unexpected(f"another scope than {self.scope}")
        estimated = bool(hour.get("isEstimated"))
        return Row(start, start + HOUR, hour.get("carbonIntensity"), estimated=estimated)

    def _label(self, key: str) -> Label:
        scope = {Scope.LIFECYCLE: "life cycle"}.get(self.scope, str(self.scope))
        return Label(
            zone=key,
            signal=Signal.AVERAGE,
            scope=self.scope,
            factor=MEASURED_FACTOR,
            estimated_factor=ESTIMATED_FACTOR,
            source=f"{FACTS.attribution}; hourly, {scope}, consumption mix",
        )


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``key``, ``url``, ``scope`` (``lifecycle`` or ``direct``)."""
    chosen(NAME, options, "signal", FACTS.signals)
    scope = chosen(NAME, options, "scope", FACTS.scopes)
    return ElectricityMaps(connect(NAME, FACTS, fetch, options), scope)


def _known(zone: str) -> str:
    key = grid_zone(zone)
    if not _KEY_FORM.fullmatch(key) or key in _of_tables():
        raise ZoneUnknown(f"{zone!r} is no zone of {NAME}, which are written FR or US-CAL-CISO")
    return key


def _of_tables() -> set[str]:
    """Zones of the yearly table that look like its keys and are none."""
    return {"EU", *(f"US-{code}" for code in tables.subregions())}


def _range(start: datetime, end: datetime) -> tuple[tuple[str, str], tuple[str, str]]:
    return (("start", f"{start:%Y-%m-%dT%H:%M:%SZ}"), ("end", f"{end:%Y-%m-%dT%H:%M:%SZ}"))


def _may_pass(error: GridUnavailable) -> bool:
    """A 401 without the words that the plan lacks something is also what a rate limit gives."""
    return error.status == _UNAUTHORIZED and "unauthorized for" not in error.answer


def _check(answer: Answer, value: object, key: str) -> None:
    if not isinstance(value, dict):
        raise answer.unexpected("no object")
    _refuse_sandbox(answer, value)
    if value.get("zone") != key:
        raise answer.unexpected(f"another zone than {key}")


def _refuse_sandbox(answer: Answer, value: Mapping[str, Any]) -> None:
    said = f"{value.get('_disclaimer', '')} {value.get('estimationMethod', '')}"
    if "SANDBOX" in said.upper():
        raise answer.unexpected("random data, as the key is a sandbox one")
