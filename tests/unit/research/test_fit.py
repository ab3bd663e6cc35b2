"""The lines, against libraries that are not the one in use: numpy and scikit-learn."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, QuantileRegressor

from tracker.research import fit

RANDOM = random.Random(7)  # noqa: S311 - made-up points, no secret
X = [17 + 0.2 * number + RANDOM.gauss(0, 0.3) for number in range(40)]
Y = [-1.0 + 0.09 * x + RANDOM.gauss(0, 0.05) for x in X]


def test_least_squares_are_numpys() -> None:
    line = fit.least_squares(X, Y)
    (b, a), covariance = np.polyfit(X, Y, 1, cov=True)

    assert line.n == 40
    assert (line.a, line.b) == pytest.approx((a, b))
    assert (line.se_b, line.se_a) == pytest.approx(tuple(np.sqrt(np.diag(covariance))))


def test_the_explained_share_is_scikit_learns() -> None:
    column = np.asarray(X)[:, None]
    expected = LinearRegression().fit(column, Y).score(column, Y)

    assert fit.least_squares(X, Y).r2 == pytest.approx(expected)


def test_anscombes_first_quartet() -> None:
    # Anscombe 1973: a 3.0001, b 0.5001, R2 0.6665, standard errors 1.1247 and 0.1179.
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    line = fit.least_squares(x, y)

    assert (line.a, line.b, line.r2) == pytest.approx((3.0001, 0.5001, 0.6665), abs=1e-4)
    assert (line.se_a, line.se_b) == pytest.approx((1.1247, 0.1179), abs=1e-4)


def test_the_frontier_is_scikit_learns_quantile_regression() -> None:
    line = fit.frontier(X, Y)
    expected = QuantileRegressor(quantile=0.9, alpha=0, solver="highs").fit(
        np.asarray(X)[:, None], Y
    )

    assert line.b == pytest.approx(float(expected.coef_[0]), rel=1e-6)
    assert line.a == pytest.approx(float(expected.intercept_), rel=1e-6)


def test_a_tenth_of_the_points_lies_above_the_frontier() -> None:
    line = fit.frontier(X, Y)
    above = sum(y > line.a + line.b * x + 1e-9 for x, y in zip(X, Y, strict=True))

    assert 2 <= above <= 4
    assert line.is_significant
    assert 0 < line.r2 < 1


def test_the_frontiers_errors_are_the_same_each_time() -> None:
    assert fit.frontier(X, Y) == fit.frontier(X, Y)


def test_the_interval_is_where_the_prediction_band_holds_the_height() -> None:
    line = fit.least_squares(X, Y)
    y = 1.3
    low, high = line.interval_at(y)

    assert low is not None
    assert high is not None
    assert low < line.x_at(y) < high
    assert line.band_at(low)[1] == pytest.approx(y)
    assert line.band_at(high)[0] == pytest.approx(y)


def test_a_height_far_away_has_an_interval_too() -> None:
    line = fit.least_squares(X, Y)
    low, high = line.interval_at(1e200)

    assert low is not None
    assert high is not None
    assert low < line.x_at(1e200) < high


def test_95_of_100_further_points_lie_in_the_band() -> None:
    line = fit.least_squares(X, Y)
    draw = random.Random(11)  # noqa: S311 - as above
    inside = 0
    for number in range(2000):
        x = 17 + 8 * number / 2000
        low, high = line.band_at(x)
        inside += low <= -1.0 + 0.09 * x + draw.gauss(0, 0.05) <= high
    # The band holds for the fit at hand on the average over fits; this one's is near it.
    assert 0.90 <= inside / 2000 <= 0.99


def test_the_band_is_narrowest_in_the_middle() -> None:
    line = fit.least_squares(X, Y)
    widths = [high - low for low, high in map(line.band_at, (21.0, 25.0, 30.0, 40.0))]

    assert all(one < other for one, other in pairwise(widths))


def test_without_a_slope_there_is_no_bound() -> None:
    line = fit.least_squares([1, 2, 3, 4], [1.0, 1.2, 0.9, 1.1])

    assert not line.is_significant
    assert line.interval_at(2.0) == (None, None)


def test_a_falling_line_is_not_significant_however_sure() -> None:
    line = fit.least_squares([1, 2, 3, 4], [4.0, 3.0, 2.0, 1.01])

    assert line.p_value < 0.001
    assert not line.is_significant


def test_points_on_a_line_leave_nothing_over() -> None:
    line = fit.least_squares([1, 2, 3], [2, 4, 6])

    assert (line.a, line.b) == pytest.approx((0, 2), abs=1e-9)
    assert line.is_significant
    assert line.interval_at(20.0) == pytest.approx((10.0, 10.0), abs=1e-3)
    assert math.isfinite(line.se_b)
