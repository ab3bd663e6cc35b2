"""Where the electricity is used: one syntax, and the order in which it is decided.

    FR                a country, ISO 3166 alpha-2
    US-CAMX           an eGRID subregion of the United States
    aws:eu-west-3     a cloud region
    DK-DK1            a grid's zone, as Electricity Maps writes it, or ENTSO-E's code
    DE-BY             a part of a country, ISO 3166-2
    CAISO_NORTH       a region of WattTime's, a balancing authority of EIA's
    37.8,-122.4       latitude and longitude
    EU, WORLD         an average
    57 g/kWh          the figure itself

Letter case and blanks don't matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tracker.errors import SettingsError
from tracker.model.carbon import MAX_G_PER_KWH, Location

FIXED: Final = "fixed"

WORLD: Final = Location(
    zone="WORLD",
    name="world average, as no location is known: set one, as in TRACKER_LOCATION=FR",
    origin="default",
)

_FIGURE: Final = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<unit>k?g)(?:co[2₂](?:e|eq)?)?/kwh"
)
_SHOWN: Final = 80
"""Letters of a setting that a message shows and that near matches are sought for."""
_FORMS: Final = "a country (FR), an eGRID subregion (US-CAMX), a cloud region (aws:eu-west-3)"


def parse(
    text: str,
    zones: Mapping[str, str],
    origin: str,
    likely: Callable[[], Location | None] = lambda: None,
) -> Location:
    """What the user wrote, as a location.

    Args:
        text: in the syntax above.
        zones: every zone that can be priced, with its name (``Grid.zones()``).
        origin: who wrote it: ``argument``, ``TRACKER_LOCATION``, a file's name.
        likely: the country that a place on the map is taken to lie in by whoever has no more.

    Raises:
        SettingsError: it is none of these; names what comes near.
    """
    plain = _plain(text)
    figure = _FIGURE.fullmatch(plain)
    if figure:
        return _fixed(text, float(figure["number"]), figure["unit"], origin)
    by_plain = {_plain(code): code for code in zones}
    if plain in by_plain:
        code = by_plain[plain]
        return Location(zone=code, name=zones[code], origin=origin)
    from tracker.carbon import finer  # noqa: PLC0415 - reads tables, and seldom needed

    if found := finer.find(plain, zones, origin, likely):
        return found
    shown, problem = text[:_SHOWN], _problem(text.strip()[:_SHOWN], zones)
    raise SettingsError(f"location = {shown!r} ({origin}): {problem}")


def choose(setting: Location | None, places: Sequence[Location | None]) -> Location:
    """The setting, else the first place that knows, else the world.

    Never another country by default.
    """
    return next((found for found in (setting, *places) if found is not None), WORLD)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def checked_g_per_kwh(g_per_kwh: float, what: str) -> float:
    """An intensity that a grid may have.

    Args:
        g_per_kwh: as somebody wrote it.
        what: where it stands, for the message.

    Raises:
        SettingsError: no grid has it.
    """
    if not 0 <= g_per_kwh <= MAX_G_PER_KWH:
        raise SettingsError(
            f"{what}: a carbon intensity lies between 0 and {MAX_G_PER_KWH:g} g/kWh,"
            f" this is {g_per_kwh:g}"
        )
    return g_per_kwh


def _fixed(text: str, number: float, unit: str, origin: str) -> Location:
    written = number * 1000 if unit == "kg" else number
    g_per_kwh = checked_g_per_kwh(written, f"location = {text!r} ({origin})")
    return Location(
        zone=FIXED, name=f"{g_per_kwh:g} g/kWh, as set", origin=origin, g_per_kwh=g_per_kwh
    )


def _problem(text: str, zones: Mapping[str, str]) -> str:
    if not text:
        return f"empty; it must be {_FORMS} or a figure ('57 g/kWh')"
    if re.match(r"[+-]?\.?\d", text):
        return "no figure that can be read; write it with its unit, as in '57 g/kWh'"
    from tracker.carbon import _near  # noqa: PLC0415 - needs tables, and only for a mistake

    near = _near.matches(text, zones)
    if near:
        shown = [f"{code} ({zones[code]})" for code in near]
        return f"no such zone; did you mean {' or '.join(shown)}?"
    return f"no such zone; it must be {_FORMS} or a figure ('57 g/kWh'): see docs/location.md"
