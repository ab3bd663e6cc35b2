from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.http_server import Reply
from tracker.errors import GridUnavailable, IntensityMissing
from tracker.grid import uk_carbon
from tracker.model.carbon import Scope

Stand = Any
START, END = datetime(2018, 1, 20, 12, tzinfo=UTC), datetime(2018, 1, 20, 13, tzinfo=UTC)


def test_the_recorded_range_is_read_and_clipped(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.server.says(Reply(sample("ukcarbon-intensity-range.json")))
    found = stand.open(uk_carbon).intensity("GB", START, END)
    assert [(one.valid_from.hour, one.valid_from.minute, one.g_per_kwh) for one in found] == [
        (12, 0, 263),
        (12, 30, 261),
    ]
    assert [one.estimated for one in found] == [False, True]
    assert found[0].scope is Scope.DIRECT
    assert found[1].high / found[1].low > found[0].high / found[0].low
    (asked,) = stand.server.asked
    assert asked.path == "/intensity/2018-01-20T12:00Z/2018-01-20T13:00Z"


def test_a_region_has_forecasts_alone_whether_in_a_list_or_an_object(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    as_list = json.loads(sample("ukcarbon-regional-postcode.json"))
    for data in (as_list["data"], as_list["data"][0]):
        stand.server.says(Reply(json.dumps({"data": data})))
        (found,) = stand.open(uk_carbon).intensity("GB-3", START, START)
        assert (found.g_per_kwh, found.estimated, found.zone) == (266, True, "GB-3")
    assert stand.server.asked[0].path.startswith("/regional/intensity/2018-01-20T12:00Z/")
    assert stand.server.asked[0].path.endswith("/regionid/3")


def test_a_region_without_values_is_missing(stand: Stand) -> None:
    stand.server.says(Reply('{"data": []}'))
    with pytest.raises(IntensityMissing, match="zone GB-3"):
        stand.open(uk_carbon).intensity("GB-3", START, END)


def test_data_that_stop_before_the_end_leave_the_rest_open(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    stand.server.says(Reply(sample("ukcarbon-intensity-range.json")))
    found = stand.open(uk_carbon).intensity("GB", START, datetime(2018, 1, 21, tzinfo=UTC))
    assert found[-1].valid_to == END


def test_its_own_error_is_repeated(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.server.says(Reply(sample("ukcarbon-error-400.json"), status=400))
    with pytest.raises(GridUnavailable, match=r"answered 400.*Please enter a valid date"):
        stand.open(uk_carbon).intensity("GB", START, END)


def test_zones_have_names(stand: Stand) -> None:
    zones = stand.open(uk_carbon).zones()
    assert len(zones) == 18
    assert (zones["GB"], zones["GB-13"]) == ("Great Britain", "London, GB")


def test_a_british_cloud_region_is_the_whole(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.server.says(Reply(sample("ukcarbon-intensity-range.json")))
    assert stand.open(uk_carbon).intensity("aws:eu-west-2", START, END)[0].zone == "GB"
