from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.research.figure import Figure, product, total

POSITIVE = st.floats(min_value=1e-3, max_value=1e6)
FACTOR = st.floats(min_value=1.0, max_value=10.0)


@st.composite
def figures(draw: st.DrawFn) -> Figure:
    value = draw(POSITIVE)
    return Figure(value, value / draw(FACTOR), value * draw(FACTOR))


def test_one_uncertain_factor_hands_its_range_on() -> None:
    found = product(Figure.exactly(3.0), Figure(2.0, 1.0, 4.0))

    assert (found.value, found.low, found.high) == pytest.approx((6.0, 3.0, 12.0))


def test_two_factors_add_in_quadrature_on_a_logarithmic_scale() -> None:
    found = product(Figure(1.0, 0.5, 2.0), Figure(1.0, 0.5, 2.0))

    assert found.high == pytest.approx(2 ** math.sqrt(2))
    assert found.low == pytest.approx(2 ** -math.sqrt(2))


def test_a_sum_adds_in_quadrature() -> None:
    found = total(Figure(10.0, 7.0, 13.0), Figure(20.0, 16.0, 24.0))

    assert (found.value, found.low, found.high) == pytest.approx((30.0, 25.0, 35.0))


def test_a_grid_without_emissions_gives_none() -> None:
    assert product(Figure(5.0, 4.0, 6.0), Figure.exactly(0.0)).high == 0


def test_a_factor_that_may_be_0_makes_the_product_so() -> None:
    assert product(Figure.exactly(5.0), Figure(1.0, 0.0, 2.0)).low == 0


@given(figures(), figures())
def test_a_product_lies_in_its_range_and_within_the_extremes(one: Figure, other: Figure) -> None:
    found = product(one, other)
    near = 1 + 1e-9

    assert one.low * other.low <= found.low * near
    assert found.low <= found.value * near
    assert found.value <= found.high * near
    assert found.high <= one.high * other.high * near
