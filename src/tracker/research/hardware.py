"""Finding an accelerator by what people and drivers call it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from tracker.data import studies
from tracker.errors import SettingsError

if TYPE_CHECKING:
    from tracker.data.studies import Accelerator

_MAKERS: Final = re.compile(r"\b(nvidia|tesla|geforce|quadro|amd|radeon|instinct|google|gpu)\b")
_MEMORY: Final = re.compile(r"\b\d+\s*gb\b")
_AT_MOST: Final = 3
_SHOWN: Final = 60


def find(name: str) -> Accelerator | None:
    """The accelerator of that name, or ``None``.

    Maker, memory size, case, blanks and dashes don't matter:
    ``NVIDIA A100-SXM4-80GB`` is an A100.
    """
    return _by_key().get(_key(name))


def named(name: str) -> Accelerator:
    """The accelerator of that name.

    Raises:
        SettingsError: the table has none; names what comes near.
    """
    found = find(name)
    if found is not None:
        return found
    keys = _by_key()
    key = _key(name[:_SHOWN])
    within = [each for each in keys if key and (key in each or each in key)]
    near = [*within, *difflib.get_close_matches(key, keys, n=_AT_MOST)]
    names = list(dict.fromkeys(keys[each].name for each in near))[:_AT_MOST]
    hint = f"did you mean {' or '.join(names)}?" if names else f"known: {', '.join(known())}."
    raise SettingsError(
        f"no accelerator {name[:_SHOWN]!r} in the table; {hint}"
        " Of one that is not in it, give the mean draw in watts (gpu_watts)."
    )


def known() -> tuple[str, ...]:
    """The names in the table."""
    return tuple(studies.accelerators())


@cache
def _by_key() -> Mapping[str, Accelerator]:
    return {
        _key(name): each
        for each in studies.accelerators().values()
        for name in (each.name, *each.aliases)
    }


def _key(name: str) -> str:
    words = re.sub(r"[-_/]", " ", name.casefold())
    return "".join(_MEMORY.sub("", _MAKERS.sub("", words)).split())
