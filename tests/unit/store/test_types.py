"""Values survive the database to the last digit."""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.store.types import microseconds, storable, to_json


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_keep_their_microseconds(at: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(at)) == at


def test_times_of_other_zones_are_the_same_instant() -> None:
    at = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    assert microseconds(at) == microseconds(at.astimezone(UTC))


@pytest.mark.parametrize("text", ["", "é😀\n\t", "=cmd()", "a'b\"c; DROP TABLE runs"])
def test_text_stays_as_it_is(text: str) -> None:
    assert storable(text) == text


def test_what_no_database_takes_is_replaced() -> None:
    assert storable("a\0b\udce9c") == "a�b�c"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_json_keeps_floats(value: float) -> None:
    assert json.loads(to_json({"x": value}))["x"] == value


def test_json_has_no_nan_and_no_text_that_postgresql_refuses() -> None:
    value = {"a\0": [math.nan, math.inf, "\udce9", sys.float_info.max], "b": {"c": (1, None)}}
    text = to_json(value)
    assert json.loads(text) == {
        "a�": [None, None, "�", sys.float_info.max],
        "b": {"c": [1, None]},
    }
    assert "\\u0000" not in text
