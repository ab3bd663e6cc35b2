"""What each setting's value must be, and how to say that it is not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tracker.errors import SettingsError
from tracker.model import store_url
from tracker.model.carbon import MAX_G_PER_KWH
from tracker.model.device import DeviceKind

MIN_INTERVAL_S = 0.1
"""NVML and RAPL give nothing new below this, and NVML gives wrong values below 0.05 s."""
MAX_INTERVAL_S = 30.0
"""A processor's counter may wrap in little more than a minute."""
MAX_REMAINDER_RATIO = 2.0
"""Where only GPUs are read, all else may be seven tenths of them; more is a slip."""


def checked(key: str, value: Any, origin: str) -> Any:  # noqa: ANN401 - any setting's type
    """A setting's value as the program uses it; ``None`` stays.

    Args:
        key: the setting.
        value: as it was given.
        origin: ``argument``, a variable, a file's path, ``built in``.

    Raises:
        SettingsError: it cannot be meant.
    """
    if value is None:
        return None
    if key == "log_to":  # texts, and objects of other people's
        several = isinstance(value, list | tuple)
        return tuple(value) if several else (value,)
    import msgspec  # noqa: PLC0415 - not for `import tracker`

    lax = origin.startswith("TRACKER_")
    given = value
    if lax and key in {"online", "provenance"} and isinstance(given, str):
        words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        given = words.get(given.lower(), given)
    try:
        meant = msgspec.convert(given, _TYPES[key], strict=not lax)
    except msgspec.ValidationError as error:
        shown = f"{key} = {value!r} ({origin})"
        raise SettingsError(f"{shown}: must be {_MEANINGS[key]}") from error
    problem = _problem(key, meant)
    if problem:
        shown = "…" if key == "store" and "@" in meant else repr(value)
        raise SettingsError(f"{key} = {shown} ({origin}): {problem}")
    return tuple(meant) if key == "devices" else meant


def _problem(key: str, value: Any) -> str:  # noqa: ANN401 - any setting's type
    if key == "interval_s" and not MIN_INTERVAL_S <= value <= MAX_INTERVAL_S:
        return f"must be at least {MIN_INTERVAL_S} and at most {MAX_INTERVAL_S} seconds"
    if key == "pue" and not (math.isfinite(value) and value >= 1):
        return "must be a number of at least 1: a facility uses no less than its computers"
    if key == "market_g_per_kwh" and not 0 <= value <= MAX_G_PER_KWH:
        return f"must lie between 0 and {MAX_G_PER_KWH:g} g/kWh"
    if key == "remainder_ratio" and not 0 <= value <= MAX_REMAINDER_RATIO:
        return f"must be a number between 0 and {MAX_REMAINDER_RATIO:g}: 0.2 is a fifth"
    if key == "devices":
        return _device_problem(value)
    return store_url.problem(value) if key == "store" else ""


def _device_problem(wanted: Sequence[str]) -> str:
    for one in wanted:
        kind = one.partition(":")[0]
        if kind not in set(DeviceKind) and not any(letter in kind for letter in "*?["):
            known = ", ".join(DeviceKind)
            return f"no kind of device {one!r}; write {known}, or a pattern of ids like gpu:*"
    return ""


_TYPES: Mapping[str, Any] = {
    "project": str,
    "tags": dict[str, str],
    "params": dict[str, Any],
    "location": str,
    "pue": float,
    "pricing": str,
    "market_g_per_kwh": float,
    "tariff": str,
    "water": str,
    "store": str,
    "interval_s": float,
    "devices": list[str],
    "online": bool,
    "show": Literal["line", "nothing"],
    "provenance": bool,
    "attribution": Literal["machine", "process"],
    "remainder_ratio": float,
    "resume": str,
}

_MEANINGS: Mapping[str, str] = {
    "project": "text",
    "tags": 'a table of texts: {lr = "3e-4"}',
    "params": "a table with texts as keys",
    "location": "text, as in docs/location.md",
    "pue": "a number of at least 1",
    "pricing": "the name of a grid provider",
    "market_g_per_kwh": "a number of grams a kilowatt-hour",
    "tariff": "text: 0.25 EUR/kWh",
    "water": "text: 0.3 L/kWh",
    "store": "a URL: sqlite:///runs.db",
    "interval_s": "a number of seconds",
    "devices": 'a list of kinds or patterns: ["gpu", "cpu:*"]',
    "online": "true or false",
    "show": '"line" or "nothing"',
    "provenance": "true or false",
    "attribution": '"machine" or "process"',
    "remainder_ratio": "a number: 0.2",
    "resume": "a run: its id, last or a unique name",
}
