"""The providers' interfaces as they are documented, answering for any time with one value.

Each takes a question and answers as the service does for the time that is asked for: with its
envelope, its time stamps, and its bound on a question's length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from msgspec import Struct

from fakes.http_server import Asked, Reply
from tracker.grid import (
    eia,
    electricity_maps,
    energi_data_service,
    energy_charts,
    entsoe,
    odre,
    open_electricity,
    uk_carbon,
    watttime,
)

NOW = datetime(2026, 10, 26, 12, 7, tzinfo=UTC)
VALUE = 120


def steps(start: datetime, end: datetime, minutes: int) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=minutes)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def as_json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value), status=status)


def uk_carbon_api(asked: Asked) -> Reply:
    """The slot that ends at ``from`` comes too."""
    parts = asked.path.split("/")
    at = parts.index("intensity")
    begin = utc(parts[at + 1][:-1])
    end = begin + timedelta(hours=48) if parts[at + 2] == "fw48h" else utc(parts[at + 2][:-1])
    if end - begin > timedelta(days=14):
        return as_json({"error": {"code": "400 Bad Request", "message": "over 14 days"}}, 400)
    regional = parts[1] == "regional"
    slots = []
    for start in steps(begin - timedelta(minutes=30), end + timedelta(minutes=1), 30):
        intensity: dict[str, Any] = {"forecast": VALUE, "index": "low"}
        if not regional:
            intensity["actual"] = VALUE if start < NOW - timedelta(minutes=30) else None
        times = {"from": _minute(start), "to": _minute(start + timedelta(minutes=30))}
        slots.append(times | {"intensity": intensity})
    return as_json({"data": {"regionid": 3, "data": slots} if regional else slots})


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def energy_charts_api(asked: Asked) -> Reply:
    begin, end = (utc(asked.params[name][:-1]) for name in ("start", "end"))
    stamps = list(steps(begin, end, 15))
    return as_json(
        {
            "unix_seconds": [int(at.timestamp()) for at in stamps],
            "co2eq": [VALUE if at < NOW else None for at in stamps],
            "co2eq_forecast": [None if at < NOW else VALUE for at in stamps],
            "deprecated": False,
        }
    )


def energi_data_service_api(asked: Asked) -> Reply:
    if asked.params["timezone"] != "UTC" or asked.params["limit"] != "0":
        return as_json({"error": "this double speaks UTC without a limit"}, 400)
    (area,) = json.loads(asked.params["filter"])["PriceArea"]
    begin, end = (utc(asked.params[name]) for name in ("start", "end"))
    records = [
        {"Minutes5UTC": f"{at:%Y-%m-%dT%H:%M:%S}", "PriceArea": area, "CO2Emission": float(VALUE)}
        for at in steps(begin, end, 5)
    ]
    return as_json({"total": len(records), "dataset": "CO2Emis", "records": records})


def odre_api(asked: Asked) -> Reply:
    where = asked.params["where"]
    begin, end = (utc(part.split("Z'")[0]) for part in where.split("date'")[1:])
    real_time = "national-tr" in asked.path
    oldest = NOW - timedelta(days=40)
    records = [
        {"date_heure": f"{at:%Y-%m-%dT%H:%M:%S}+00:00", "taux_co2": VALUE if at < NOW else None}
        for at in steps(begin, end, 15 if real_time else 30)
        if not real_time or at > oldest
    ]
    return as_json(records)


def electricity_maps_api(asked: Asked) -> Reply:
    if asked.headers.get("auth-token") is None:
        return as_json({"error": "Invalid auth-token"}, 401)
    query, what = asked.params, asked.path.rpartition("/")[2]
    now = NOW.replace(minute=0)
    begin = {"history": now - timedelta(hours=23), "forecast": now, "latest": now}.get(what)
    end = {"history": now, "latest": now + timedelta(hours=1)}.get(what)
    if what == "forecast":
        end = now + timedelta(hours=int(query["horizonHours"]))
    if what == "past-range":
        begin, end = (utc(query[name][:-1]) for name in ("start", "end"))
        if end - begin > timedelta(days=10):
            return as_json({"status": "error", "message": "over 10 days"}, 400)
    assert begin is not None
    assert end is not None
    hours = [
        {
            "zone": query["zone"],
            "carbonIntensity": VALUE,
            "datetime": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
            "emissionFactorType": query["emissionFactorType"],
            "isEstimated": at > now - timedelta(hours=2),
        }
        for at in steps(begin, end, 60)
    ]
    if what == "latest":
        return as_json(hours[0])
    name = "data" if what == "past-range" else what
    return as_json({"zone": query["zone"], name: hours, "temporalGranularity": "hourly"})


def watttime_api(asked: Asked) -> Reply:
    """The unit is pounds a megawatt-hour; both ends are included."""
    if asked.path == "/login":
        good = asked.headers.get("authorization", "").startswith("Basic ")
        return as_json({"token": "tok-abcdef"}) if good else Reply("<html>403</html>", status=403)
    if asked.headers.get("authorization") != "Bearer tok-abcdef":
        return Reply("Jwt is missing", status=401)
    query = asked.params
    if asked.path.endswith("forecast"):
        begin = NOW.replace(minute=5)
        end = begin + timedelta(hours=int(query["horizon_hours"]))
    else:
        begin, end = (utc(query[name][:-1]) for name in ("start", "end"))
        if end - begin > timedelta(days=32):
            return as_json({"error": "INVALID_QUERY_PARAMS", "msg": "over 32 days"}, 400)
    points = [
        {"point_time": at.isoformat(), "value": VALUE * 1000 / 453.59237}
        for at in steps(begin, end + timedelta(seconds=1), 5)
    ]
    meta = {"data_point_period_seconds": 300, "region": query["region"], "units": "lbs_co2_per_mwh"}
    return as_json({"data": points, "meta": meta | {"signal_type": query["signal_type"]}})


def eia_api(asked: Asked) -> Reply:
    """A period is the hour's end, both ends are included, values are text; pages of 5,000."""
    query = asked.params
    if "api_key" not in query:
        return as_json({"error": {"code": "API_KEY_MISSING", "message": "none"}}, 403)
    begin, end = (utc(f"{query[name]}:00") for name in ("start", "end"))
    rows = [
        {
            "period": f"{at:%Y-%m-%dT%H}",
            "respondent": query["facets[respondent][]"],
            "fueltype": fuel,
            "value": value,
        }
        for at in steps(begin, end + timedelta(seconds=1), 60)
        for fuel, value in (("NG", "500"), ("NUC", "500"), ("SUN", "-3"), ("PS", "-80"))
    ]
    offset = int(query["offset"])
    page = rows[offset : offset + int(query["length"])]
    return as_json({"response": {"total": str(len(rows)), "data": page}, "apiVersion": "2.1.6"})


def entsoe_api(asked: Asked) -> Reply:
    query = asked.params
    begin, end = (
        datetime.strptime(query[name], "%Y%m%d%H%M").replace(tzinfo=UTC)
        for name in ("periodStart", "periodEnd")
    )
    if end - begin > timedelta(days=366):
        return Reply("<x/>", status=400)
    hours = (end - begin) // timedelta(hours=1)
    series = [
        entsoe_series("B04", begin, end, "PT60M", {n + 1: 500.0 for n in range(hours)}),
        entsoe_series("B14", begin, end, "PT15M", {1: 500.0}, curve="A03"),
        entsoe_series("B10", begin, end, "PT60M", {1: 900.0}, direction="out", curve="A03"),
    ]
    return Reply(entsoe_document(*series))


def _packed(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)


def entsoe_document(*series: str) -> str:
    space = "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"
    root = "GL_MarketDocument"
    return f'<?xml version="1.0"?><{root} xmlns="{space}">{"".join(series)}</{root}>'


def entsoe_series(
    kind: str,
    start: datetime,
    end: datetime,
    resolution: str,
    points: Mapping[int, object],
    *,
    curve: str = "A01",
    direction: str = "in",
) -> str:
    inner = "".join(
        f"<Point><position>{position}</position><quantity>{mw}</quantity></Point>"
        for position, mw in points.items()
    )
    return (
        f"<TimeSeries><{direction}BiddingZone_Domain.mRID>10Y</{direction}BiddingZone_Domain.mRID>"
        f"<curveType>{curve}</curveType><MktPSRType><psrType>{kind}</psrType></MktPSRType>"
        f"<Period><timeInterval><start>{_minute(start)}</start><end>{_minute(end)}</end>"
        f"</timeInterval><resolution>{resolution}</resolution>{inner}</Period></TimeSeries>"
    )


def open_electricity_api(asked: Asked) -> Reply:
    query = asked.params
    begin, end = (datetime.fromisoformat(query[name]) for name in ("date_start", "date_end"))
    if begin.tzinfo is not None:
        return as_json({"detail": "Date start must be timezone naive and in network time"}, 400)
    if end - begin > timedelta(days=32):
        return as_json({"success": False, "error": "Date range too large for 1h interval."}, 400)
    offset = "+08:00" if "WEM" in asked.path else "+10:00"
    hours = [f"{at.isoformat()}{offset}" for at in steps(begin, end, 60)]
    columns = {"region": query["network_region"]}
    data = [
        {
            "metric": metric,
            "results": [{"columns": columns, "data": [[hour, value] for hour in hours]}],
        }
        for metric, value in (("energy", 1000.0), ("emissions", float(VALUE)))
    ]
    return as_json({"version": "4.4.5", "success": True, "error": None, "data": data})


class Api(Struct, frozen=True):
    """A provider with the double of its service.

    Attributes:
        value: what it gives for any time, g/kWh.
        minutes: its step.
        longest: what one question may span.
    """

    plugin: ModuleType
    zone: str
    answer: Callable[[Asked], Reply]
    minutes: int
    longest: timedelta
    value: float = VALUE
    key: str | None = None

    @property
    def name(self) -> str:
        return self.plugin.__name__.rpartition(".")[2]


KEY = "s3cret-key-0123456789"
MIX = (490 + 12) / 2
"""Half gas, half nuclear."""

APIS = (
    Api(uk_carbon, "GB", uk_carbon_api, 30, timedelta(days=14)),
    Api(uk_carbon, "GB-3", uk_carbon_api, 30, timedelta(days=14)),
    Api(energy_charts, "DE", energy_charts_api, 15, timedelta(days=366)),
    Api(energi_data_service, "DK-DK2", energi_data_service_api, 5, timedelta(days=31)),
    Api(odre, "FR", odre_api, 15, timedelta(days=31)),
    Api(electricity_maps, "SE-SE4", electricity_maps_api, 60, timedelta(days=10), key=KEY),
    Api(watttime, "CAISO_NORTH", watttime_api, 5, timedelta(days=32), key=f"ada:{KEY}"),
    Api(eia, "US-CAL-CISO", eia_api, 60, timedelta(days=13), MIX, KEY),
    Api(entsoe, "NO-NO5", entsoe_api, 15, timedelta(days=366), MIX, KEY),
    Api(open_electricity, "AU-NSW", open_electricity_api, 60, timedelta(days=32), key=KEY),
)
