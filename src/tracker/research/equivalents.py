"""A mass of CO2e in familiar things.

They are sizes to compare with, each with region, year and source, and chosen by magnitude.
That so many trees take up as much says nothing of an offset.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from tracker.data import studies
from tracker.model.plain import plain

if TYPE_CHECKING:
    from tracker.data.studies import Likeness

AT_MOST: Final = 4
_MIDDLE: Final = 30.0
"""The count that is easiest to imagine; those nearest to it, by ratio, come first."""
_NEXT_TO_NOTHING: Final = 0.01


class Equivalent(Struct, frozen=True):
    """So many of something emit, or of a tree take up, the mass."""

    count: float
    of: Likeness

    @property
    def text(self) -> str:
        """In words: ``5 cars' lifetimes, fuel included (US, 2019; …)``."""
        thing = self.of.name if _is_one(self.count) else self.of.plural
        return (
            f"{_counted(self.count)} {thing} ({self.of.region}, {self.of.year}; {self.of.source})"
        )

    def to_dict(self) -> dict[str, Any]:
        """``{kind, count, text, carbon_g_each, region, year, source}`` as JSON values."""
        values: dict[str, Any] = plain(
            {
                "kind": self.of.kind,
                "count": self.count,
                "text": self.text,
                "carbon_g_each": self.of.carbon_g,
                "region": self.of.region,
                "year": self.of.year,
                "source": self.of.source,
            }
        )
        return values


def equivalents(carbon_g: float | None, at_most: int = AT_MOST) -> tuple[Equivalent, ...]:
    """Familiar things that emit as much, those of a size easily imagined first.

    Args:
        carbon_g: grams of CO2e; nothing where it is ``None``, 0 or less.
        at_most: how many.
    """
    if carbon_g is None or not math.isfinite(carbon_g) or carbon_g <= 0:
        return ()
    found = [Equivalent(carbon_g / each.carbon_g, each) for each in studies.likenesses()]
    sizeable = [each for each in found if each.count >= _NEXT_TO_NOTHING]
    if not sizeable:  # less than a hundredth of the smallest: a share of that
        sizeable = [max(found, key=lambda each: each.count)]
    nearest = sorted(sizeable, key=lambda each: abs(math.log(each.count / _MIDDLE)))
    return tuple(nearest[:at_most])


def _is_one(count: float) -> bool:
    return _counted(count) == "1"


def _counted(count: float) -> str:
    if count >= 99.5:  # noqa: PLR2004 - from here on whole numbers have three digits
        places = 2 - math.floor(math.log10(count))
        return f"{round(count, places):,.0f}"
    return f"{count:.2g}"
