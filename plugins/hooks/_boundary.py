"""The boundary between a hook and the training that calls it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_LOG = logging.getLogger("tracker")


class Hook(Protocol):
    """Whoever has its methods guarded remembers whether it has warned."""

    warned: bool


_H = TypeVar("_H", bound=Hook)
_P = ParamSpec("_P")


def guarded(method: Callable[Concatenate[_H, _P], None]) -> Callable[Concatenate[_H, _P], None]:
    """Let no failure of ``method`` reach the training: the first of a hook is one warning."""

    @functools.wraps(method)
    def call(self: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - frameworks let a hook's error end the training
            if not self.warned:
                self.warned = True
                _LOG.warning(
                    "%s.%s failed, and the training goes on: %r",
                    type(self).__name__,
                    method.__name__,
                    error,
                )

    return call
