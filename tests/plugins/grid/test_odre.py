from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.http_server import Asked, Reply
from tracker.errors import GridUnavailable, ZoneUnknown
from tracker.grid import odre
from tracker.model.carbon import Scope

Stand = Any
START = datetime(2024, 7, 3, tzinfo=UTC)


def test_the_recorded_quarters_are_read(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.now = START + timedelta(days=2)
    stand.server.says(Reply(sample("odre-eco2mix-national-tr-export-selected.json")))
    found = stand.open(odre).intensity("FR", START, START + timedelta(hours=2))
    assert [one.g_per_kwh for one in found] == [13] * 6
    assert found[-1].valid_to == START + timedelta(minutes=90)
    assert (found[0].scope, found[0].estimated) == (Scope.DIRECT, False)
    (asked,) = stand.server.asked
    assert asked.path.endswith("/datasets/eco2mix-national-tr/exports/json")
    assert asked.params["timezone"] == "UTC"
    assert asked.params["where"] == (
        "date_heure IN [date'2024-07-03T00:00:00Z' TO date'2024-07-03T02:00:00Z'["
    )


def test_what_is_null_or_zero_is_left_out(stand: Stand) -> None:
    rows = [
        {"date_heure": f"2024-07-03T00:{minute}:00+00:00", "taux_co2": value}
        for minute, value in (("00", 13), ("15", None), ("30", 0), ("45", 14))
    ]
    stand.now = START + timedelta(days=1)
    stand.server.says(Reply(json.dumps(rows)))
    found = stand.open(odre).intensity("FR", START, START + timedelta(hours=1))
    assert [(one.valid_from.minute, one.g_per_kwh) for one in found] == [(0, 13), (45, 14)]
    assert stand.told == []


def test_what_is_old_comes_from_the_consolidated_data_by_half_hours(stand: Stand) -> None:
    stand.now = START + timedelta(days=400)
    rows = [{"date_heure": "2024-07-03T02:30:00+02:00", "taux_co2": 21}]
    stand.server.says(Reply(json.dumps(rows)))
    (found,) = stand.open(odre).intensity("FR", START, START + timedelta(hours=1))
    assert found.valid_from == START + timedelta(minutes=30)
    assert found.valid_to == START + timedelta(hours=1)
    assert "/eco2mix-national-cons-def/" in stand.server.asked[0].path


def test_what_one_does_not_have_the_other_is_asked_for(stand: Stand) -> None:
    stand.now = START + timedelta(days=40)

    def answer(asked: Asked) -> Reply:
        row = {"date_heure": "2024-07-03T00:00:00+00:00", "taux_co2": 9}
        return Reply(json.dumps([row] if "national-tr" in asked.path else []))

    stand.server.answers(answer)
    (found,) = stand.open(odre).intensity("FR", START, START + timedelta(hours=1))
    assert found.g_per_kwh == 9
    assert len(stand.server.asked) == 2


def test_what_is_not_consolidated_yet_comes_from_the_real_time_data(stand: Stand) -> None:
    stand.now = START + timedelta(days=40)

    def answer(asked: Asked) -> Reply:
        real_time = "national-tr" in asked.path
        hours = range(2, 4) if real_time else range(2)
        rows = [
            {"date_heure": f"2024-07-03T0{hour}:00:00Z", "taux_co2": hour + 1} for hour in hours
        ]
        return Reply(json.dumps(rows))

    stand.server.answers(answer)
    found = stand.open(odre).intensity("FR", START, START + timedelta(hours=4))
    assert [(one.valid_from.hour, one.g_per_kwh) for one in found] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
    ]


def test_the_other_envelope_is_no_list(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.server.says(Reply(sample("odre-eco2mix-national-tr-records.json")))
    with pytest.raises(GridUnavailable, match=r"odre .* gave no list of records"):
        stand.open(odre).intensity("FR", START, START)


def test_its_own_error_is_repeated(stand: Stand, sample: Callable[[str], str]) -> None:
    stand.server.says(Reply(sample("odre-error-400.json"), status=400))
    with pytest.raises(GridUnavailable, match="Unknown field: foo"):
        stand.open(odre).intensity("FR", START, START)


def test_france_is_all_it_has(stand: Stand) -> None:
    assert stand.open(odre).zones() == {"FR": "France"}
    with pytest.raises(ZoneUnknown, match="has FR, not 'DE'"):
        stand.open(odre).intensity("DE", START, START)
