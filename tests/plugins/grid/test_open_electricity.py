from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes.grid_apis import KEY, open_electricity_api
from fakes.http_server import Reply
from tracker.errors import GridUnavailable, IntensityMissing
from tracker.grid import open_electricity

Stand = Any
Sample = Callable[[str], str]
HOUR_OF_SAMPLE = datetime(2025, 7, 10, 11, tzinfo=UTC)


def opened(stand: Stand) -> Any:
    return stand.open(open_electricity, KEY)


def test_it_is_never_chosen_by_itself() -> None:
    assert open_electricity.FACTS.experimental
    assert open_electricity.FACTS.free_zones == frozenset()


def test_emissions_over_energy_add_up_over_the_hour(stand: Stand, sample: Sample) -> None:
    stand.server.says(Reply(sample("openelectricity-network-data.json")))
    (found,) = opened(stand).intensity("AU-NSW", HOUR_OF_SAMPLE, HOUR_OF_SAMPLE)
    assert found.g_per_kwh == pytest.approx((461.0 + 459.8) / (512.3 + 510.9) * 1000)
    assert found.valid_from == HOUR_OF_SAMPLE


@pytest.mark.parametrize(
    ("zone", "network", "start"),
    [("AU-NSW", "NEM", "2026-01-15T10:00:00"), ("AU-WA", "WEM", "2026-01-15T08:00:00")],
)
def test_times_are_the_networks_own_without_summer_time(
    stand: Stand, zone: str, network: str, start: str
) -> None:
    stand.server.answers(open_electricity_api)
    midnight = datetime(2026, 1, 15, tzinfo=UTC)
    found = opened(stand).intensity(zone, midnight, midnight + timedelta(hours=2))
    assert found[0].valid_from == midnight
    (asked,) = stand.server.asked
    assert asked.path == f"/data/network/{network}"
    assert asked.params["date_start"] == start
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_no_data_is_missing(stand: Stand) -> None:
    stand.server.says(Reply('{"detail": "No data available for network NEM"}', status=404))
    with pytest.raises(IntensityMissing, match="zone AU-NSW"):
        opened(stand).intensity("AU-NSW", HOUR_OF_SAMPLE, HOUR_OF_SAMPLE)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("openelectricity-error-400-range.json", 400, "Date range too large"),
        ("openelectricity-error-401.json", 401, "Invalid API key"),
    ],
)
def test_its_own_error_is_repeated(
    stand: Stand, sample: Sample, name: str, status: int, words: str
) -> None:
    stand.server.says(Reply(sample(name), status=status))
    with pytest.raises(GridUnavailable, match=words):
        opened(stand).intensity("AU-NSW", HOUR_OF_SAMPLE, HOUR_OF_SAMPLE)
