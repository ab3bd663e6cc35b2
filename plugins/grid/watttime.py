"""Marginal intensity by five minutes, from WattTime; with user and password.

``co2_moer`` is of the plants that one more kilowatt-hour sets to work; ``co2_aoer``, the average,
can be asked for as the signal where the plan has it. Direct emissions of CO2, in pounds a
megawatt-hour. The percentile index of the same service is no intensity and is never read as
one. A free account has ``CAISO_NORTH`` alone. A token holds for 30 minutes and is renewed once
when it is refused.

Contract: https://docs.watttime.org (v3).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tracker.data import grids
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid._connection import Connection, chosen, connect, dig, objects
from tracker.grid._series import Label, Row, floor, number_of, series, spans, utc
from tracker.grid._spread import ESTIMATED_FACTOR, MEASURED_FACTOR
from tracker.grid._zones import name_of
from tracker.model import units
from tracker.model.carbon import CarbonIntensity, Scope, Signal, coordinates_in, own_code_in
from tracker.ports.fetch import Answer, Fetch
from tracker.ports.grid import Grid, GridFacts, RateLimit

NAME: Final = "watttime"
FIVE_MINUTES: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=31)
AHEAD: Final = timedelta(hours=72)
UNITS: Final = "lbs_co2_per_mwh"
SIGNALS: Final = {Signal.MARGINAL: "co2_moer", Signal.AVERAGE: "co2_aoer"}
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_LOGIN_REFUSED: Final = frozenset({_UNAUTHORIZED, 403})
_REGION_FORM: Final = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*")

FACTS: Final = GridFacts(
    home_url="https://api.watttime.org",
    needs_key=True,
    key_hint="user:password of an account, registered by POST /register (docs.watttime.org)",
    signals=(Signal.MARGINAL, Signal.AVERAGE),
    scopes=(Scope.DIRECT,),
    forecasts=True,
    takes_coordinates=True,
    step=FIVE_MINUTES,
    batch=timedelta(days=1),
    rate_limit=RateLimit(calls=100, per_s=300.0),  # its tightest, that of /login
    attribution="WattTime (not to be redistributed)",
)


class WattTime:
    """The service as a grid provider."""

    scope = Scope.DIRECT

    def __init__(self, line: Connection, signal: Signal) -> None:
        self._line = line
        self._token = ""
        self._region_at: dict[str, str] = {}
        self.signal = signal

    def zones(self) -> Mapping[str, str]:
        """Those whose region the shipped tables know; its own regions are understood too."""
        return {zone: name_of(zone) for zone in sorted(_regions())}

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The five minutes that touch ``start`` to ``end``; see the port for errors."""
        key, region = self._known(zone)
        rows = [
            row
            for begin, stop in spans(start, end, FIVE_MINUTES, LONGEST)
            for row in self._rows("historical", region, _range(begin, stop))
        ]
        return series(self._line, self._label(key, region), rows, start, end)

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """The next 72 hours."""
        key, region = self._known(zone)
        start = floor(self._line.now(), FIVE_MINUTES)
        found = self._rows("forecast", region, (("horizon_hours", "72"),))
        rows = [Row(row.start, row.end, row.value, estimated=True) for row in found]
        return series(self._line, self._label(key, region), rows, start, start + AHEAD)

    def _known(self, zone: str) -> tuple[str, str]:
        place = coordinates_in(zone)
        if place is None:
            return _known(zone)
        if zone not in self._region_at:
            self._region_at[zone] = self._located(zone, *place)
        return self._region_at[zone], self._region_at[zone]

    def _located(self, zone: str, latitude: float, longitude: float) -> str:
        params = (
            ("latitude", f"{latitude:g}"),
            ("longitude", f"{longitude:g}"),
            ("signal_type", SIGNALS[self.signal]),
        )
        answer = self._get("/v3/region-from-loc", zone, params)
        region = dig(answer, answer.json(), "region")
        if not isinstance(region, str) or not _REGION_FORM.fullmatch(region):
            raise answer.unexpected("no region")
        return region

    def _rows(self, what: str, region: str, more: tuple[tuple[str, str], ...]) -> Iterator[Row]:
        params = (("region", region), ("signal_type", SIGNALS[self.signal]), *more)
        answer = self._get(f"/v3/{what}", region, params)
        value = answer.json()
        if dig(answer, value, "meta", "units") != UNITS:
            raise answer.unexpected(f"another unit than {UNITS}")
        step = _step(value["meta"])
        for point in objects(answer, dig(answer, value, "data"), "points"):
            start = utc(point.get("point_time"))
            if start is None:
                raise answer.unexpected("a point without point_time")
            imputed = bool(point.get("imputed_data_used"))
            yield Row(start, start + step, _converted(point.get("value")), estimated=imputed)

    def _get(self, path: str, region: str, params: tuple[tuple[str, str], ...]) -> Answer:
        try:
            return self._with_token(path, params)
        except GridUnavailable as error:
            if error.status == _NOT_FOUND:
                raise ZoneUnknown(f"{NAME} has no region {region!r}") from error
            raise

    def _with_token(self, path: str, params: tuple[tuple[str, str], ...]) -> Answer:
        fresh = not self._token
        if fresh:
            self._token = self._login()
        try:
            return self._line.get(path, params=params, headers=_bearer(self._token))
        except GridUnavailable as error:
            if error.status != _UNAUTHORIZED or fresh:
                raise
        self._token = self._login()
        return self._line.get(path, params=params, headers=_bearer(self._token))

    def _login(self) -> str:
        key = self._line.needed_key()
        if ":" not in key:
            variable = f"TRACKER_GRID_{NAME.upper()}_KEY"
            raise GridUnavailable(f"{NAME} is not asked: {variable} must be user:password")
        basic = base64.b64encode(key.encode()).decode()
        try:
            answer = self._line.get("/login", headers={"Authorization": f"Basic {basic}"})
        except GridUnavailable as error:
            if error.status in _LOGIN_REFUSED:
                raise GridUnavailable(
                    f"{NAME} refuses user or password; look at TRACKER_GRID_{NAME.upper()}_KEY",
                    status=error.status,
                ) from None
            raise
        token = dig(answer, answer.json(), "token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise GridUnavailable(f"{NAME} gave no token", status=answer.status)
        return token

    def _label(self, key: str, region: str) -> Label:
        return Label(
            zone=key,
            signal=self.signal,
            scope=Scope.DIRECT,
            # A marginal value is a model's, whoever reads it.
            factor=ESTIMATED_FACTOR if self.signal is Signal.MARGINAL else MEASURED_FACTOR,
            estimated_factor=ESTIMATED_FACTOR,
            source=f"{FACTS.attribution}; region {region}, CO2, direct, {self.signal}",
        )


def open(fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
    """The provider; options: ``key`` (``user:password``), ``url``, ``signal``."""
    chosen(NAME, options, "scope", FACTS.scopes)
    signal = chosen(NAME, options, "signal", FACTS.signals)
    return WattTime(connect(NAME, FACTS, fetch, options), signal)


def _regions() -> Mapping[str, str]:
    """Regions by zone: of each cloud region, and of a grid whose cloud regions all agree."""
    by_cloud = grids.cloud_watttime_regions()
    zones = grids.cloud_zones()
    by_zone: dict[str, set[str]] = {}
    for cloud, region in by_cloud.items():
        by_zone.setdefault(zones.get(cloud, cloud), set()).add(region)
    return dict(by_cloud) | {
        zone: found.pop() for zone, found in by_zone.items() if len(found) == 1
    }


def _known(zone: str) -> tuple[str, str]:
    own, regions = own_code_in(zone) or zone, _regions()
    if own in regions:
        return grids.cloud_zones().get(own, own), regions[own]
    if _REGION_FORM.fullmatch(own):
        return own, own
    raise ZoneUnknown(f"the grid provider {NAME} knows no region for zone {zone!r}")


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _range(start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
    return (
        ("start", f"{start:%Y-%m-%dT%H:%M:%SZ}"),
        ("end", f"{end:%Y-%m-%dT%H:%M:%SZ}"),
        ("include_imputed_marker", "true"),
    )


def _converted(rate: object) -> object:
    """Pounds a megawatt-hour as g/kWh; what is no number stays what it is."""
    number = number_of(rate)
    return rate if number is None else units.g_per_kwh_from_lb_per_mwh(number)


def _step(meta: Mapping[str, Any]) -> timedelta:
    period_s = meta.get("data_point_period_seconds")
    if isinstance(period_s, int) and timedelta() < timedelta(seconds=period_s) <= HOUR:
        return timedelta(seconds=period_s)
    return FIVE_MINUTES
