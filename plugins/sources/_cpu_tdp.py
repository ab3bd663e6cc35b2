"""The design power of a processor model, by the name that the kernel prints."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracker import data

TABLE: Final = Path(data.__file__).with_name("cpu_tdp.csv")

# What vendors and the kernel add to a model's name, and the table does not.
_DECORATION: Final = re.compile(
    r"""
      \((?:R|TM|C)\)                        # Intel(R) Core(TM)
    | ^\d+th\ Gen\s                         # 12th Gen Intel Core
    | \bCPU\b | \bProcessor\b | \bAPU\b
    | \bw(?:ith|/)\s.*$                     # with Radeon Graphics
    | @.*$                                  # @ 2.40GHz
    | \b(?:\d+|Dual|Triple|Quad|Six|Eight)-Core\b
    | \s0$                                  # older Xeons end so
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPACES: Final = re.compile(r"\s+")


def plain_name(name: str) -> str:
    """A model's name without decoration, in lower case.

    ``Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz`` becomes ``intel xeon e5-2680 v4``.
    """
    return _SPACES.sub(" ", _DECORATION.sub(" ", name)).strip().lower()


def load_table(path: Path = TABLE) -> Mapping[str, float]:
    """Design power in watts by name in lower case, as the table writes it; takes 3 ms."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {name.lower(): float(tdp_w) for name, tdp_w in rows}


def look_up(name: str, table: Mapping[str, float]) -> float | None:
    """Design power of a model in watts, or ``None`` if the table lacks it.

    Tried in turn: the name as printed, without decoration, and that without the vendor;
    then the entries that are decorated themselves ("AMD Ryzen 7 1700 Processor").
    """
    plain = plain_name(name)
    without_vendor = plain.partition(" ")[2]
    for candidate in (name.strip().lower(), plain, without_vendor):
        if candidate in table:
            return table[candidate]
    decorated = (entry for entry in table if entry.startswith(plain))
    same = next((entry for entry in decorated if plain_name(entry) == plain), None)
    return None if same is None else table[same]
