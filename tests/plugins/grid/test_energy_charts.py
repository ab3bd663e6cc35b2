from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import energy_charts_api
from fakes.http_server import Reply
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid import energy_charts
from tracker.model.carbon import Scope

Stand = Any
DAY = datetime(2026, 10, 4, tzinfo=UTC)


def test_the_recorded_day_is_read_actual_values_first(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    stand.server.says(Reply(sample("energycharts-co2eq-fr.json")))
    start = datetime(2026, 10, 3, 22, tzinfo=UTC)
    found = stand.open(energy_charts).intensity("FR", start, start + timedelta(days=2))
    assert len(found) == 24 + 75
    assert (found[0].valid_from, found[0].g_per_kwh, found[0].estimated) == (start, 64.8, False)
    assert (found[24].g_per_kwh, found[24].estimated) == (49.4, True)
    assert found[0].valid_to == start + timedelta(minutes=15)
    assert found[0].scope is Scope.UNKNOWN
    (asked,) = stand.server.asked
    assert asked.params == {
        "country": "fr",
        "start": "2026-10-03T22:00Z",
        "end": "2026-10-05T22:00Z",
    }


def test_the_forecast_leaves_out_what_is_measured(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    stand.server.says(Reply(sample("energycharts-co2eq-fr.json")))
    stand.now = datetime(2026, 10, 4, 3, 50, tzinfo=UTC)
    found = stand.open(energy_charts).forecast("FR")
    assert found[0].valid_from == datetime(2026, 10, 4, 4, tzinfo=UTC)
    assert len(found) == 75


def test_a_country_that_it_does_not_have_is_unknown(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    stand.server.says(Reply(sample("energycharts-error-400.txt"), status=400))
    with pytest.raises(ZoneUnknown, match="no country 'tr'"):
        stand.open(energy_charts).intensity("TR", DAY, DAY)


def test_areas_of_a_country_are_not_its(stand: Stand) -> None:
    with pytest.raises(ZoneUnknown, match="whole countries"):
        stand.open(energy_charts).intensity("DK-DK1", DAY, DAY)


def test_hours_of_older_years_are_hours(stand: Stand) -> None:
    stamps = [int(DAY.timestamp()) + 3600 * n for n in range(3)]
    answer = {"unix_seconds": stamps, "co2eq": [1.0, None, 3.0], "deprecated": False}
    stand.server.says(Reply(json.dumps(answer)))
    found = stand.open(energy_charts).intensity("DE", DAY, DAY + timedelta(hours=3))
    assert [one.valid_from.hour for one in found] == [0, 2]
    assert found[0].valid_to == DAY + timedelta(hours=1)


def test_a_repeated_time_counts_once_and_a_step_of_nothing_is_none(stand: Stand) -> None:
    stamps = [int(DAY.timestamp()) + s for s in (0, 900, 900, 1800)]
    answer = {"unix_seconds": stamps, "co2eq": [1.0, 2.0, 2.5, 3.0], "co2eq_forecast": None}
    stand.server.says(Reply(json.dumps(answer)))
    found = stand.open(energy_charts).intensity("DE", DAY, DAY + timedelta(hours=1))
    assert [one.g_per_kwh for one in found] == [1.0, 2.5, 3.0]


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0]])
def test_lists_of_different_lengths_are_refused(stand: Stand, values: list[float]) -> None:
    stamps = [int(DAY.timestamp()), int(DAY.timestamp()) + 900]
    stand.server.says(Reply(json.dumps({"unix_seconds": stamps, "co2eq": values})))
    with pytest.raises(GridUnavailable, match="different lengths"):
        stand.open(energy_charts).intensity("DE", DAY, DAY)


def test_the_third_call_in_a_minute_waits(stand: Stand) -> None:
    stand.server.answers(energy_charts_api)
    for country in ("DE", "FR", "PL"):
        stand.open(energy_charts).intensity(country, DAY, DAY)
    assert stand.slept == [60.0]


def test_a_refusal_with_its_time_is_kept_to(stand: Stand) -> None:
    stand.server.says(Reply(status=429, headers={"Retry-After": "300"}))
    for _ in range(3):
        with pytest.raises(GridUnavailable) as caught:
            stand.open(energy_charts).intensity("DE", DAY, DAY)
        assert caught.value.retry_after_s == pytest.approx(300)
    assert len(stand.server.asked) == 1
