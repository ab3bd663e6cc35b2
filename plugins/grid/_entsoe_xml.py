"""ENTSO-E's document of generation by type, as megawatts by fuel and step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tracker.data import grids
from tracker.errors import GridUnavailable, IntensityMissing
from tracker.grid._series import utc

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

RESOLUTIONS: Final = {
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT60M": timedelta(minutes=60),
    "PT1H": timedelta(minutes=60),
}
REPEATING: Final = "A03"
MOST_POSITIONS: Final = 40_000
"""A year has 35,136 quarter-hours."""


class _Stretch(Struct, frozen=True):
    """Megawatts of one fuel over one step of its own length."""

    fuel: str
    start: datetime
    step: timedelta
    mw: float | None


def generation_of(document: bytes) -> tuple[dict[datetime, dict[str, float | None]], timedelta]:
    """Megawatts by fuel for each step, and the step: the finest of the document.

    Raises:
        IntensityMissing: it says that there is no data.
        GridUnavailable: it says something else, or is no document of generation.
    """
    root = _parsed(document)
    if _local(root) == "Acknowledgement_MarketDocument":
        raise _acknowledged(root)
    if _local(root) != "GL_MarketDocument":
        raise GridUnavailable(f"entsoe gave no document of generation but {_local(root)[:60]}")
    stretches = [stretch for one in _children(root, "TimeSeries") for stretch in _stretches(one)]
    step = min((one.step for one in stretches), default=timedelta(hours=1))
    mix: dict[datetime, dict[str, float | None]] = {}
    for one in stretches:
        for number in range(one.step // step):
            by_fuel = mix.setdefault(one.start + number * step, {})
            before = by_fuel.get(one.fuel, 0.0)
            # Several types of plant may be one fuel; a hole in one of them is a hole.
            by_fuel[one.fuel] = None if one.mw is None or before is None else before + one.mw
    return mix, step


def _parsed(document: bytes) -> Element:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - with what follows

    try:
        from defusedxml import DefusedXmlException  # noqa: PLC0415 - only where XML is read
        from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - the same
    except ImportError as error:
        raise GridUnavailable(
            "entsoe: its XML is read with the package defusedxml; "
            "install it with: pip install 'emissions-tracker[entsoe]'"
        ) from error
    try:
        root: Element = fromstring(document)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise GridUnavailable(f"entsoe gave no readable XML: {type(error).__name__}") from None
    return root


def _acknowledged(root: Element) -> Exception:
    text = " ".join(_text(reason, "text") for reason in _children(root, "Reason"))
    if "no matching data" in text.lower():
        return IntensityMissing(f"entsoe: {text[:200]}")
    return GridUnavailable(f"entsoe: {text[:200] or 'an acknowledgement without a reason'}")


def _stretches(series: Element) -> Iterator[_Stretch]:
    if _children(series, "outBiddingZone_Domain.mRID"):
        return  # what is consumed, such as pumping
    kinds = _children(series, "MktPSRType")
    kind = _text(kinds[0], "psrType") if kinds else ""
    fuel = grids.fuels_by_psr_type().get(kind, "unknown")
    repeats = _text(series, "curveType") == REPEATING
    for period in _children(series, "Period"):
        yield from _steps(fuel, period, repeats=repeats)


def _steps(fuel: str, period: Element, *, repeats: bool) -> Iterator[_Stretch]:
    intervals = _children(period, "timeInterval")
    start = utc(_text(intervals[0], "start")) if intervals else None
    end = utc(_text(intervals[0], "end")) if intervals else None
    step = RESOLUTIONS.get(_text(period, "resolution"))
    if start is None or end is None or step is None:
        raise GridUnavailable("entsoe gave a period without start, end or a known resolution")
    points = dict(_points(period))
    last: float | None = None
    for number in range(min((end - start) // step, MOST_POSITIONS)):
        found = points.get(number + 1, last if repeats else None)
        if number + 1 in points or repeats:
            last = found
            yield _Stretch(fuel, start + number * step, step, found)


def _points(period: Element) -> Iterator[tuple[int, float | None]]:
    for point in _children(period, "Point"):
        try:
            position, mw = int(_text(point, "position")), float(_text(point, "quantity"))
        except ValueError:
            continue
        yield position, mw if math.isfinite(mw) else None


def _local(element: Element) -> str:
    """An element's name; its namespace changes with every version of the document."""
    return element.tag.rpartition("}")[2]


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if _local(child) == name]


def _text(element: Element, name: str) -> str:
    found = _children(element, name)
    return (found[0].text or "").strip() if found else ""
