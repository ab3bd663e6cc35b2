from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.http_server import Reply
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid import energi_data_service
from tracker.model.carbon import Scope

Stand = Any
AT = datetime(2026, 10, 6, 2, 45, tzinfo=UTC)


@pytest.mark.parametrize(("zone", "value"), [("DK-DK1", 75), ("DK-DK2", 44), ("DK2", 44)])
def test_the_recorded_answer_is_read_in_utc_for_its_own_area(
    stand: Stand, sample: Callable[[str], str], zone: str, value: float
) -> None:
    stand.server.says(Reply(sample("energidataservice-CO2Emis.json")))
    (found,) = stand.open(energi_data_service).intensity(zone, AT, AT + timedelta(minutes=1))
    assert found.g_per_kwh == value
    assert (found.valid_from, found.valid_to) == (AT, AT + timedelta(minutes=5))
    assert found.zone == f"DK-DK{zone[-1]}"
    assert (found.scope, found.estimated) == (Scope.DIRECT, False)
    (asked,) = stand.server.asked
    assert asked.path == "/dataset/CO2Emis"
    assert asked.params["timezone"] == "UTC"
    assert asked.params["start"] == "2026-10-06T02:45"
    assert asked.params["filter"] == f'{{"PriceArea":["DK{zone[-1]}"]}}'


def test_the_recorded_forecast_is_read(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.now = AT + timedelta(minutes=6)
    stand.server.says(Reply(sample("energidataservice-CO2EmisProg.json")))
    found = stand.open(energi_data_service).forecast("DK-DK1")
    assert [one.g_per_kwh for one in found] == [76, 76, 78]
    assert stand.server.asked[0].path == "/dataset/CO2EmisProg"


def test_who_asked_too_much_stays_away_for_five_minutes(
    stand: Stand, sample: Callable[[str], str]
) -> None:
    stand.server.says(Reply(sample("energidataservice-error-429.txt"), status=429))
    with pytest.raises(GridUnavailable, match="Max allowed requests") as caught:
        stand.open(energi_data_service).intensity("DK-DK1", AT, AT)
    assert caught.value.retry_after_s == 300
    with pytest.raises(GridUnavailable, match="takes no call for another 300 s"):
        stand.open(energi_data_service).intensity("DK-DK1", AT, AT)
    assert len(stand.server.asked) == 1


def test_denmark_as_a_whole_is_not_its(stand: Stand) -> None:
    with pytest.raises(ZoneUnknown, match="DK-DK1 and DK-DK2"):
        stand.open(energi_data_service).intensity("DK", AT, AT)


def test_an_hour_that_clocks_have_twice_is_two_hours(stand: Stand) -> None:
    # 00:30 and 01:30 UTC are both 02:30 in Denmark on that night.
    records = ",".join(
        f'{{"Minutes5UTC": "2026-10-25T{hour}:30:00", "Minutes5DK": "2026-10-25T02:30:00",'
        f' "PriceArea": "DK1", "CO2Emission": {value}}}'
        for hour, value in (("00", 50), ("01", 90))
    )
    stand.server.says(Reply(f'{{"records": [{records}]}}'))
    night = datetime(2026, 10, 25, tzinfo=UTC)
    found = stand.open(energi_data_service).intensity("DK-DK1", night, night + timedelta(hours=3))
    assert [(one.valid_from.hour, one.g_per_kwh) for one in found] == [(0, 50), (1, 90)]
