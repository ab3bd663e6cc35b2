"""Dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tracker.errors import SettingsError
from tracker.history.dates import instant

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 5, 1, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7d", datetime(2026, 10, 28, 23, tzinfo=UTC)),
        ("1.5 h", datetime(2026, 11, 4, 21, 30, tzinfo=UTC)),
        ("2W", datetime(2026, 10, 21, 23, tzinfo=UTC)),
        ("2026-11", datetime(2026, 10, 31, 22, tzinfo=UTC)),
        ("2026-11-03", datetime(2026, 11, 2, 22, tzinfo=UTC)),
        ("2026-11-03T14:30", datetime(2026, 11, 3, 12, 30, tzinfo=UTC)),
        ("2026-11-03T14:30:00.000001Z", datetime(2026, 11, 3, 14, 30, 0, 1, tzinfo=UTC)),
        (datetime(2026, 11, 3, 14, 30), datetime(2026, 11, 3, 12, 30, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2026, 11, 3, 14, 30, tzinfo=UTC), datetime(2026, 11, 3, 14, 30, tzinfo=UTC)),
    ],
)
def test_what_is_meant(text: str | datetime, meant: datetime) -> None:
    found = instant(text, "since", NOW)
    assert found == meant
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13", "7 days", "-3d", "9999999999w"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"since = .*write 7d"):
        instant(text, "since", NOW)
