"""Straight lines through points, by scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from tracker.errors import PluginError

CONFIDENCE: Final = 0.95
LEAST_FRONTIER_POINTS: Final = 10
"""Of fewer points a tenth is not even one, and resampling them says little."""
FRONTIER_QUANTILE: Final = 0.9
"""Of 1/error: the best tenth, as Thompson et al. take the 10th percentile of the error."""
RESAMPLES: Final = 200
_SEED: Final = 20071558
"""Fixed, so that the same points give the same errors."""


class Line(Struct, frozen=True):
    """``y = a + b * x``, fitted.

    Attributes:
        n: points.
        se_a: standard error of ``a``.
        se_b: standard error of ``b``.
        r2: share of the variance that the line explains; of a quantile, Koenker and
            Machado's R1, the share of the weighted absolute deviations.
        p_value: probability of a slope this far from 0 where there is none, two-sided.
    """

    n: int
    a: float
    b: float
    se_a: float
    se_b: float
    r2: float
    p_value: float
    spread: Spread | Resampled

    @property
    def is_significant(self) -> bool:
        """Whether y rises with x beyond chance (at the 5 % level)."""
        return self.b > 0 and self.p_value < 1 - CONFIDENCE

    def x_at(self, y: float) -> float:
        """Where the line reaches ``y``."""
        return (y - self.a) / self.b

    def interval_at(self, y: float) -> tuple[float | None, float | None]:
        """Where a further point may reach ``y``, 95 %; ``None`` where there is no bound."""
        return self.spread.interval(self, y)

    def band_at(self, x: float) -> tuple[float, float]:
        """Between which y a further point at ``x`` lies, 95 %."""
        return self.spread.band(self, x)


class Spread(Struct, frozen=True):
    """What least squares leave over.

    Attributes:
        residual_s: standard deviation of the residuals, with n - 2 degrees of freedom.
        x_mean: mean of the points' x.
        s_xx: sum of their squared distances from it.
    """

    residual_s: float
    x_mean: float
    s_xx: float

    def interval(self, line: Line, y: float) -> tuple[float | None, float | None]:
        """Bounds of x, where ``y`` lies in the line's prediction band.

        They solve (y - a - b x)^2 = t^2 s^2 (1 + 1/n + (x - x_mean)^2 / s_xx). Where the
        slope is not significant the band never leaves ``y``: then there are none.
        """
        t = _stats().t.ppf((1 + CONFIDENCE) / 2, line.n - 2)
        ts2 = (t * self.residual_s) ** 2
        distance = y - line.a - line.b * self.x_mean
        square = line.b**2 - ts2 / self.s_xx
        if square <= 0:
            return None, None
        middle = line.b * distance / square
        parts = (distance * math.sqrt(ts2 / self.s_xx), math.sqrt(ts2 * (1 + 1 / line.n) * square))
        root = math.hypot(*parts) / square
        return self.x_mean + middle - root, self.x_mean + middle + root

    def band(self, line: Line, x: float) -> tuple[float, float]:
        """The prediction band of y at ``x``."""
        t = _stats().t.ppf((1 + CONFIDENCE) / 2, line.n - 2)
        leverage = 1 + 1 / line.n + (x - self.x_mean) ** 2 / self.s_xx
        half = t * self.residual_s * math.sqrt(leverage)
        middle = line.a + line.b * x
        return middle - half, middle + half


class Resampled(Struct, frozen=True):
    """Lines through resampled points, as (a, b)."""

    lines: tuple[tuple[float, float], ...]

    def interval(self, line: Line, y: float) -> tuple[float | None, float | None]:  # noqa: ARG002 - the other spread needs it
        """The middle 95 % of where these lines reach ``y``; of the line, not of a point."""
        reached = sorted((y - a) / b for a, b in self.lines if b > 0)
        cut = (1 - CONFIDENCE) / 2
        if len(reached) < len(self.lines) * (1 - cut):
            return None, None
        return _middle(reached)

    def band(self, line: Line, x: float) -> tuple[float, float]:  # noqa: ARG002 - as above
        """The middle 95 % of these lines' y at ``x``."""
        return _middle(sorted(a + b * x for a, b in self.lines))


def _middle(values: Sequence[float]) -> tuple[float, float]:
    cut = (1 - CONFIDENCE) / 2
    return values[int(cut * len(values))], values[math.ceil((1 - cut) * len(values)) - 1]


def least_squares(x: Sequence[float], y: Sequence[float]) -> Line:
    """The line with the least squared distances in y (``scipy.stats.linregress``).

    Args:
        x: at least three values, not all the same.
        y: as many.
    """
    found = _stats().linregress(x, y)
    n, a, b = len(x), float(found.intercept), float(found.slope)
    x_mean = math.fsum(x) / n
    s_xx = math.fsum((each - x_mean) ** 2 for each in x)
    residual = math.fsum((yi - a - b * xi) ** 2 for xi, yi in zip(x, y, strict=True))
    return Line(
        n=n,
        a=a,
        b=b,
        se_a=float(found.intercept_stderr),
        se_b=float(found.stderr),
        r2=float(found.rvalue) ** 2,
        p_value=float(found.pvalue),
        spread=Spread(math.sqrt(residual / (n - 2)), x_mean, s_xx),
    )


def frontier(x: Sequence[float], y: Sequence[float]) -> Line:
    """The line that a tenth of the points lie above: quantile regression.

    It is solved as a linear programme (``scipy.optimize.linprog``, Koenker and Bassett
    1978). Standard errors are those of ``RESAMPLES`` resamples of the points.

    Args:
        x: at least three values, not all the same.
        y: as many.
    """
    import numpy as np  # noqa: PLC0415 - comes with scipy, for a frontier alone

    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    a, b = _quantile_line(xs, ys)
    draw = np.random.default_rng(_SEED)
    lines: list[tuple[float, float]] = []
    while len(lines) < RESAMPLES:
        chosen = draw.integers(0, len(xs), len(xs))
        if np.ptp(xs[chosen]) > 0:
            lines.append(_quantile_line(xs[chosen], ys[chosen]))
    se_a, se_b = (float(each) for each in np.std(lines, axis=0, ddof=1))
    flat = float(np.quantile(ys, FRONTIER_QUANTILE))
    explained = 1 - _deviation(ys - a - b * xs) / _deviation(ys - flat)
    p_value = 2 * float(_stats().t.sf(abs(b) / se_b, len(xs) - 2)) if se_b > 0 else 0.0
    return Line(len(xs), a, b, se_a, se_b, explained, p_value, Resampled(tuple(lines)))


def _quantile_line(x: Any, y: Any) -> tuple[float, float]:  # noqa: ANN401 - numpy's arrays
    import numpy as np  # noqa: PLC0415 - as above
    from scipy.optimize import linprog  # noqa: PLC0415 - the same

    n = len(x)
    # a and b are free; each point has a part above the line and one below it, both >= 0.
    above, below = np.full(n, FRONTIER_QUANTILE), np.full(n, 1 - FRONTIER_QUANTILE)
    design = np.hstack([np.ones((n, 1)), x[:, None], np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * 2 + [(0, None)] * (2 * n)
    weights = np.concatenate([[0.0, 0.0], above, below])
    solved = linprog(weights, A_eq=design, b_eq=y, bounds=bounds, method="highs")
    return float(solved.x[0]), float(solved.x[1])


def _deviation(residuals: Any) -> float:  # noqa: ANN401 - numpy's array
    weights = (residuals > 0) * FRONTIER_QUANTILE + (residuals <= 0) * (1 - FRONTIER_QUANTILE)
    return float((abs(residuals) * weights).sum())


def _stats() -> Any:  # noqa: ANN401 - scipy.stats, which is not typed
    try:
        from scipy import stats  # noqa: PLC0415 - 0.5 s, for a projection alone
    except ImportError as error:
        raise PluginError(
            "a projection needs scipy: pip install 'emissions-tracker[research]'"
        ) from error
    return stats
