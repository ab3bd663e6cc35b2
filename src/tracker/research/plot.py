"""A projection as a picture: points, fit, interval and targets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from tracker.errors import ExportError, PluginError
from tracker.research.project import Fit, Projection, error_at

FORMATS: Final = ("svg", "png")
_STEPS: Final = 200
_FACE: Final = "#d6e4f0"
_BLUE: Final = "#1f5a92"
_RED: Final = "#b3261e"


def save(projection: Projection, path: Path) -> None:
    """Draw the projection into ``path``, one panel a model.

    Raises:
        ExportError: the file's ending is neither svg nor png, or it cannot be written.
        PluginError: matplotlib is not installed.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ExportError(f"{path}: a plot is {' or '.join(FORMATS)}; name the file so")
    matplotlib = library()
    write(matplotlib, _drawn(matplotlib, projection), path)


def write(matplotlib: Any, figure: Any, path: Path) -> None:  # noqa: ANN401 - a module, a figure
    """Write a figure into a file named as one of ``FORMATS``.

    Raises:
        ExportError: it cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    # Without the date and with fixed ids, the same picture gives the same file.
    metadata = {"Date": None} if kind == "svg" else {}
    try:
        with matplotlib.rc_context({"svg.hashsalt": "tracker"}):
            figure.savefig(path, format=kind, metadata=metadata, dpi=150)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error


def library() -> Any:  # noqa: ANN401 - the module
    """The module matplotlib.

    Raises:
        PluginError: it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: PLC0415 - half a second, for a plot alone
    except ImportError as error:
        raise PluginError(
            "a plot needs matplotlib: pip install 'emissions-tracker[research]'"
        ) from error
    return matplotlib


def _drawn(matplotlib: Any, projection: Projection) -> Any:  # noqa: ANN401 - matplotlib's figure
    count = max(1, len(projection.fits))
    figure = matplotlib.figure.Figure(figsize=(5.6 * count, 4.4), layout="constrained")
    for axes, fit in zip(figure.subplots(1, count, squeeze=False)[0], projection.fits, strict=True):
        _draw(axes, projection, fit)
    return figure


def _draw(axes: Any, projection: Projection, fit: Fit) -> None:  # noqa: ANN401 - as above
    points = projection.points.points
    x = [math.log10(point.flop) for point in points]
    reach = [target.log10_flop for target in fit.targets]
    grid = _grid(min(x), max([*x, *reach]))
    lows, highs = zip(*(_errors(fit, at) for at in grid), strict=True)
    what = "95 % of the line" if projection.is_frontier else "95 % prediction"
    axes.fill_between(grid, lows, highs, color=_FACE, label=what)
    middle = [_error(fit, fit.line.a + fit.line.b * at) for at in grid]
    axes.plot(grid, middle, color=_BLUE, label=f"fit, n = {fit.line.n}")
    axes.scatter(x, [point.error for point in points], color="black", s=14, zorder=3)
    for target in fit.targets:
        axes.scatter([target.log10_flop], [target.error], marker="x", color=_RED, zorder=4)
        label = f"{target.error:.3g}: 10^{target.log10_flop:.1f} FLOP"
        place = {"xy": (target.log10_flop, target.error), "xytext": (-6, -3)}
        axes.annotate(label, **place, textcoords="offset points", fontsize=8, ha="right", va="top")
    errors = [*(point.error for point in points), *(target.error for target in fit.targets)]
    axes.set_ylim(min(errors) / 2, min(1.0, max(errors) * 1.5))
    axes.set_yscale("log")
    axes.set(title=fit.model, xlabel="log10 of training FLOP", ylabel="error")
    axes.legend(fontsize=8)


def _grid(low: float, high: float) -> list[float]:
    return [low + (high - low) * step / _STEPS for step in range(_STEPS + 1)]


def _errors(fit: Fit, at: float) -> tuple[float, float]:
    low, high = fit.line.band_at(at)
    return _error(fit, high), _error(fit, low)


def _error(fit: Fit, value: float) -> float:
    """The error at a height; where there is none (1/err below 1), all of it."""
    least = 0.0 if fit.model == "polynomial" else 1.0
    return error_at(fit.model, max(value, least))
