"""Tables and text of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tracker.model.text import harmless

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def plain(text: str) -> str:
    """``text`` as it is: nothing in it is taken for markup, and it stays on one line."""
    return _SPECIAL.sub(r"\\\1", harmless(text))


def note(label: str, text: str) -> str:
    """A label and a text, as an item of a list."""
    return f"- **{plain(label)}**: {plain(text)}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table whose cells are plain text; columns ``right`` are set to the right."""
    rules = ["---:" if at in right else "---" for at in range(len(heads))]
    return "\n".join(_lines([heads, *rows], rules)) + "\n"


def _lines(rows: Sequence[Sequence[str]], rules: Sequence[str]) -> Iterator[str]:
    for position, row in enumerate(rows):
        yield f"| {' | '.join(map(plain, row))} |"
        if position == 0:
            yield f"|{'|'.join(rules)}|"
