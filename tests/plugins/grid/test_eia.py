from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import KEY, eia_api
from fakes.http_server import Asked, Reply
from tracker.errors import GridUnavailable, IntensityMissing, ZoneUnknown
from tracker.grid import eia
from tracker.model.carbon import Scope

Stand = Any
Sample = Callable[[str], str]
END_OF_HOUR = datetime(2026, 8, 20, 11, tzinfo=UTC)


def opened(stand: Stand) -> Any:
    return stand.open(eia, KEY)


def rows(*found: tuple[str, str, object], total: object = None) -> Reply:
    data = [{"period": at, "fueltype": fuel, "value": value} for at, fuel, value in found]
    return Reply(json.dumps({"response": {"total": total or str(len(data)), "data": data}}))


def test_a_period_is_the_hour_that_ends_then(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("eia-v2-fuel-type-data.json")))
    start = END_OF_HOUR - timedelta(hours=1)
    (found,) = opened(stand).intensity("US-CAL-CISO", start, END_OF_HOUR)
    assert (found.valid_from, found.valid_to) == (start, END_OF_HOUR)
    assert found.g_per_kwh == 490  # gas alone: solar is negative at night, coal is null
    assert found.scope is Scope.LIFECYCLE
    (asked,) = stand.server.asked
    assert asked.path == "/electricity/rto/fuel-type-data/data/"
    assert asked.params["start"] == "2026-08-20T11"
    assert asked.params["end"] == "2026-08-20T11"
    assert asked.params["facets[respondent][]"] == "CISO"


def test_two_codes_of_one_fuel_add_up(stand: Stand) -> None:
    at = "2026-08-20T11"
    stand.server.says(rows((at, "SUN", 100), (at, "SNB", "100"), (at, "NG", 200), (at, "UES", 9)))
    (found,) = opened(stand).intensity("CISO", END_OF_HOUR - timedelta(hours=1), END_OF_HOUR)
    assert found.g_per_kwh == (490 + 48) / 2
    assert found.zone == "US-CAL-CISO"


def test_a_hole_in_a_big_fuel_is_a_gap(stand: Stand) -> None:
    stand.server.says(
        rows(
            ("2026-08-20T11", "NG", "50"),
            ("2026-08-20T11", "WAT", "50"),
            ("2026-08-20T12", "NG", None),
            ("2026-08-20T12", "WAT", "50"),
            ("2026-08-20T13", "NG", "n/a"),
            ("2026-08-20T13", "WAT", "50"),
        )
    )
    start = END_OF_HOUR - timedelta(hours=1)
    found = opened(stand).intensity("US-CAL-CISO", start, start + timedelta(hours=3))
    assert [one.valid_to for one in found] == [END_OF_HOUR]


def paged(asked: Asked, hours: int) -> Reply:
    """As the service answers, but with pages of some hours."""
    short = (*asked.query[:-1], ("length", str(4 * hours)))
    return eia_api(Asked(asked.method, asked.path, short, asked.headers))


def test_a_long_answer_comes_in_pages_whatever_their_length(stand: Stand) -> None:
    stand.server.answers(lambda asked: paged(asked, hours=3))
    start = END_OF_HOUR - timedelta(hours=10)
    assert len(opened(stand).intensity("US-CAL-CISO", start, END_OF_HOUR)) == 10
    assert [asked.params["offset"] for asked in stand.server.asked] == ["0", "12", "24", "36"]


def test_pages_without_end_are_an_error(stand: Stand) -> None:
    stand.server.answers(lambda asked: paged(asked, hours=1))
    with pytest.raises(GridUnavailable, match="more than 5 pages"):
        opened(stand).intensity("US-CAL-CISO", END_OF_HOUR - timedelta(hours=10), END_OF_HOUR)


def test_an_authority_it_no_longer_has_is_empty(stand: Stand) -> None:
    stand.server.says(Reply('{"response": {"total": "0", "data": []}}'))
    with pytest.raises(IntensityMissing, match="zone US-FLA-NSB"):
        opened(stand).intensity("US-FLA-NSB", END_OF_HOUR, END_OF_HOUR)


@pytest.mark.parametrize("name", ["missing", "invalid"])
def test_a_key_that_is_refused_is_named_and_not_shown(
    stand: Stand, sample: Sample, name: str
) -> None:
    stand.server.says(Reply(sample(f"eia-error-403-{name}.json"), status=403))
    with pytest.raises(GridUnavailable, match="api_key") as caught:
        opened(stand).intensity("US-CAL-CISO", END_OF_HOUR, END_OF_HOUR)
    assert "TRACKER_GRID_EIA_KEY" in str(caught.value)
    assert KEY not in str(caught.value)


def test_its_own_error_is_repeated(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("eia-error-400.json"), status=400))
    with pytest.raises(GridUnavailable, match="Invalid frequency"):
        opened(stand).intensity("US-CAL-CISO", END_OF_HOUR, END_OF_HOUR)


@pytest.mark.parametrize("period", ["2026-08-20", "2026-08-20T11-07", None, 5])
def test_a_period_that_is_no_hour_is_refused(stand: Stand, period: Any) -> None:
    stand.server.says(rows((period, "NG", "1")))
    with pytest.raises(GridUnavailable, match="without an hourly period"):
        opened(stand).intensity("US-CAL-CISO", END_OF_HOUR, END_OF_HOUR)


def test_a_subregion_is_no_balancing_authority(stand: Stand) -> None:
    with pytest.raises(ZoneUnknown, match="eia has no zone 'US-CAMX'"):
        opened(stand).intensity("US-CAMX", END_OF_HOUR, END_OF_HOUR)
