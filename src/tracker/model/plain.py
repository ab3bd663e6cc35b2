"""Frozen data as JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from msgspec import Struct


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """``value`` as JSON values.

    Times are ISO 8601 UTC with microseconds, ids and whatever JSON does not know are
    text, and a number that is not finite is ``None``: JSON has no NaN.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    return _scalar(value)


def _scalar(value: object) -> str | float | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)
