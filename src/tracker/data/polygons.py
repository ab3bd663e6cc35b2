"""The eGRID subregion that a place on the map lies in."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from tracker.data import tables

Ring = Sequence[tuple[float, float]]
"""Corners as longitude and latitude in degrees; the last joins the first."""

NEAR_DEG: Final = 0.1
"""A place so near to a border counts as inside: the outlines are rough at the coast."""


def subregion_at(latitude: float, longitude: float) -> str | None:
    """The code of the subregion there, as ``CAMX``; ``None`` outside the United States.

    Args:
        latitude: degrees north.
        longitude: degrees east.
    """
    for code, polygons in _outlines().items():
        if any(_is_inside(rings, longitude, latitude) for rings in polygons):
            return code
    nearest = min(_distances(longitude, latitude))
    return nearest[1] if nearest[0] <= NEAR_DEG else None


@cache
def _outlines() -> Mapping[str, Sequence[Sequence[Ring]]]:
    read = json.loads(tables.text("egrid_subregions.json"))
    return MappingProxyType(
        {
            code: [
                [list(zip(ring[::2], ring[1::2], strict=True)) for ring in rings]
                for rings in polygons
            ]
            for code, polygons in read.items()
        }
    )


def _sides(ring: Ring) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    yield from pairwise([*ring, ring[0]])


def _is_inside(rings: Sequence[Ring], x: float, y: float) -> bool:
    """Whether a ray to the east crosses the sides an odd number of times."""
    inside = False
    for ring in rings:
        for (x1, y1), (x2, y2) in _sides(ring):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


def _distances(x: float, y: float) -> Iterator[tuple[float, str]]:
    """Degrees from a place to each side of each subregion, east-west ones shortened."""
    shrink = math.cos(math.radians(y))
    for code, polygons in _outlines().items():
        for rings in polygons:
            for ring in rings:
                for (x1, y1), (x2, y2) in _sides(ring):
                    start = ((x1 - x) * shrink, y1 - y)
                    end = ((x2 - x) * shrink, y2 - y)
                    yield _to_origin(start, end), code


def _to_origin(start: tuple[float, float], end: tuple[float, float]) -> float:
    """How near the side between two points comes to the origin."""
    across, up = end[0] - start[0], end[1] - start[1]
    length2 = across**2 + up**2
    along = -(start[0] * across + start[1] * up) / length2 if length2 > 0 else 0.0
    part = min(max(along, 0.0), 1.0)
    return math.hypot(start[0] + part * across, start[1] + part * up)
