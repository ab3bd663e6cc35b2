"""Which run is meant by ``last``, a name or an id."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from tracker.errors import RunNotFound
from tracker.store import schema

_SHORT_ID: Final = re.compile(r"[0-9a-f]{1,8}")
_SHOWN: Final = 8
_RECENT: Final = 1000

_COLUMNS: Final = (
    schema.runs.c.id,
    schema.runs.c.short_id,
    schema.runs.c.name,
    schema.runs.c.started_at,
)


def find(connection: Connection, selector: str) -> UUID:
    """The run that is meant.

    A name comes before the beginning of an id: people give names, chance gives ids.

    Args:
        connection: of the store.
        selector: ``last``, a whole id, a name, or the first characters of a short id.

    Raises:
        RunNotFound: there is none, with near names; or several, with name and start.
    """
    for condition in _meanings(selector.strip()):
        rows = _newest(connection, condition)
        if selector.strip() == "last":
            rows = rows[:1]
        if len(rows) == 1:
            found: UUID = rows[0].id
            return found
        if rows:
            raise RunNotFound(_several(selector, rows))
    raise RunNotFound(_none(connection, selector))


def _meanings(selector: str) -> list[ColumnElement[bool]]:
    runs = schema.runs
    if selector == "last":
        return [runs.c.id.is_not(None)]
    meanings: list[ColumnElement[bool]] = [runs.c.name == selector]
    digits = selector.lower()
    if _SHORT_ID.fullmatch(digits):
        # "g" follows every hexadecimal digit: this is "begins with" by the index.
        meanings.append(runs.c.short_id.between(digits, digits + "g"))
    with contextlib.suppress(ValueError):
        meanings.insert(0, runs.c.id == UUID(digits))
    return meanings


def _newest(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Any]:
    runs = schema.runs
    newest = (runs.c.started_at.desc(), runs.c.id.desc())
    statement = select(*_COLUMNS).where(condition).order_by(*newest).limit(_SHOWN + 1)
    return connection.execute(statement).all()


def _several(selector: str, rows: Sequence[Any]) -> str:
    lines = [
        f"  {row.short_id}  {row.started_at:%Y-%m-%d %H:%M:%S} UTC  {row.name!r}"
        for row in rows[:_SHOWN]
    ]
    more = ["  …"] if len(rows) > _SHOWN else []
    return "\n".join([f"several runs answer to {selector!r}; choose by id:", *lines, *more])


def _none(connection: Connection, selector: str) -> str:
    runs = schema.runs
    statement = select(runs.c.name).order_by(runs.c.started_at.desc()).limit(_RECENT)
    names = list(dict.fromkeys(connection.execute(statement).scalars()))
    if not names:
        return f"no run {selector!r}: the store is empty"
    import difflib  # noqa: PLC0415 - only for a mistake

    near = difflib.get_close_matches(selector, names, n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "tracker runs lists them."
    return f"no run {selector!r}; {hint}"
