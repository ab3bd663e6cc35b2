"""Dates as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from tracker.errors import SettingsError

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MONTH: Final = re.compile(r"\d{4}-\d{2}")


def instant(text: str | datetime, option: str, now: datetime) -> datetime:
    """An instant, UTC, from ``7d`` (ago), ``2026-11``, ``2026-11-03`` or ISO 8601.

    A date without a zone is meant in the zone of ``now``.

    Args:
        text: what was written.
        option: where, for the message.
        now: the present, with a zone.

    Raises:
        SettingsError: it is no date.
    """
    if isinstance(text, datetime):
        return _in_utc(text, now.tzinfo)
    written = text.strip()
    try:
        if ago := _AGO.fullmatch(written.lower()):
            seconds = float(ago[1]) * _UNIT_S[ago[2]]
            return (now - timedelta(seconds=seconds)).astimezone(UTC)
        day = f"{written}-01" if _MONTH.fullmatch(written) else written
        return _in_utc(datetime.fromisoformat(day), now.tzinfo)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"{option} = {text!r}: not a date; write 7d, 12h, 2026-11, 2026-11-03 "
            "or 2026-11-03T14:30"
        ) from error


def _in_utc(at: datetime, zone: tzinfo | None) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
