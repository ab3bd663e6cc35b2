"""A time zone names a country, or nothing."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
import zoneinfo
from pathlib import Path

import pytest

from fakes.host import host_in
from tracker.model.carbon import Location
from tracker.places import time_zone
from tracker.ports import discovery


def locate(
    tmp_path: Path, variable: str | None = None, system: str | None = None
) -> Location | None:
    environ = {} if variable is None else {"TZ": variable}
    return time_zone.locate(host_in(tmp_path, environ), None, system=lambda: system)


def test_it_is_found_under_its_name_and_needs_no_network() -> None:
    assert discovery.load("places", "time_zone") is time_zone
    assert not hasattr(time_zone, "NEEDS_NETWORK")


@pytest.mark.parametrize(
    ("name", "zone", "country"),
    [
        ("Europe/Paris", "FR", "France"),
        (":Europe/Paris", "FR", "France"),
        ("/usr/share/zoneinfo/Europe/Paris", "FR", "France"),
        (":/usr/share/zoneinfo/Asia/Tokyo", "JP", "Japan"),
        ("US/Pacific", "US", "United States"),
        ("Africa/Windhoek", "NA", "Namibia"),
        ("Asia/Calcutta", "IN", "India"),
        ("Japan", "JP", "Japan"),
    ],
)
def test_a_country_is_found_by_variable_or_system(
    tmp_path: Path, name: str, zone: str, country: str
) -> None:
    found = Location(zone, country, "time zone")
    assert locate(tmp_path, variable=name) == found
    assert locate(tmp_path, system=name) == found


def test_the_variable_goes_before_the_system(tmp_path: Path) -> None:
    found = locate(tmp_path, variable="Europe/Berlin", system="Europe/Paris")
    assert found is not None
    assert found.zone == "DE"


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    found = locate(tmp_path, variable="", system="Europe/Paris")
    assert found is not None
    assert found.zone == "FR"


@pytest.mark.parametrize(
    "name",
    [
        "UTC",
        "Etc/UTC",
        "Etc/GMT+5",
        "GMT",
        "CET",
        "EST5EDT",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "Mars/Olympus_Mons",
        "Antarctica/Troll",  # no country's, so the yearly table has no figure
        "local",
        "   ",
    ],
)
def test_what_names_no_country_is_not_guessed_at(tmp_path: Path, name: str) -> None:
    assert locate(tmp_path, variable=name) is None
    assert locate(tmp_path, system=name) is None


def test_utc_in_the_variable_is_not_overruled_by_the_system(tmp_path: Path) -> None:
    assert locate(tmp_path, variable="UTC", system="Europe/Paris") is None


def test_a_system_that_does_not_tell_is_unknown(tmp_path: Path) -> None:
    assert locate(tmp_path, system=None) is None


@pytest.mark.parametrize("name", ["Europe/Rome", "Etc/UTC"])
def test_the_real_system_is_asked(name: str) -> None:
    # In a process of its own, as tzlocal asks the system once a process.
    program = "from tracker.places.time_zone import system_zone; print(system_zone())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ | {"TZ": name},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (name, "")


def test_a_system_that_cannot_be_read_is_unknown() -> None:
    def ask() -> str:
        raise zoneinfo.ZoneInfoNotFoundError("Multiple conflicting time zone configurations found")

    assert time_zone.quietly(ask) is None


def test_what_the_library_warns_of_stays_out_of_a_trainings_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    library = logging.getLogger("tzlocal")

    def ask() -> str:
        library.warning("/etc/timezone is deprecated")
        warnings.warn("a syntax error in /etc/sysconfig/clock", stacklevel=1)
        return "Europe/Rome"

    assert time_zone.quietly(ask) == "Europe/Rome"
    assert caplog.messages == []
    library.warning("heard again")
    assert caplog.messages == ["heard again"]
