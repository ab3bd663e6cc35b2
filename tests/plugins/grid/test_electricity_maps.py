from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import KEY, electricity_maps_api
from fakes.http_server import Asked, Reply
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid import electricity_maps
from tracker.model.carbon import Scope

Stand = Any
Sample = Callable[[str], str]
THEN = datetime(2026, 8, 22, 17, tzinfo=UTC)


def opened(stand: Stand, **options: object) -> Any:
    return stand.open(electricity_maps, KEY, **options)


def test_every_question_names_zone_and_scope_and_looks_up_nobody(stand: Stand) -> None:
    stand.server.answers(electricity_maps_api)
    grid = opened(stand)
    grid.intensity("FR", stand.now - timedelta(hours=2), stand.now)
    grid.intensity("FR", stand.now - timedelta(days=3), stand.now - timedelta(days=2))
    grid.forecast("FR")
    assert len(stand.server.asked) == 4  # history, latest, past-range, forecast
    for asked in stand.server.asked:
        assert asked.params["zone"] == "FR"
        assert asked.params["disableCallerLookup"] == "true"
        assert asked.params["emissionFactorType"] == "lifecycle"
        assert asked.headers["auth-token"] == KEY
        assert KEY not in asked.path
        assert KEY not in str(asked.query)


def test_the_hour_under_way_comes_from_latest(stand: Stand, sample: Sample) -> None:
    stand.now = THEN + timedelta(minutes=30)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("latest"):
            return Reply(sample("electricitymaps-v4-latest.json"))
        return Reply('{"zone": "DK-DK2", "history": []}')

    stand.server.answers(answer)
    (found,) = opened(stand).intensity("DK-DK2", THEN, stand.now)
    assert (found.g_per_kwh, found.estimated, found.scope) == (75, True, Scope.LIFECYCLE)
    assert (found.valid_from, found.valid_to) == (THEN, THEN + timedelta(hours=1))


def test_what_is_older_than_a_day_comes_from_the_past(stand: Stand, sample: Sample) -> None:
    start = datetime(2024, 3, 18, 2, tzinfo=UTC)
    stand.server.says(Reply(sample("electricitymaps-v4-past-range.json")))
    found = opened(stand).intensity("DK-DK2", start, start + timedelta(hours=2))
    assert [(one.g_per_kwh, one.estimated) for one in found] == [(161, False), (167, False)]
    assert stand.server.asked[0].path == "/carbon-intensity/past-range"


def test_the_recorded_forecast_is_read(stand: Stand, sample: Sample) -> None:
    stand.now = THEN
    stand.server.says(Reply(sample("electricitymaps-v4-forecast.json")))
    found = opened(stand).forecast("DK-DK2")
    assert len(found) == 25
    assert (found[0].g_per_kwh, found[0].valid_from) == (77, THEN)


def test_direct_emissions_are_asked_for_as_a_scope(stand: Stand) -> None:
    stand.server.answers(electricity_maps_api)
    found = opened(stand, scope=Scope.DIRECT).intensity("FR", stand.now, stand.now)
    assert found[0].scope is Scope.DIRECT
    assert stand.server.asked[0].params["emissionFactorType"] == "direct"


def test_an_answer_of_another_scope_is_refused(stand: Stand, sample: Sample) -> None:
    stand.now = THEN
    body = json.loads(sample("electricitymaps-v4-latest.json")) | {"emissionFactorType": "direct"}
    stand.server.says(Reply(json.dumps(body | {"history": [body]})))
    with pytest.raises(GridUnavailable, match="another scope than lifecycle"):
        opened(stand).intensity("DK-DK2", THEN, THEN)


def test_an_answer_for_another_place_is_refused(stand: Stand, sample: Sample) -> None:
    stand.now = THEN
    stand.server.says(Reply(sample("electricitymaps-v4-forecast.json")))
    with pytest.raises(GridUnavailable, match="another zone than FR"):
        opened(stand).forecast("FR")


def test_a_sandbox_keys_random_data_are_refused(stand: Stand, sample: Sample) -> None:
    stand.now = THEN
    body = json.loads(sample("electricitymaps-v4-sandbox-latest.json"))
    hour = {name: value for name, value in body.items() if name != "_disclaimer"}
    for answer in (body, hour, {"zone": "DK-DK2", "history": [hour]}):
        stand.server.says(Reply(json.dumps({"history": []} | answer)))
        with pytest.raises(GridUnavailable, match="the key is a sandbox one"):
            opened(stand).intensity("DK-DK2", THEN, THEN)


def test_a_401_that_means_a_rate_limit_passes(stand: Stand, sample: Sample) -> None:
    refusal = Reply(sample("electricitymaps-error-401-invalid-token.json"), status=401)
    left = [refusal, refusal]
    stand.server.answers(lambda asked: left.pop() if left else electricity_maps_api(asked))
    assert opened(stand).intensity("FR", stand.now, stand.now)
    assert stand.slept == [1.0, 2.0]


def test_a_key_that_stays_refused_is_bad(stand: Stand, sample: Sample) -> None:
    refusal = Reply(sample("electricitymaps-error-401-invalid-token.json"), status=401)
    stand.server.says(refusal)
    with pytest.raises(GridUnavailable, match="TRACKER_GRID_ELECTRICITY_MAPS_KEY") as caught:
        opened(stand).intensity("FR", stand.now, stand.now)
    assert caught.value.status == 401
    assert len(stand.server.asked) == 3


def test_hours_that_the_plan_lacks_do_not_cost_those_it_has(stand: Stand, sample: Sample) -> None:
    refusal = Reply(sample("electricitymaps-error-401-no-access.json"), status=401)

    def answer(asked: Asked) -> Reply:
        return refusal if "past-range" in asked.path else electricity_maps_api(asked)

    stand.server.answers(answer)
    found = opened(stand).intensity("FR", stand.now - timedelta(hours=30), stand.now)
    assert found[0].valid_from == stand.now.replace(minute=0) - timedelta(hours=23)
    assert found[-1].valid_to > stand.now
    (told,) = stand.told
    assert "nothing before the last day" in told
    assert "Request unauthorized" in told


def test_a_time_in_the_past_and_today_is_joined(stand: Stand) -> None:
    stand.server.answers(electricity_maps_api)
    found = opened(stand).intensity("FR", stand.now - timedelta(hours=30), stand.now)
    assert len(found) == 31
    paths = [asked.path.rpartition("/")[2] for asked in stand.server.asked]
    assert paths == ["history", "latest", "past-range"]


def test_what_the_plan_lacks_is_asked_once(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("electricitymaps-error-401-no-access.json"), status=401))
    with pytest.raises(GridUnavailable, match="Request unauthorized for zoneKey"):
        opened(stand).intensity("PT", stand.now - timedelta(days=9), stand.now)
    assert len(stand.server.asked) == 1


def test_a_zone_it_does_not_have_is_unknown(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("electricitymaps-error-404.json"), status=404))
    with pytest.raises(ZoneUnknown, match="no zone 'XX'"):
        opened(stand).intensity("XX", stand.now, stand.now)


@pytest.mark.parametrize("zone", ["US-CAMX", "EU", "WORLD", "fixed"])
def test_a_zone_of_the_yearly_table_is_not_asked_for(stand: Stand, zone: str) -> None:
    with pytest.raises(ZoneUnknown, match=f"'{zone}' is no zone of electricity_maps"):
        opened(stand).intensity(zone, stand.now, stand.now)
    assert stand.server.asked == []


def test_its_own_error_is_repeated(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("electricitymaps-error-400.json"), status=400))
    with pytest.raises(GridUnavailable, match="Expected one of latest"):
        opened(stand).intensity("FR", stand.now, stand.now)


def test_a_cloud_region_is_its_grid(stand: Stand) -> None:
    stand.server.answers(electricity_maps_api)
    found = opened(stand).intensity("aws:us-west-1", stand.now, stand.now)
    assert found[0].zone == "US-CAL-CISO"
    assert {"FR", "DK-DK1", "SE-SE4", "US-CAL-CISO", "NA"} <= set(opened(stand).zones())


def test_a_place_on_the_map_is_asked_for_once_and_then_by_its_zone(
    stand: Stand, sample: Sample
) -> None:
    stand.now = THEN

    def answer(asked: Asked) -> Reply:
        name = "forecast" if asked.path.endswith("forecast") else "latest"
        return Reply(sample(f"electricitymaps-v4-{name}.json"))

    stand.server.answers(answer)
    grid = opened(stand)
    assert {one.zone for one in grid.forecast("DK@55.7,12.6")} == {"DK-DK2"}
    grid.forecast("DK@55.7,12.6")
    found, *by_zone = stand.server.asked
    assert (found.params["lat"], found.params["lon"]) == ("55.7", "12.6")
    assert "zone" not in found.params
    assert found.params["disableCallerLookup"] == "true"
    assert [asked.params["zone"] for asked in by_zone] == ["DK-DK2", "DK-DK2"]


@pytest.mark.parametrize("body", ["{}", "[]", '{"zone": 3}', '{"zone": ""}'])
def test_a_place_for_which_it_names_no_zone_has_none(stand: Stand, body: str) -> None:
    stand.server.says(Reply(body))
    with pytest.raises(GridUnavailable, match="no zone"):
        opened(stand).forecast("DK@55.7,12.6")
