"""Where views are printed: a terminal of any width, or a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, Final

from rich.console import Console
from rich.text import Text

_PIPE_COLUMNS: Final = 100
"""A pipe has no width of its own; ``COLUMNS`` sets another."""

_PLAIN: Final = str.maketrans(
    "█▉▊▋▌▍▎▏▁▂▃▄▅▆▇·…✓✗�\N{EN DASH}",
    "#####   _..--==.~+x?-",
)


def screen(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: no markup, no emoji codes, no guessing of colours."""
    file = sys.stderr if stderr else sys.stdout
    piped = not file.isatty() and not os.environ.get("COLUMNS", "").isdigit()
    return Console(
        file=file,
        width=_PIPE_COLUMNS if piped else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )


def show(console: Console, lines: Iterable[Text]) -> None:
    """Print lines as the console's file can take them; too long ones are folded, if at all."""
    with console.capture() as captured:
        for line in lines:
            console.print(line, overflow=line.overflow or "fold", no_wrap=line.no_wrap, crop=False)
    text = captured.get()
    if not console.is_terminal:  # no blanks at the ends of lines in a pipe
        text = "\n".join(line.rstrip() for line in text.split("\n"))
    console.file.write(fitting(text, console.file))
    console.file.flush()


def fitting(text: str, file: IO[str]) -> str:
    """``text``, or where the file's encoding lacks its characters, a form without them."""
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, errors="replace").decode(encoding)
    return text
