from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath
from uuid import UUID

from tracker.model.device import NotCounted
from tracker.model.plain import plain
from tracker.model.run import RunStatus


def test_what_json_does_not_know_becomes_what_it_knows() -> None:
    at = datetime(2026, 5, 3, 16, 22, 5, 7, tzinfo=timezone(timedelta(hours=2)))
    values = plain(
        {
            "at": at,
            "id": UUID(int=7),
            "status": RunStatus.FAILED,
            "missing": (NotCounted("cpu", "no counter"),),
            "loss": math.nan,
            "folder": PurePosixPath("runs"),
            3: [True, None, 1.5, "text"],
        }
    )

    assert values == {
        "at": "2026-05-03T14:22:05.000007Z",
        "id": "00000000-0000-0000-0000-000000000007",
        "status": "failed",
        "missing": [{"what": "cpu", "reason": "no counter"}],
        "loss": None,
        "folder": "runs",
        "3": [True, None, 1.5, "text"],
    }
    assert json.loads(json.dumps(values, allow_nan=False)) == values
