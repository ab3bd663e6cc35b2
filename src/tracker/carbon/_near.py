"""What somebody may have meant who wrote a zone that there is not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tracker.data import tables

AT_MOST: Final = 3

_OTHER_NAMES: Final = {
    "UK": "GB",
    "EL": "GR",
    "BRITAIN": "GB",
    "ENGLAND": "GB",
    "GLOBAL": "WORLD",
    "HOLLAND": "NL",
    "TURKEY": "TR",
}
"""Codes in wide use that ISO 3166 gives to nobody (UK, EL), and names that no table has."""

_SHORTEST_PART: Final = 3
"""Fewer letters of a name are found in too many."""


def matches(text: str, zones: Mapping[str, str]) -> tuple[str, ...]:
    """Codes of ``zones`` that come near ``text``, the likeliest first, three at most.

    The first of these ways that finds something decides: another code of the same zone
    (``FRA``, ``UK``), the exact name, the end of a code (``CAMX``, ``eu-west-3``), the
    country that a longer code begins with (``DE-BY``), a similar code with a prefix, a
    part of a name (``paris``), a similar name or code.
    """
    ways: tuple[Callable[[str, Mapping[str, str]], Iterator[str]], ...] = (
        _other_code,
        _name,
        _end_of_code,
        _similar_region,
        _country_of_code,
        _part_of_name,
        _similar,
    )
    for way in ways:
        found = tuple(dict.fromkeys(way(text, zones)))
        if found:
            return found[:AT_MOST]
    return ()


def _other_code(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    wanted = text.upper()
    code = _OTHER_NAMES.get(wanted, "")
    if code in zones:
        yield code
    yield from (
        country.code
        for country in tables.countries().values()
        if country.iso3 == wanted and country.code in zones
    )


def _name(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    wanted = text.casefold()
    yield from (code for code, name in zones.items() if name.casefold() == wanted)


def _end_of_code(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    wanted = text.casefold()
    yield from (code for code in zones if re.split("[:]|^US-", code)[-1].casefold() == wanted)


def _similar_region(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    if not re.search("[:-]", text):
        return
    by_folded = {code.casefold(): code for code in zones if re.search("[:-]", code)}
    near = difflib.get_close_matches(text.casefold(), by_folded, n=AT_MOST, cutoff=0.8)
    yield from (by_folded[code] for code in near)


def _country_of_code(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    country, dash, _ = text.upper().partition("-")
    if dash and country in zones:
        yield country


def _part_of_name(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    wanted = text.casefold()
    if len(wanted) >= _SHORTEST_PART:
        pattern = re.compile(rf"\b{re.escape(wanted)}")
        yield from (code for code, name in zones.items() if pattern.search(name.casefold()))


def _similar(text: str, zones: Mapping[str, str]) -> Iterator[str]:
    wanted = text.casefold()
    by_name = {name.casefold(): code for code, name in zones.items()}
    by_code = {code.casefold(): code for code in zones}
    both = by_code | by_name
    yield from (both[near] for near in difflib.get_close_matches(wanted, both, n=AT_MOST))
