"""What holds for every provider that is asked over the network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.grid_apis import APIS, KEY, NOW, Api
from fakes.http_server import Asked, Reply
from tracker.errors import GridError, GridUnavailable, IntensityMissing, SettingsError, ZoneUnknown
from tracker.model.carbon import CarbonIntensity
from tracker.ports import discovery
from tracker.ports.grid import ForecastingGrid, Grid, facts_of

Stand = Any  # the class lies in conftest.py, which no test imports
HOUR = timedelta(hours=1)
START, END = NOW - 6 * HOUR, NOW - 2 * HOUR

every = pytest.mark.parametrize("api", APIS, ids=lambda api: f"{api.name}-{api.zone}")


def opened(stand: Stand, api: Api, **options: object) -> Grid:
    grid: Grid = stand.open(api.plugin, api.key, **options)
    return grid


def assert_joined(found: list[CarbonIntensity], start: datetime, end: datetime) -> None:
    """Without gap or overlap from before ``start`` to after ``end``, and nothing beyond."""
    assert found[0].valid_from <= start < found[0].valid_to
    assert found[-1].valid_from < end <= found[-1].valid_to
    for one, following in pairwise(found):
        assert one.valid_to == following.valid_from


def test_every_plugin_that_asks_is_tested_here() -> None:
    asking = {
        name
        for name in discovery.own_names("grid")
        if facts_of(discovery.load("grid", name)).home_url
    }
    assert asking == {api.name for api in APIS}


def test_the_page_of_providers_names_each_with_its_key_and_forecast() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/providers.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    for name in discovery.own_names("grid"):
        facts = facts_of(discovery.load("grid", name))
        key = rows[name].split("|")[-2].strip()
        assert (not key.startswith("none")) == facts.needs_key
        assert (rows[name].split("|")[-3].strip() != "-") == facts.forecasts


@every
def test_some_hours_are_covered_by_values_of_its_own(stand: Stand, api: Api) -> None:
    stand.server.answers(api.answer)
    found = list(opened(stand, api).intensity(api.zone, START, END))
    assert_joined(found, START, END)
    for one in found:
        assert one.g_per_kwh == pytest.approx(api.value)
        assert 0 < one.low < one.g_per_kwh < one.high < 2100
        assert (one.zone, one.provider) == (api.zone, api.name)
        assert one.valid_from.tzinfo is UTC
        assert one.valid_to - one.valid_from == timedelta(minutes=api.minutes)
        assert one.fetched_at == NOW
        assert one.signal in facts_of(api.plugin).signals
        assert one.scope in facts_of(api.plugin).scopes
        assert facts_of(api.plugin).attribution.split(";")[0].split(" (")[0] in one.source
    assert stand.told == []


@every
def test_an_instant_is_covered(stand: Stand, api: Api) -> None:
    stand.server.answers(api.answer)
    at = NOW - 3 * HOUR
    (found,) = opened(stand, api).intensity(api.zone, at, at)
    assert found.valid_from <= at < found.valid_to


@every
def test_a_long_time_is_cut_into_questions_that_it_takes(stand: Stand, api: Api) -> None:
    stand.server.answers(api.answer)
    start, end = NOW - timedelta(days=400), NOW - timedelta(days=360)
    found = list(opened(stand, api).intensity(api.zone, start, end))
    assert_joined(found, start, end)
    questions = [asked for asked in stand.server.asked if asked.path != "/login"]
    expected = -(-timedelta(days=40) // min(api.longest, timedelta(days=40)))
    assert expected <= len(questions) <= expected + 1


@every
@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_a_day_on_which_clocks_change_has_24_hours(stand: Stand, api: Api, day: datetime) -> None:
    stand.server.answers(api.answer)
    found = list(opened(stand, api).intensity(api.zone, day, day + timedelta(days=1)))
    assert_joined(found, day, day + timedelta(days=1))
    whole = sum((one.valid_to - one.valid_from for one in found), timedelta())
    assert whole == timedelta(days=1)


@every
def test_a_forecast_reaches_ahead_and_is_called_estimated(stand: Stand, api: Api) -> None:
    stand.server.answers(api.answer)
    grid = opened(stand, api)
    assert isinstance(grid, ForecastingGrid) == facts_of(api.plugin).forecasts
    if isinstance(grid, ForecastingGrid):
        found = list(grid.forecast(api.zone))
        assert found[0].valid_to > NOW
        assert found[0].valid_from <= NOW + timedelta(minutes=api.minutes)
        assert found[-1].valid_to > NOW + timedelta(days=1)
        assert_joined(found, found[0].valid_from, found[-1].valid_to)
        assert all(one.estimated for one in found)


@every
def test_no_question_without_leave(api: Api) -> None:
    grid = api.plugin.open(None, {"key": api.key} if api.key else {})
    assert api.zone in grid.zones() or api.name == "watttime"
    with pytest.raises(GridUnavailable, match=f"{api.name} is not asked, as the network"):
        grid.intensity(api.zone, START, END)


@every
def test_what_needs_a_key_says_how_to_set_it_and_asks_nothing(stand: Stand, api: Api) -> None:
    if not facts_of(api.plugin).needs_key:
        assert api.zone in facts_of(api.plugin).free_zones
        return
    grid = stand.open(api.plugin)
    with pytest.raises(GridUnavailable, match=f"TRACKER_GRID_{api.name.upper()}_KEY"):
        grid.intensity(api.zone, START, END)
    held_back = stand.open(api.plugin, key_problem="its key is not sent there")
    with pytest.raises(GridUnavailable, match="its key is not sent there"):
        held_back.intensity(api.zone, START, END)
    assert stand.server.asked == []


@every
@pytest.mark.parametrize("zone", ["xx", "", "GB-99", "../etc", "US-CAMX?x=1", "a b"])
def test_a_zone_that_is_none_is_not_asked_for(stand: Stand, api: Api, zone: str) -> None:
    with pytest.raises(ZoneUnknown) as caught:
        # The widest provider takes any key, and learns by asking.
        opened(stand, api).intensity("?" if (zone, api.name) in _KEYS else zone, START, END)
    assert api.name in str(caught.value)
    assert stand.server.asked == []


_KEYS = {("GB-99", "electricity_maps")}


@every
@pytest.mark.parametrize(("what", "value"), [("scope", "sideways"), ("signal", "loud")])
def test_an_option_that_it_does_not_have_is_refused(api: Api, what: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{api.name} has no {what} {value}; it has: "):
        api.plugin.open(None, {what: value})


# --- trouble ----------------------------------------------------------------------------

HTML = "<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>"
TROUBLE = {
    "401": Reply("no", status=401),
    "403 as a page": Reply(HTML, status=403),
    "404": Reply('{"message": "no such zone"}', status=404),
    "429": Reply("too many", status=429),
    "429 for a while": Reply("", status=429, headers={"Retry-After": "3"}),
    "429 for long": Reply("", status=429, headers={"Retry-After": "86400"}),
    "500": Reply(HTML, status=500),
    "empty": Reply(""),
    "truncated": Reply('{"data": [{"from": "2026-10-26T'),
    "HTML": Reply(HTML),
    "a list": Reply('[["2026-10-26T06:00Z", 120]]'),
    "a number": Reply("120"),
    "null": Reply("null"),
    "text": Reply('"fine"'),
    "an empty object": Reply("{}"),
    "an object with other names": Reply('{"data": {"values": 3}, "response": []}'),
    "too long": Reply(b"[" + b" " * (17 << 20) + b"]"),
    "a redirect loop": Reply(status=302, headers={"Location": "/again"}),
    "broken off": Reply('{"data": [', cut=True),
    "no text": Reply(b"\xff\xfe\x00\x01"),
}


@every
@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_is_an_error_of_ours_that_names_the_provider(
    stand: Stand, api: Api, what: str
) -> None:
    stand.server.says(TROUBLE[what])
    with pytest.raises(GridError) as caught:
        opened(stand, api).intensity(api.zone, START, END)
    assert api.name in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert len(stand.server.asked) <= 8


@every
@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_after_a_login_is_the_same(stand: Stand, api: Api, what: str) -> None:
    def answer(asked: Asked) -> Reply:
        return api.answer(asked) if asked.path == "/login" else TROUBLE[what]

    stand.server.answers(answer)
    with pytest.raises(GridError, match=api.name):
        opened(stand, api).intensity(api.zone, START, END)


@every
def test_it_answers_again_once_the_trouble_is_over(stand: Stand, api: Api) -> None:
    grid = opened(stand, api)
    stand.server.says(Reply(status=503))
    with pytest.raises(GridUnavailable):
        grid.intensity(api.zone, START, END)
    stand.server.answers(api.answer)
    assert_joined(list(grid.intensity(api.zone, START, END)), START, END)


def changed(value: Any, number: int, into: Any) -> Any:
    """The JSON value with its node ``number`` (in order of depth) replaced."""
    left = [number]

    def walk(node: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            return into
        if isinstance(node, dict):
            return {name: walk(one) for name, one in node.items()}
        return [walk(one) for one in node] if isinstance(node, list) else node

    return walk(value)


def changed_text(document: str, number: int, into: str) -> str:
    """The XML with what stands in its element ``number`` replaced."""
    texts = list(re.finditer(r">([^<>]+)<", document))
    start, end = texts[number % len(texts)].span(1)
    return document[:start] + into + document[end:]


STRANGE: list[object] = [None, [], {}, "x", "", -1, 1e9, True, [[]], float("nan"), 10**400]
STRANGE += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-10-26", 1 << 40, "9" * 400]


@every
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    number=st.integers(0, 40),
    into=st.sampled_from(STRANGE),
)
def test_an_answer_with_one_thing_wrong_gives_sound_values_or_an_error_of_ours(
    stand: Stand, api: Api, number: int, into: object
) -> None:
    def answer(asked: Asked) -> Reply:
        reply = api.answer(asked)
        if asked.path == "/login":
            return reply
        if api.name == "entsoe":
            return Reply(changed_text(str(reply.body), number, str(into)))
        return Reply(json.dumps(changed(json.loads(reply.body), number, into)))

    stand.server.answers(answer)
    found: list[CarbonIntensity] = []
    with suppress(GridError):
        found = list(opened(stand, api).intensity(api.zone, START, END))
    assert all(0 <= one.low <= one.g_per_kwh <= one.high < 2100 for one in found)
    assert all(one.valid_from < one.valid_to for one in found)


# --- single values ----------------------------------------------------------------------


def with_values(api: Api, change: Callable[[int], object]) -> Callable[[Asked], Reply]:
    """Its answers, the n-th value replaced by ``change(n)`` (of those near the top level)."""
    names = {"forecast", "actual", "CO2Emission", "taux_co2", "carbonIntensity", "value"}

    def answer(asked: Asked) -> Reply:
        count = [0]

        def walk(node: Any) -> Any:
            if isinstance(node, dict):
                return {name: put(name, one) for name, one in node.items()}
            return [walk(one) for one in node] if isinstance(node, list) else node

        def put(name: str, one: Any) -> Any:
            if name in names and not isinstance(one, (list, dict)):
                count[0] += 1
                return change(count[0])
            if name == "co2eq":
                return [change(number) for number in range(1, len(one) + 1)]
            return walk(one)

        reply = api.answer(asked)
        return reply if asked.path == "/login" else Reply(json.dumps(walk(json.loads(reply.body))))

    return answer


DIRECT = [api for api in APIS if api.name not in {"eia", "entsoe", "open_electricity"}]
direct = pytest.mark.parametrize("api", DIRECT, ids=lambda api: f"{api.name}-{api.zone}")


@direct
@pytest.mark.parametrize("value", [-1, -0.001, 1e5, "12", True, [3], {"a": 1}, float("inf")])
def test_a_value_that_no_grid_has_is_refused(stand: Stand, api: Api, value: object) -> None:
    stand.server.answers(with_values(api, lambda _: value))
    with pytest.raises(GridError) as caught:
        opened(stand, api).intensity(api.zone, START, END)
    assert api.name in str(caught.value)
    if isinstance(value, (int, float)):
        assert isinstance(caught.value, IntensityMissing)
        assert api.zone in str(caught.value)
        assert "refused" in str(caught.value)


@direct
def test_null_is_no_zero_but_a_gap(stand: Stand, api: Api) -> None:
    stand.server.answers(with_values(api, lambda _: None))
    with pytest.raises(IntensityMissing, match=f"{api.name} has no intensity for zone {api.zone}"):
        opened(stand, api).intensity(api.zone, START, END)


@direct
def test_one_bad_value_costs_its_own_time_and_is_told(stand: Stand, api: Api) -> None:
    stand.server.answers(with_values(api, lambda number: -5 if number in {5, 6} else 100))
    found = opened(stand, api).intensity(api.zone, START, END)
    if stand.told:
        (told,) = stand.told
        assert told.startswith(f"{api.name}: ")
        assert f"values of zone {api.zone} are refused, such as '-" in told
        assert any(one.valid_to < two.valid_from for one, two in pairwise(found))
    assert all(one.g_per_kwh > 0 for one in found)
    assert api.name == "electricity_maps" or stand.told
