"""Plots as SVG within a page: no script, no font and no file of its own."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from tracker.model.text import harmless, shortened

WIDTH: Final = 720
_LABEL: Final = 200
_VALUE: Final = 150
_ROW: Final = 30
_LABEL_CELLS: Final = 26
_LEFT: Final = 68
_PLOT_HEIGHT: Final = 200
_BELOW: Final = 26
_ABOVE: Final = 12
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS: Final = 4
_MOST_COLUMNS: Final = 300


class Bar(Struct, frozen=True):
    """A bar with its range; ``style`` is a class of the page's style sheet."""

    label: str
    value: float
    low: float
    high: float
    text: str
    style: str = "bar"


def escaped(text: str) -> str:
    """``text`` as it is, within HTML or an attribute."""
    return html.escape(harmless(text))


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars from 0, each with a whisker over its range."""
    longest = max((max(row.high, row.value) for row in rows), default=0.0)
    if longest <= 0:
        return ""
    scale = (WIDTH - _LABEL - _VALUE) / longest
    body = "".join(_bar(row, at * _ROW, scale) for at, row in enumerate(rows))
    return _picture(title, len(rows) * _ROW, body)


def _bar(row: Bar, top: float, scale: float) -> str:
    middle = top + _ROW / 2
    low, high = (_LABEL + end * scale for end in (row.low, row.high))
    end = _LABEL + max(row.value, row.high) * scale
    return (
        f'<text class="label" x="{_LABEL - 10}" y="{middle + 4:.1f}" text-anchor="end">'
        f"{escaped(shortened(harmless(row.label), _LABEL_CELLS))}</text>"
        f'<rect class="{row.style}" x="{_LABEL}" y="{top + 6:.1f}" '
        f'width="{row.value * scale:.1f}" height="{_ROW - 12}" rx="2">'
        f"<title>{escaped(f'{row.label}: {row.text}')}</title></rect>"
        f'<path class="whisker" d="M{low:.1f} {middle:.1f}H{high:.1f}'
        f'M{low:.1f} {middle - 4:.1f}v8M{high:.1f} {middle - 4:.1f}v8"/>'
        f'<text class="value" x="{end + 8:.1f}" y="{middle + 4:.1f}">{escaped(row.text)}</text>'
    )


def columns(
    title: str, rows: Sequence[Bar], unit: float, value_text: Callable[[float], str]
) -> str:
    """Upright bars side by side, as many as there is room for.

    Args:
        title: for who cannot see it.
        rows: from left to right.
        unit: in which the ticks are round numbers.
        value_text: a tick of the values.
    """
    rows = rows[:_MOST_COLUMNS]
    largest = max((row.value for row in rows), default=0.0)
    ticks = [tick * unit for tick in _ticks(largest / unit)]
    if not ticks:
        return ""
    slot = (WIDTH - _LEFT) / len(rows)
    gap = min(slot * 0.2, 6)
    body = "".join(_axis(ticks, value_text))
    for at, row in enumerate(rows):
        height = row.value / ticks[-1] * _PLOT_HEIGHT
        body += (
            f'<rect class="{row.style}" x="{_LEFT + at * slot + gap / 2:.2f}" '
            f'y="{_ABOVE + _PLOT_HEIGHT - height:.2f}" width="{slot - gap:.2f}" '
            f'height="{height:.2f}"><title>{escaped(f"{row.label}: {row.text}")}</title></rect>'
        )
    body += _ends(rows[0].label, rows[-1].label if len(rows) > 1 else "")
    return _picture(title, _ABOVE + _PLOT_HEIGHT + _BELOW, body)


def curve(
    title: str,
    points: Sequence[tuple[float, float]],
    value_text: Callable[[float], str],
    at_text: Callable[[float], str],
) -> str:
    """Values over time, each holding until the next point; the last as long as the one before.

    Args:
        title: for who cannot see it.
        points: a time and a value each, in order of time; two at least.
        value_text: a tick of the values.
        at_text: a tick of the times.
    """
    ticks = _ticks(max(value for _, value in points))
    if len(points) < 2 or not ticks:  # noqa: PLR2004 - a point is no curve
        return ""
    start, end = points[0][0], points[-1][0] + points[-1][0] - points[-2][0]
    across, up = (WIDTH - _LEFT) / (end - start), _PLOT_HEIGHT / ticks[-1]
    line = ""
    for at, value in points:
        x, y = _LEFT + (at - start) * across, _ABOVE + _PLOT_HEIGHT - value * up
        line += f"H{x:.1f}V{y:.1f}" if line else f"M{x:.1f} {y:.1f}"
    line += f"H{WIDTH}"
    ground = f"V{_ABOVE + _PLOT_HEIGHT}H{_LEFT}Z"
    body = (
        "".join(_axis(ticks, value_text))
        + f'<path class="area" d="{line}{ground}"/><path class="line" d="{line}"/>'
        + _ends(at_text(0.0), at_text(end - start))
    )
    return _picture(title, _ABOVE + _PLOT_HEIGHT + _BELOW, body)


def _ticks(largest: float) -> list[float]:
    """0 and a few round values above, the last one at or above ``largest``."""
    if not (math.isfinite(largest) and largest > 0):
        return []
    magnitude = 10.0 ** math.floor(math.log10(largest / _TICKS))
    step = next(one * magnitude for one in _STEPS if one * magnitude * _TICKS >= largest * 0.999)
    return [step * at for at in range(math.ceil(largest / step * 0.999) + 1)]


def _axis(ticks: Sequence[float], value_text: Callable[[float], str]) -> Iterator[str]:
    for tick in ticks:
        y = _ABOVE + _PLOT_HEIGHT * (1 - tick / ticks[-1])
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH}"/>'
        yield (
            f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escaped(value_text(tick))}</text>"
        )


def _ends(first: str, last: str) -> str:
    """What stands below the left and the right end."""
    y = _ABOVE + _PLOT_HEIGHT + _BELOW - 8
    return (
        f'<text class="tick" x="{_LEFT}" y="{y}">{escaped(first)}</text>'
        f'<text class="tick" x="{WIDTH}" y="{y}" text-anchor="end">{escaped(last)}</text>'
    )


def _picture(title: str, height: float, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escaped(title)}">'
        f"{body}</svg>"
    )
