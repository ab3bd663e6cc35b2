"""Litres of water a kilowatt-hour: what the user states, on site and in the grid.

    0.3 L/kWh                      on site (WUE)
    0.3 L/kWh, grid 1.8 L/kWh      and what power plants evaporate
    grid 1.8 L/kWh

No table is shipped: published figures differ tenfold by site, season and method.
"""

from __future__ import annotations

import re
from typing import Final

from tracker.errors import SettingsError
from tracker.model.beside import WaterUse

_PART: Final = re.compile(r"(?P<grid>grid\s+)?(?P<litres>\d+\.?\d*|\.\d+)\s*L/kWh", re.IGNORECASE)
_FORM: Final = "write '0.3 L/kWh' (on site), 'grid 1.8 L/kWh', or both with a comma"


def parse(text: str, origin: str) -> WaterUse:
    """What the user wrote, as litres.

    Args:
        text: in the syntax above.
        origin: who wrote it: ``argument``, ``TRACKER_WATER``, a file's name.

    Raises:
        SettingsError: it cannot be read.
    """
    found: dict[bool, float] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or bool(match["grid"]) in found:
            raise SettingsError(f"water = {text!r} ({origin}): cannot be read; {_FORM}")
        found[bool(match["grid"])] = float(match["litres"])
    return WaterUse(found.get(False), found.get(True), origin)
