"""A provider's rate limit, kept over all processes of this machine and user."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.ports.grid import RateLimit

try:
    import fcntl
except ImportError:  # Windows: the limit is kept within the process alone
    fcntl = None  # type: ignore[assignment] # mypy knows the platform's module only

LONGEST_REFUSAL_S: Final = 3600.0
"""A provider that wants to be left alone for longer is asked again after an hour."""
_TRIES: Final = 40
_TRY_S: Final = 0.05


class _Past(Struct, frozen=True):
    """Instants of calls, made or promised, and until when none is wanted; unix seconds."""

    calls: tuple[float, ...] = ()
    not_before: float = 0.0


class RateLimiter:
    """Promises each caller an instant at which it may call.

    Args:
        path: where the processes meet; one that cannot be written is done without.
        limit: ``None`` keeps only to what the provider asked for by ``Retry-After``.
        now: unix seconds.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        path: Path,
        limit: RateLimit | None,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._path = path
        self._limit = limit
        self._now = now
        self._sleep = sleep
        self._past = _Past()

    @property
    def ban_s(self) -> float | None:
        """For how long it is best left alone after a 429 that says nothing of it."""
        return None if self._limit is None else self._limit.ban_s

    def reserve(self, longest_s: float) -> tuple[bool, float]:
        """An instant to call at, if there is one soon enough.

        Returns:
            Whether it was reserved, and how many seconds lie before it.
        """
        with self._shared() as file:
            now = self._now()
            past = self._sound(self._read(file), now, longest_s)
            at = self._earliest(past, now)
            if at - now > longest_s:
                return False, at - now
            self._write(file, _Past((*past.calls, at), past.not_before))
        return True, max(at - now, 0.0)

    def refuse_for(self, wait_s: float) -> None:
        """The provider wants no call for some seconds."""
        with self._shared() as file:
            now = self._now()
            past = self._sound(self._read(file), now, LONGEST_REFUSAL_S)
            until = now + min(wait_s, LONGEST_REFUSAL_S)
            self._write(file, _Past(past.calls, max(past.not_before, until)))

    def _earliest(self, past: _Past, now: float) -> float:
        at = max(now, past.not_before)
        limit = self._limit
        if limit is not None and len(past.calls) >= limit.calls:
            at = max(at, sorted(past.calls)[-limit.calls] + limit.per_s)
        return at

    def _sound(self, past: _Past, now: float, longest_s: float) -> _Past:
        """Without what is over, and without what a clock that was set back made of it."""
        per_s = 0.0 if self._limit is None else self._limit.per_s
        calls = tuple(at for at in past.calls if now - per_s < at <= now + longest_s)
        late = past.not_before > now + LONGEST_REFUSAL_S
        return _Past(calls, 0.0 if late else past.not_before)

    @contextmanager
    def _shared(self) -> Iterator[int | None]:
        """The file's descriptor, locked; ``None`` where it cannot be had."""
        if fcntl is None:
            yield None
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield None
            return
        try:
            yield file if self._locked(file) else None
        finally:
            os.close(file)  # which gives back the lock

    def _locked(self, file: int) -> bool:
        """Never waits long: a process that was stopped may hold the lock."""
        for _ in range(_TRIES):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._sleep(_TRY_S)
            except OSError:
                return False
            else:
                return True
        return False

    def _read(self, file: int | None) -> _Past:
        if file is None:
            return self._past
        try:
            kept = json.loads(os.pread(file, 1 << 20, 0))
            calls, until = [float(at) for at in kept["calls"]], float(kept["not_before"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return _Past()
        if not all(math.isfinite(value) for value in (*calls, until)):
            return _Past()
        return _Past(tuple(calls), until)

    def _write(self, file: int | None, past: _Past) -> None:
        self._past = past
        if file is None:
            return
        content = json.dumps({"calls": past.calls, "not_before": past.not_before}).encode()
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, content, 0)
        except OSError:
            return  # a full disk: the limit is kept within the process
