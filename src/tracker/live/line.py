"""The live line on a terminal, for ``show="line"``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from tracker.model.display import live_line
from tracker.model.run import RunTotals

_ERASE = "\r\x1b[K"


class LiveLine:
    """Rewrites one line of stderr at every tick; does nothing where that is no terminal."""

    def __init__(
        self,
        name: str,
        totals: Callable[[], RunTotals],
        open_phases: Callable[[], tuple[str, ...]],
    ) -> None:
        self._name = name
        self._totals = totals
        self._open_phases = open_phases
        self._shown = sys.stderr.isatty()

    def draw(self) -> None:
        """Write the line as it is now."""
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            text = live_line(self._name, self._totals(), self._open_phases(), width)
            sys.stderr.write(f"{_ERASE}{text}")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line as it is at the end, and go on below it."""
        if self._shown:
            self.draw()
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._shown = False
