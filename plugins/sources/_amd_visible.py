"""Which of AMD's GPUs the environment gives to this process; no hardware is asked here.

``ROCR_VISIBLE_DEVICES`` (numbers or UUIDs) chooses among the runtime's GPUs, and
``HIP_VISIBLE_DEVICES``, else ``CUDA_VISIBLE_DEVICES`` (numbers), among what that leaves.
Source: ROCm's documentation, "GPU isolation techniques" and "HIP environment variables".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

ROCR: Final = "ROCR_VISIBLE_DEVICES"
HIP: Final = ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
_NUMBER: Final = re.compile(r"\d+")


def visible(environ: Mapping[str, str], uuids: Sequence[str]) -> tuple[tuple[int, ...], str]:
    """Places in the runtime's order that are visible, and why the others are not.

    An entry that means no GPU ends a list: nothing after it is visible.

    Args:
        environ: the environment variables.
        uuids: the GPUs' UUIDs in the runtime's order, empty where one has none.
    """
    places = tuple(range(len(uuids)))
    reasons = []
    if ROCR in environ:
        places = _chosen(environ[ROCR], places, uuids)
        reasons.append(f"{ROCR}={environ[ROCR]}")
    variable = next((name for name in HIP if name in environ), None)
    if variable:
        places = _chosen(environ[variable], places, ())
        reasons.append(f"{variable}={environ[variable]}")
    return places, f"not visible to this process: {', '.join(reasons)}" if reasons else ""


def _chosen(value: str, places: Sequence[int], uuids: Sequence[str]) -> tuple[int, ...]:
    found: list[int] = []
    for entry in (entry.strip() for entry in value.split(",")):
        place = _by_number(entry, places) if _NUMBER.fullmatch(entry) else _by_uuid(entry, uuids)
        if place is None:
            break
        found.append(place)
    return tuple(dict.fromkeys(found))


def _by_number(entry: str, places: Sequence[int]) -> int | None:
    return places[int(entry)] if int(entry) < len(places) else None


def _by_uuid(entry: str, uuids: Sequence[str]) -> int | None:
    """The GPU of that UUID; the runtime writes it in either case."""
    if not entry.startswith("GPU-"):
        return None
    matches = [place for place, uuid in enumerate(uuids) if uuid.lower() == entry.lower()]
    return matches[0] if matches else None
