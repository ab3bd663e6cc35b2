"""What a database throws, as errors of our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tracker.errors import StoreError

_LOCKED: Final = ("locked", "busy")
_TRANSIENT_STATES: Final = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE that pass: connection, rollback, resources, in use, operator
(PostgreSQL, appendix A)."""

_ADVICE: Final = (
    ("not a database", "It is left as it is; name another file."),
    ("malformed", "It is damaged: restore a backup, or name another file."),
    ("disk is full", "Make room on its disk."),
    ("no space left", "Make room on its disk."),
    ("readonly", "It may not be written by you: check the owner of the file and its folder."),
    ("unable to open", "Check that its folder exists and is yours."),
    ("permission denied", "Check that its folder exists and is yours."),
)


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Within it, whatever the database throws becomes a ``StoreError``.

    Args:
        store: the store's address for people.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError) as error:
        raise store_error(store, error) from error


def store_error(store: str, error: BaseException) -> StoreError:
    """``error`` as ours, with what can be done about it."""
    cause = getattr(error, "orig", None) or error
    reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    advice = next((text for mark, text in _ADVICE if mark in reason.lower()), "")
    message = f"store {store}: {reason}{'.' if advice else ''} {advice}".rstrip()
    return StoreError(message, transient=_is_transient(error, cause, reason))


def _is_transient(error: BaseException, cause: object, reason: str) -> bool:
    if isinstance(cause, sqlite3.Error):
        return any(mark in reason for mark in _LOCKED)
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(cause, "sqlstate", None)
    return error.connection_invalidated or bool(state and state.startswith(_TRANSIENT_STATES))
