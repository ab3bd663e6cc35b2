"""``track`` and ``tracked``: a run around any piece of code, or around a function's calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack

from tracker.assembly import Assembly
from tracker.live.tracker import Run
from tracker.settings import TrackOptions

_P = ParamSpec("_P")
_R = TypeVar("_R")


def track(name: str | None = None, **options: Unpack[TrackOptions]) -> Run:
    """A run that measures the energy and CO2e of what it encloses.

    Args:
        name: of the run; by default the project's or the script's.
        options: see ``TrackOptions``; what is not given comes from the environment
            (``TRACKER_LOCATION``), a settings file, or is built in.

    Raises:
        SettingsError: an option that cannot be meant.
    """
    return Run(name, Assembly.of_this_process(), options)


def tracked(
    name: str | None = None, **options: Unpack[TrackOptions]
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A decorator: every call of the function is a run, named after it by default.

    Args:
        name: of the runs.
        options: as ``track`` takes them.

    Raises:
        SettingsError: at decoration, an option that cannot be meant.
    """
    if callable(name):
        raise TypeError("write @tracker.tracked() with parentheses")

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        return _each_call_in(lambda: track(name or function.__name__, **options), function)

    return decorate


def _each_call_in(begin: Callable[[], Run], function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function, each of its calls in a run; coroutine functions and generators stay such."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: _P.args, **kwargs: _P.kwargs) -> Any:  # noqa: ANN401 - the function's
            with begin():
                return await function(*args, **kwargs)

        return call_async  # type: ignore[return-value]  # a coroutine function stays one

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def go_through(*args: _P.args, **kwargs: _P.kwargs) -> Any:  # noqa: ANN401 - the same
            with begin():
                return (yield from function(*args, **kwargs))

        return go_through

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with begin():
            return function(*args, **kwargs)

    return call
