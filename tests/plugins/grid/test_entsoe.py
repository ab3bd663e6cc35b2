from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import KEY, entsoe_document, entsoe_series
from fakes.http_server import Reply
from tracker.errors import GridUnavailable, IntensityMissing
from tracker.grid import entsoe
from tracker.model.carbon import Scope

Stand = Any
Sample = Callable[[str], str]
START = datetime(2023, 5, 9, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def opened(stand: Stand) -> Any:
    return stand.open(entsoe, KEY)


def test_the_recorded_document_is_read(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("entsoe-A75-NO5-A01.xml")))
    found = opened(stand).intensity("NO-NO5", START, START + 4 * HOUR)
    assert len(found) == 4
    # Rivers 296, reservoirs 769, waste 15 and no gas; 61 of pumped storage are left out.
    assert found[0].g_per_kwh == pytest.approx(((296 + 769) * 24 + 15 * 700) / 1080)
    assert (found[0].valid_from, found[0].valid_to) == (START, START + HOUR)
    assert found[0].scope is Scope.LIFECYCLE
    (asked,) = stand.server.asked
    assert asked.path == "/api"
    assert asked.params["documentType"] == "A75"
    assert asked.params["in_Domain"] == "10Y1001A1001A48H"
    assert asked.params["periodStart"] == "202305090900"


def test_a_curve_of_type_a03_repeats_and_one_of_a01_does_not(stand: Stand) -> None:
    end = START + 4 * HOUR
    whole = entsoe_series("B04", START, end, "PT60M", dict.fromkeys(range(1, 5), 100))
    steps: dict[int, object] = {1: 100, 3: 300}
    repeating = entsoe_series("B14", START, end, "PT60M", steps, curve="A03")
    stand.server.says(Reply(entsoe_document(whole, repeating)))
    found = opened(stand).intensity("FR", START, end)
    assert [round(one.g_per_kwh) for one in found] == [251, 251, 132, 132]
    holed = entsoe_series("B14", START, end, "PT60M", steps)
    stand.server.says(Reply(entsoe_document(whole, holed)))
    found = opened(stand).intensity("FR", START, end)
    assert [one.valid_from.hour for one in found] == [9, 11]


def test_steps_of_different_length_are_brought_to_the_finest(stand: Stand) -> None:
    end = START + HOUR
    stand.server.says(
        Reply(
            entsoe_document(
                entsoe_series("B04", START, end, "PT60M", {1: 100}),
                entsoe_series("B14", START, end, "PT15M", {1: 0, 2: 100, 3: 100, 4: 300}),
            )
        )
    )
    found = opened(stand).intensity("FR", START, end)
    assert [round(one.g_per_kwh) for one in found] == [490, 251, 251, 132]
    assert found[1].valid_to - found[1].valid_from == timedelta(minutes=15)


def test_what_is_consumed_and_what_is_stored_is_left_out(stand: Stand) -> None:
    end = START + HOUR
    stand.server.says(
        Reply(
            entsoe_document(
                entsoe_series("B04", START, end, "PT60M", {1: 100}),
                entsoe_series("B12", START, end, "PT60M", {1: 900}, direction="out"),
                entsoe_series("B10", START, end, "PT60M", {1: 900}),
                entsoe_series("B25", START, end, "PT60M", {1: 900}),
            )
        )
    )
    (found,) = opened(stand).intensity("FR", START, end)
    assert found.g_per_kwh == 490


def test_two_types_of_one_fuel_add_up(stand: Stand) -> None:
    end = START + HOUR
    stand.server.says(
        Reply(
            entsoe_document(
                entsoe_series("B02", START, end, "PT60M", {1: 100}),
                entsoe_series("B05", START, end, "PT60M", {1: 100}),
                entsoe_series("B14", START, end, "PT60M", {1: 200}),
            )
        )
    )
    (found,) = opened(stand).intensity("DE", START, end)
    assert found.g_per_kwh == (820 + 12) / 2


@pytest.mark.parametrize("status", [200, 400])
def test_no_data_is_missing_and_no_error(stand: Stand, sample: Sample, status: int) -> None:
    stand.server.says(Reply(sample("entsoe-acknowledgement-999.xml"), status=status))
    with pytest.raises(IntensityMissing, match="entsoe has no intensity for zone FR"):
        opened(stand).intensity("FR", START, START + HOUR)


@pytest.mark.parametrize("status", [200, 400])
def test_the_same_code_may_be_an_error(stand: Stand, sample: Sample, status: int) -> None:
    text = "The amount of requested data exceeds allowed limit. Requested: 500"
    said = sample("entsoe-acknowledgement-999.xml")
    before, _, after = said.partition("<text>")
    said = f"{before}<text>{text}</text>{after.partition('</text>')[2]}"
    stand.server.says(Reply(said, status=status))
    with pytest.raises(GridUnavailable, match="exceeds allowed limit"):
        opened(stand).intensity("FR", START, START + HOUR)


def test_a_token_that_is_refused_is_not_shown(stand: Stand) -> None:
    stand.server.says(Reply(f"<html>Unauthorized securityToken={KEY}</html>", status=401))
    with pytest.raises(GridUnavailable, match="TRACKER_GRID_ENTSOE_KEY") as caught:
        opened(stand).intensity("FR", START, START)
    assert KEY not in str(caught.value)
    assert KEY not in caught.value.answer


def test_who_asked_too_much_stays_away_for_ten_minutes(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("entsoe-429.txt"), status=429))
    with pytest.raises(GridUnavailable) as caught:
        opened(stand).intensity("FR", START, START)
    assert caught.value.retry_after_s == 600


BOMB = """<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b
 "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><b>&c;</b>"""
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        "<GL_MarketDocument><TimeSeries>",
        "<other/>",
        "{}",
        entsoe_document("<TimeSeries><Period><resolution>PT60M</resolution></Period></TimeSeries>"),
        entsoe_document(entsoe_series("B04", START, START + HOUR, "P1Y", {1: 1})),
    ],
)
def test_what_is_no_document_of_generation_is_refused(stand: Stand, body: str) -> None:
    stand.server.says(Reply(body))
    with pytest.raises(GridUnavailable, match="entsoe gave") as caught:
        opened(stand).intensity("FR", START, START + HOUR)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("mw", ["", "x", "nan", "inf", "-5"])
def test_megawatts_that_are_none_are_a_hole(stand: Stand, mw: str) -> None:
    end = START + 2 * HOUR
    gas = entsoe_series("B04", START, end, "PT60M", {1: 100, 2: 100})
    nuclear = entsoe_series("B14", START, end, "PT60M", {1: 100, 2: mw})
    stand.server.says(Reply(entsoe_document(gas, nuclear)))
    found = opened(stand).intensity("FR", START, end)
    expected = [251.0, 490.0] if mw == "-5" else [251.0]
    assert [one.g_per_kwh for one in found] == expected


def test_a_period_without_end_does_not_fill_the_memory(stand: Stand) -> None:
    end = START + timedelta(days=100_000)
    endless = entsoe_series("B04", START, end, "PT15M", {1: 100}, curve="A03")
    stand.server.says(Reply(entsoe_document(endless)))
    assert len(opened(stand).intensity("FR", START, START + HOUR)) == 4


def test_its_own_area_codes_are_understood(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("entsoe-A75-NO5-A01.xml")))
    assert opened(stand).intensity("10Y1001A1001A48H", START, START)[0].zone == "NO-NO5"
