"""The compute, energy, cost and CO2e that a lower error would take.

The method of Thompson, Greenewald, Lee and Manso (arXiv 2007.05558), with F the FLOP of a
training and err its error as a fraction:

* polynomial: ``log10(1/err) = a + b * log10(F)``;
* exponential: ``1/err = a + b * log10(F)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.model.plain import plain
from tracker.research import fit
from tracker.research.convert import Constants, Cost, cost_of
from tracker.research.points import LEAST_ERROR, LEAST_POINTS

if TYPE_CHECKING:
    from tracker.research.points import Points

MODELS: Final = ("polynomial", "exponential")


class Target(Struct, frozen=True):
    """What an error would take.

    Attributes:
        error: a fraction.
        low: log10 of the FLOP, lower end of the 95 % interval; ``None`` where it has none.
        high: the upper end.
    """

    error: float
    log10_flop: float
    low: float | None
    high: float | None
    cost: Cost

    def to_dict(self) -> dict[str, Any]:
        """``{error, log10_flop, low, high, usd, lb, kwh}`` as JSON values."""
        values: dict[str, Any] = plain(
            {
                "error": self.error,
                "log10_flop": self.log10_flop,
                "low": self.low,
                "high": self.high,
            }
        )
        return values | self.cost.to_dict()


class Fit(Struct, frozen=True):
    """One model, fitted, and its targets."""

    model: str
    line: fit.Line
    targets: tuple[Target, ...]

    def to_dict(self) -> dict[str, Any]:
        """``{model, n, a, b, se_a, se_b, r2, targets}`` as JSON values."""
        line = self.line
        values: dict[str, Any] = plain(
            {
                "model": self.model,
                "n": line.n,
                "a": line.a,
                "b": line.b,
                "se_a": line.se_a,
                "se_b": line.se_b,
                "r2": line.r2,
            }
        )
        return values | {"targets": [target.to_dict() for target in self.targets]}


class Projection(Struct, frozen=True):
    """The fits of a table.

    Attributes:
        is_frontier: whether the best tenth was fitted, not the mean.
        warnings: why the projection is not to be trusted; empty where nothing speaks
            against it.
    """

    points: Points
    fits: tuple[Fit, ...]
    constants: Constants
    is_frontier: bool
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The projection as JSON values."""
        filled = sum(point.filled for point in self.points.points)
        values: dict[str, Any] = {
            "table": self.points.name,
            "estimator": "quantile regression" if self.is_frontier else "least squares",
            "fits": [each.to_dict() for each in self.fits],
            "left_out": dict(self.points.left_out),
            "filled": filled,
            "fill": _fill_values(self.points),
            "constants": plain(self.constants),
            "warnings": list(self.warnings),
        }
        return values


def project(
    points: Points,
    targets: Sequence[float],
    *,
    models: Sequence[str] = MODELS,
    frontier: bool = False,
    constants: Constants | None = None,
    force: bool = False,
) -> Projection:
    """Fit the points and project them to errors.

    Args:
        points: at least three, with different compute.
        targets: errors as fractions.
        models: of ``MODELS``.
        frontier: fit the best tenth by quantile regression.
        constants: what FLOP are converted by.
        force: project although the slope is not significant, all results are of one year,
            a target is above every error in the table, or a frontier has fewer than ten
            points; the warnings then say so.

    Raises:
        SettingsError: the points cannot be fitted or a target not be meant, or the fit is
            not to be trusted and ``force`` is not given.
        PluginError: scipy is not installed.
    """
    used = constants or Constants()
    used.check()
    _check(points, targets, models)
    fitted = fit.frontier if frontier else fit.least_squares
    x = [math.log10(point.flop) for point in points.points]
    lines = {
        model: fitted(x, [height(model, point.error) for point in points.points])
        for model in models
    }
    warnings = (*_few(points, frontier), *_warnings(points, lines, targets))
    if warnings and not force:
        raise SettingsError(f"{points.name}: {'; '.join(warnings)}. --force projects all the same")
    fits = [_fit(model, line, targets, used) for model, line in lines.items() if line.b != 0]
    return Projection(points, tuple(fits), used, frontier, warnings)


def height(model: str, error: float) -> float:
    """What a model takes as linear in log10(F): of ``polynomial`` log10(1/err), else 1/err."""
    return -math.log10(error) if model == "polynomial" else 1 / error


def error_at(model: str, value: float) -> float:
    """The error at a height: the inverse of ``height``."""
    return float(10**-value) if model == "polynomial" else 1 / value


def _fit(model: str, line: fit.Line, targets: Sequence[float], constants: Constants) -> Fit:
    found = []
    for error in targets:
        value = height(model, error)
        log10_flop = line.x_at(value)
        cost = cost_of(log10_flop, constants)
        found.append(Target(error, log10_flop, *line.interval_at(value), cost))
    return Fit(model, line, tuple(found))


def _few(points: Points, frontier: bool) -> tuple[str, ...]:
    n = len(points.points)
    if not frontier or n >= fit.LEAST_FRONTIER_POINTS:
        return ()
    return (f"the best tenth of {n} rows says little; at least {fit.LEAST_FRONTIER_POINTS}",)


def _warnings(points: Points, lines: dict[str, fit.Line], targets: Sequence[float]) -> list[str]:
    found = [
        f"the {model} slope is not significant: b = {line.b:.3g} ± {line.se_b:.2g},"
        f" p = {line.p_value:.2g}, n = {line.n}"
        for model, line in lines.items()
        if not line.is_significant
    ]
    if points.same_year is not None:
        found.append(f"column year: all results are of {points.same_year}, so they show no course")
    worst = max(points.points, key=lambda point: point.error)
    found += [
        f"target {target:g} is above every error in the table; the highest is"
        f" {worst.error:.4g} ({worst.name})"
        for target in targets
        if target > worst.error
    ]
    return found


def _check(points: Points, targets: Sequence[float], models: Sequence[str]) -> None:
    for model in models:
        if model not in MODELS:
            raise SettingsError(f"no model {model!r}; there are: {', '.join(MODELS)}")
    _check_points(points)
    for target in targets:
        _check_target(target)


def _check_points(points: Points) -> None:
    left = ", ".join(f"{count} {reason}" for reason, count in points.left_out.items())
    said = f" (left out: {left})" if left else ""
    if len(points.points) < LEAST_POINTS:
        raise SettingsError(
            f"{points.name}: {len(points.points)} rows have an error and compute_flop{said};"
            f" a line with its error takes at least {LEAST_POINTS}"
        )
    for column in ("flop", "error"):
        if len({getattr(point, column) for point in points.points}) == 1:
            name = "compute_flop" if column == "flop" else "error"
            raise SettingsError(
                f"{points.name}, column {name}: all {len(points.points)} rows have the same"
                " value, so there is no line through them"
            )


def _check_target(target: float) -> None:
    if not math.isfinite(target) or target <= 0:
        raise SettingsError(f"target {target:g}: an error must be above 0; none is reached at 0")
    if target < LEAST_ERROR:
        raise SettingsError(f"target {target:g}: an error so small is never seen; at least 1e-12")
    if target >= 1:
        raise SettingsError(
            f"target {target:g}: an error is a fraction below 1; is it {target:g} %?"
            f" Then write {target / 100:g}"
        )


def _fill_values(points: Points) -> dict[str, Any] | None:
    if points.fill is None:
        return None
    line = points.fill
    values: dict[str, Any] = plain({"n": line.n, "a": line.a, "b": line.b, "r2": line.r2})
    return values
