"""Which runs people ask for, as they say it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, TypeVar
from uuid import UUID

from tracker.errors import SettingsError
from tracker.history.dates import instant
from tracker.history.listing import Query
from tracker.model.run import RunStatus
from tracker.store.listing import Filter, Order


class Choice(TypedDict, total=False):
    """Which runs; all optional, and each narrows the choice.

    Attributes:
        project: of this project.
        name: of this name; ``*`` and ``?`` stand for any text and any character.
        tags: with each of these tags.
        params: with each of these parameters, compared as JSON.
        host: on this machine, by its name (``*`` and ``?`` as above) or id.
        since: started then or later: ``7d``, ``2026-11``, ``2026-11-03``, ISO 8601.
        until: started before then.
        status: ``running``, ``finished``, ``failed`` or ``interrupted``.
        min_carbon_g: at least so many grams of CO2e.
    """

    project: str | None
    name: str | None
    tags: Mapping[str, str] | None
    params: Mapping[str, object] | None
    host: str | None
    since: str | datetime | None
    until: str | datetime | None
    status: RunStatus | str | None
    min_carbon_g: float | None


def query(choice: Choice, order_by: str, cursor: str | UUID | None, now: datetime) -> Query:
    """The choice, understood.

    Args:
        choice: as it was written.
        order_by: the order's name.
        cursor: the last run of the page before.
        now: the present, with a zone, for dates.

    Raises:
        SettingsError: a part of it cannot be meant.
    """
    if unknown := set(choice) - set(Choice.__annotations__):
        raise SettingsError(_no_such_argument(min(unknown)))
    least_g = choice.get("min_carbon_g")
    if least_g is not None and not (math.isfinite(least_g) and least_g >= 0):
        raise SettingsError(f"min_carbon_g = {least_g}: must be 0 grams or more")
    which = Filter(
        project=choice.get("project"),
        name=choice.get("name"),
        tags={key: str(value) for key, value in (choice.get("tags") or {}).items()},
        host=choice.get("host"),
        since=_instant(choice.get("since"), "since", now),
        until=_instant(choice.get("until"), "until", now),
        min_carbon_g=least_g,
    )
    return Query(
        which,
        one_of(RunStatus, choice.get("status"), "status"),
        choice.get("params") or {},
        one_of(Order, order_by, "order_by") or Order.STARTED,
        _run_id(cursor),
    )


_Choices = TypeVar("_Choices", RunStatus, Order)


def one_of(kind: type[_Choices], text: str | None, option: str) -> _Choices | None:
    """The member of an enumeration that a text names; ``None`` for ``None``.

    Raises:
        SettingsError: there is none.
    """
    try:
        return None if text is None else kind(text)
    except ValueError as error:
        raise SettingsError(f"{option} = {text!r}: must be one of {', '.join(kind)}") from error


def _no_such_argument(name: str) -> str:
    known = list(Choice.__annotations__)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    return f"{name}: there is no such choice of runs; {hint}"


def _instant(text: str | datetime | None, option: str, now: datetime) -> datetime | None:
    return None if text is None else instant(text, option, now)


def _run_id(cursor: str | UUID | None) -> UUID | None:
    try:
        return None if cursor is None else UUID(str(cursor))
    except ValueError as error:
        raise SettingsError(f"cursor = {cursor!r}: must be the id of a run in the list") from error
