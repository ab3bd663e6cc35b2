"""No vendor's exception escapes, and what passes by itself is marked so."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from tracker.errors import StoreError
from tracker.store.failures import translated


class ServerError(Exception):
    """As psycopg's, with a code of PostgreSQL."""

    def __init__(self, message: str, sqlstate: str | None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def caught(error: BaseException) -> StoreError:
    with pytest.raises(StoreError) as found, translated("sqlite:///runs.db"):
        raise error
    assert found.value.__cause__ is error
    return found.value


@pytest.mark.parametrize(
    ("message", "transient"),
    [
        ("database is locked", True),
        ("database table is locked: runs", True),
        ("disk I/O error", False),
        ("database or disk is full", False),
        ("attempt to write a readonly database", False),
    ],
)
def test_only_locks_of_sqlite_pass(message: str, transient: bool) -> None:
    wrapped = OperationalError("INSERT", {}, sqlite3.OperationalError(message))
    assert caught(wrapped).transient is transient
    assert caught(sqlite3.OperationalError(message)).transient is transient
    assert message in str(caught(wrapped))


@pytest.mark.parametrize(
    ("state", "transient"),
    [("40001", True), ("53300", True), ("57P01", True), ("23505", False), (None, False)],
)
def test_a_servers_state_tells_what_passes(state: str | None, transient: bool) -> None:
    assert caught(DBAPIError("INSERT", {}, ServerError("no", state))).transient is transient


def test_a_lost_connection_passes() -> None:
    error = DBAPIError("x", {}, ServerError("gone", None), connection_invalidated=True)
    assert caught(error).transient


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "/root/runs.db"),
        StatementError("a value cannot be stored", "INSERT", {}, ValueError("no")),
        UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates not allowed"),
    ],
)
def test_whatever_it_is_it_becomes_ours_and_names_the_store(error: BaseException) -> None:
    assert str(caught(error)).startswith("store sqlite:///runs.db: ")


def test_our_own_errors_and_the_callers_go_on_unchanged() -> None:
    for error in (StoreError("mine"), ZeroDivisionError()):
        with pytest.raises(type(error)) as found, translated("x"):
            raise error
        assert found.value is error
