"""Where our failures end: a training never sees them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_LOG = logging.getLogger("tracker")
_P = ParamSpec("_P")
_R = TypeVar("_R")
_D = TypeVar("_D")


class Guarded(Protocol):
    """Whoever remembers what failed."""

    def note_failure(self, what: str, error: Exception) -> None:
        """An event of the run, and one warning."""


_S = TypeVar("_S", bound=Guarded)


def guarded(
    otherwise: Callable[[], _D],
) -> Callable[[Callable[Concatenate[_S, _P], _R]], Callable[Concatenate[_S, _P], _R | _D]]:
    """Let no exception of a method out; it returns ``otherwise()`` then."""

    def decorate(
        method: Callable[Concatenate[_S, _P], _R],
    ) -> Callable[Concatenate[_S, _P], _R | _D]:
        @functools.wraps(method)
        def call(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _R | _D:
            try:
                return method(self, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 - this is the boundary
                _LOG.debug("%s failed", method.__name__, exc_info=True)
                self.note_failure(method.__name__.strip("_"), error)
                return otherwise()

        return call

    return decorate


def in_one_line(error: BaseException | None) -> str | None:
    """What ended a block, for the record; ``None`` where nothing or a clean exit did."""
    if error is None or (isinstance(error, SystemExit) and error.code in {None, 0}):
        return None
    return " ".join(f"{type(error).__name__}: {error}".rstrip(": ").split())[:500]
