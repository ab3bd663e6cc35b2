"""Text that is safe on a terminal's line, and how many columns it takes."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterable
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def harmless(text: str) -> str:
    """``text`` on one line, without anything that a terminal would obey.

    Line breaks and tabs become spaces; other control characters, lone surrogates and
    marks that turn the direction of writing become ``�``. Emoji stay.
    """
    return "".join(_harmless_character(character) for character in text)


def _harmless_character(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\t\n\v\f\r\x85" or category in {"Zl", "Zp"}:
        return " "
    joins_emoji = character == "\u200d"
    return "�" if category in {"Cc", "Cf", "Cs"} and not joins_emoji else character


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes: wide characters take two."""
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns; ``…`` stands for what is left out."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept) + _cells_of(character) > width - 1:
            break
        kept += character
    return f"{kept}…" if width > 0 else ""


def sparkline(values: Iterable[float], width: int) -> str:
    """A curve from zero to its peak in one line of ``width`` blocks; each is a mean."""
    points = [value for value in values if math.isfinite(value)]
    if not points or width < 1:
        return ""
    count = min(width, len(points))
    edges = [len(points) * position // count for position in range(count + 1)]
    means = [sum(points[start:end]) / (end - start) for start, end in itertools.pairwise(edges)]
    peak = max(means)
    return "".join(_block(mean / peak if peak > 0 else 0) for mean in means)


def _block(ratio: float) -> str:
    return _BLOCKS[min(len(_BLOCKS) - 1, max(0, math.floor(ratio * len(_BLOCKS))))]
