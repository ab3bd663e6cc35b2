from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import watttime_api
from fakes.http_server import Asked, Reply
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid import watttime
from tracker.model.carbon import Scope, Signal

Stand = Any
Sample = Callable[[str], str]
KEY = "ada:lovelace 1815"
START = datetime(2022, 7, 15, tzinfo=UTC)


def opened(stand: Stand, **options: object) -> Any:
    return stand.open(watttime, KEY, **options)


def after_login(sample: Sample, reply: Reply) -> Callable[[Asked], Reply]:
    login = Reply(sample("watttime-login.json"))
    return lambda asked: login if asked.path == "/login" else reply


def test_pounds_a_megawatt_hour_become_grams(stand: Stand, sample: Sample) -> None:
    stand.server.answers(after_login(sample, Reply(sample("watttime-historical.json"))))
    found = opened(stand).intensity("CAISO_NORTH", START, START + timedelta(minutes=10))
    assert found[0].g_per_kwh == pytest.approx(394.625, abs=0.001)
    assert found[1].g_per_kwh == pytest.approx(390.089, abs=0.001)
    assert (found[0].signal, found[0].scope) == (Signal.MARGINAL, Scope.DIRECT)
    assert (found[0].valid_from, found[0].valid_to) == (START, START + timedelta(minutes=5))
    assert found[0].estimated
    login, asked = stand.server.asked
    assert login.headers["authorization"] == f"Basic {base64.b64encode(KEY.encode()).decode()}"
    assert asked.headers["authorization"] == "Bearer abcdef0123456789fedcabc"
    assert asked.params["signal_type"] == "co2_moer"
    assert asked.params["region"] == "CAISO_NORTH"


def test_the_average_is_another_signal(stand: Stand, sample: Sample) -> None:
    stand.server.answers(after_login(sample, Reply(sample("watttime-historical.json"))))
    (found,) = opened(stand, signal=Signal.AVERAGE).intensity("CAISO_NORTH", START, START)
    assert found.signal is Signal.AVERAGE
    assert stand.server.asked[1].params["signal_type"] == "co2_aoer"


def test_the_recorded_forecast_is_read(stand: Stand, sample: Sample) -> None:
    stand.now = START
    stand.server.answers(after_login(sample, Reply(sample("watttime-forecast.json"))))
    assert len(opened(stand).forecast("CAISO_NORTH")) == 12


def test_the_percentile_index_is_never_booked_as_grams(stand: Stand, sample: Sample) -> None:
    stand.server.answers(after_login(sample, Reply(sample("watttime-signal-index.json"))))
    with pytest.raises(GridUnavailable, match="another unit than lbs_co2_per_mwh"):
        opened(stand).intensity("PSCO", START, START)


def test_one_login_does_for_many_questions(stand: Stand) -> None:
    stand.server.answers(watttime_api)
    grid = opened(stand)
    for _ in range(3):
        grid.intensity("CAISO_NORTH", START, START)
    assert [asked.path for asked in stand.server.asked].count("/login") == 1


def test_a_token_that_ran_out_is_renewed_once(stand: Stand, sample: Sample) -> None:
    stand.server.answers(watttime_api)
    grid = opened(stand)
    grid.intensity("CAISO_NORTH", START, START)
    expired = Reply(sample("watttime-error-401-missing-token.txt"), status=401)
    left = [expired]

    def once(asked: Asked) -> Reply:
        return left.pop() if left and asked.path != "/login" else watttime_api(asked)

    stand.server.answers(once)
    assert grid.intensity("CAISO_NORTH", START, START)
    assert [asked.path for asked in stand.server.asked].count("/login") == 2
    stand.server.answers(after_login(sample, expired))
    with pytest.raises(GridUnavailable) as caught:
        grid.intensity("CAISO_NORTH", START, START)
    assert caught.value.status == 401
    assert [asked.path for asked in stand.server.asked].count("/login") == 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused_by_a_page_names_the_setting(stand: Stand, status: int) -> None:
    stand.server.says(Reply("<html><title>Forbidden</title></html>", status=status))
    with pytest.raises(GridUnavailable, match="watttime refuses user or password") as caught:
        opened(stand).intensity("CAISO_NORTH", START, START)
    assert "TRACKER_GRID_WATTTIME_KEY" in str(caught.value)
    assert "lovelace" not in str(caught.value)
    assert len(stand.server.asked) == 1


@pytest.mark.parametrize("body", ['{"token": 3}', '{"token": "a\\nb"}', "{}", "[]"])
def test_a_token_that_is_none_is_not_sent(stand: Stand, body: str) -> None:
    stand.server.says(Reply(body))
    with pytest.raises(GridUnavailable, match=r"watttime .*gave no token"):
        opened(stand).intensity("CAISO_NORTH", START, START)
    assert len(stand.server.asked) == 1


def test_a_key_without_a_password_is_not_sent(stand: Stand) -> None:
    with pytest.raises(GridUnavailable, match="must be user:password"):
        stand.open(watttime, "just-a-key").intensity("CAISO_NORTH", START, START)
    assert stand.server.asked == []


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("watttime-error-400.json", 400, "invalid parameters"),
        ("watttime-error-403-scope.json", 403, "Invalid scope"),
    ],
)
def test_its_own_error_is_repeated(
    stand: Stand, sample: Sample, name: str, status: int, words: str
) -> None:
    stand.server.answers(after_login(sample, Reply(sample(name), status=status)))
    with pytest.raises(GridUnavailable, match=words):
        opened(stand).intensity("CAISO_NORTH", START, START)


def test_zones_lead_to_regions_where_that_is_clear(stand: Stand) -> None:
    stand.server.answers(watttime_api)
    for zone, key, region in (
        ("aws:us-west-1", "US-CAL-CISO", "CAISO_NORTH"),
        ("DE", "DE", "DE"),
        ("GB", "GB", "UK"),
        ("PSCO", "PSCO", "PSCO"),
    ):
        (found,) = opened(stand).intensity(zone, START, START)
        assert (found.zone, stand.server.asked[-1].params["region"]) == (key, region)
    with pytest.raises(ZoneUnknown, match="knows no region for zone 'US-CAL-CISO'"):
        opened(stand).intensity("US-CAL-CISO", START, START)
    stand.server.answers(
        lambda asked: watttime_api(asked) if asked.path == "/login" else Reply(status=404)
    )
    with pytest.raises(ZoneUnknown, match="no region 'NOWHERE'"):
        opened(stand).intensity("NOWHERE", START, START)


def test_a_place_on_the_map_is_asked_for_once_and_then_by_its_region(stand: Stand) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path != "/v3/region-from-loc":
            return watttime_api(asked)
        return Reply('{"region": "CAISO_NORTH", "signal_type": "co2_moer"}')

    stand.server.answers(answer)
    grid = opened(stand)
    for _ in range(2):
        (found,) = grid.intensity("WORLD@37.8,-122.4", START, START)
        assert found.zone == "CAISO_NORTH"
    place, *rest = (asked for asked in stand.server.asked if asked.path != "/login")
    assert (place.params["latitude"], place.params["longitude"]) == ("37.8", "-122.4")
    assert [asked.params["region"] for asked in rest] == ["CAISO_NORTH", "CAISO_NORTH"]


def test_a_place_that_it_does_not_cover_is_unknown(stand: Stand) -> None:
    body = '{"error": "No coverage available for these coordinates and signal_type"}'
    stand.server.answers(
        lambda asked: watttime_api(asked) if asked.path == "/login" else Reply(body, status=404)
    )
    with pytest.raises(ZoneUnknown, match="WORLD@0,0"):
        opened(stand).intensity("WORLD@0,0", START, START)


def test_its_own_region_beside_a_grid_is_asked_for(stand: Stand) -> None:
    stand.server.answers(watttime_api)
    (found,) = opened(stand).intensity("US-CAL-CISO@CAISO_NORTH", START, START)
    assert found.zone == "CAISO_NORTH"
    assert stand.server.asked[-1].params["region"] == "CAISO_NORTH"
