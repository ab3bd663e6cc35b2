"""A power that only a command tells: asked on a thread of its own, so that nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tracker.errors import SourceGone, SourceReadError
from tracker.model.reading import Reading

_GIVE_UP_AFTER: Final = 3

Parse = Callable[[str], Sequence[Reading]]
"""Makes readings of what the command wrote; a ``ValueError`` if it holds none."""


def output_of(command: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> str:
    """What a command writes; it is killed when the time is up.

    Raises:
        SourceReadError: it cannot be run, fails or takes too long.
    """
    import subprocess  # noqa: PLC0415 - takes 5 ms, and few machines need it

    try:
        done = subprocess.run(  # noqa: S603 - a fixed command of the plugin's own
            command,
            env=dict(environ) | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or "") if not isinstance(error, OSError) else ""
        first = str(said).strip().partition("\n")[0] or str(error)
        raise SourceReadError(f"{' '.join(command)}: {first}") from error
    return done.stdout


class CommandMeter:
    """Asks a command again and again, and keeps the readings until they are fetched."""

    def __init__(self, ask: Callable[[], str], parse: Parse, *, pause_s: float, name: str) -> None:
        """Start to ask.

        Args:
            ask: runs the command once, within a bounded time.
            parse: reads what it wrote.
            pause_s: from the end of one call to the begin of the next, in seconds.
            name: the thread's.
        """
        self._ask = ask
        self._parse = parse
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._readings: list[Reading] = []
        self._error: SourceReadError | None = None
        self._stopping = threading.Event()
        self._has_given_up = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take(self) -> Sequence[Reading]:
        """The readings since the last call; never waits.

        Raises:
            SourceReadError: the last call of the command failed.
            SourceGone: so many failed in a row that it is no longer asked.
        """
        with self._lock:
            readings, self._readings = self._readings, []
            error, self._error = self._error, None
        if error is not None and not readings:
            raise error
        if self._has_given_up:
            raise SourceGone(f"{self._thread.name}: no answer {_GIVE_UP_AFTER} times in a row")
        return readings

    def stop(self) -> None:
        """Ask no more; a call that is under way ends within its time."""
        self._stopping.set()

    def _run(self) -> None:
        failures = 0
        while failures < _GIVE_UP_AFTER:
            try:
                readings = self._parse(self._ask())
            except (SourceReadError, ValueError) as error:
                failures += 1
                with self._lock:
                    self._error = SourceReadError(str(error))
            else:
                failures = 0
                with self._lock:
                    self._readings += readings
            if self._stopping.wait(self._pause_s):
                return
        self._has_given_up = True
