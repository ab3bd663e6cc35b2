from __future__ import annotations

import json
import math

import pytest

from tracker.errors import SettingsError
from tracker.research import article, fit
from tracker.research.convert import Constants, cost_of
from tracker.research.points import Point, Points
from tracker.research.project import MODELS, Projection, error_at, height, project

# Coefficients of Thompson et al.'s notebooks (release of 2022-08-04) with the errors and the
# log10 of FLOP, lb and USD that follow: set, model, a, b, error, FLOP, lb, USD.
PUBLISHED = [
    ("ImageNet <= 2022", "polynomial", -1.067277, 0.090756, 0.05, 26.095, 8.551, 9.258),
    ("ImageNet <= 2022", "polynomial", -1.067277, 0.090756, 0.03, 28.540, 10.996, 11.702),
    ("ImageNet <= 2022", "polynomial", -1.067277, 0.090756, 0.01, 33.797, 16.253, 16.960),
    ("ImageNet <= 2022", "exponential", -19.852815, 1.282519, 0.05, 31.074, 13.530, 14.237),
    ("ImageNet <= 2022", "exponential", -19.852815, 1.282519, 0.01, 93.451, 75.907, 76.614),
    ("ImageNet <= 2020", "polynomial", -0.807175, 0.075985, 0.115, 22.984, 5.441, 6.147),
    ("ImageNet <= 2020", "polynomial", -0.807175, 0.075985, 0.05, 27.745, 10.201, 10.908),
    ("ImageNet <= 2020", "polynomial", -0.807175, 0.075985, 0.01, 36.944, 19.400, 20.107),
    ("ImageNet <= 2020", "exponential", -15.361791, 1.038155, 0.01, 111.122, 93.578, 94.285),
    ("COCO <= 2022", "polynomial", -0.935309, 0.060978, 0.30, 23.913, 6.370, 7.076),
    ("COCO <= 2022", "exponential", -3.451153, 0.270068, 0.10, 49.807, 32.263, 32.969),
    ("SQuAD 1.1 <= 2022", "polynomial", -1.123009, 0.095610, 0.02, 29.515, 11.972, 12.678),
    ("SQuAD 1.1 <= 2022", "exponential", -20.394489, 1.362811, 0.01, 88.343, 70.799, 71.506),
    ("CoNLL 2003 <= 2022", "polynomial", 0.633332, 0.026914, 0.01, 50.780, 33.236, 33.942),
    ("CoNLL 2003 <= 2022", "exponential", -2.051070, 0.851971, 0.02, 61.095, 43.551, 44.258),
]


def line(a: float, b: float) -> fit.Line:
    return fit.Line(10, a, b, 0.1, 0.01, 0.9, 1e-6, fit.Spread(0.01, 20.0, 10.0))


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row[0]} {row[1]} {row[4]}")
def test_published_coefficients_give_the_published_projection(
    row: tuple[str, str, float, float, float, float, float, float],
) -> None:
    _, model, a, b, error, flop, lb, usd = row
    found = line(a, b).x_at(height(model, error))
    cost = cost_of(found, Constants())

    # Coefficients have six places: at log10 111 that leaves 0.002.
    assert found == pytest.approx(flop, abs=0.003)
    assert cost.log10_lb == pytest.approx(lb, abs=0.003)
    assert cost.log10_usd == pytest.approx(usd, abs=0.003)


def test_the_conversion_constants_are_the_authors() -> None:
    own = Constants()

    # 14.13e12 FLOP/s for an hour at 0.74 USD.
    assert own.flop_per_usd == pytest.approx(14.13e12 * 3600 / 0.74)
    assert (f"{own.flop_per_usd:.4g}", f"{own.flop_per_lb:.5g}") == ("6.874e+16", "3.4976e+17")
    values = cost_of(26.0, own).to_dict()
    assert values["usd"] == pytest.approx(1e26 / 6.87405405e16)
    assert values["lb"] == pytest.approx(1e26 / 3.49756348e17)
    assert values["kwh"] == pytest.approx(values["lb"] / 0.954)


def test_the_constants_can_be_others() -> None:
    values = cost_of(20.0, Constants(flop_per_usd=1e18, flop_per_lb=1e19, lb_per_kwh=0.5)).to_dict()

    assert values == {"usd": pytest.approx(100), "lb": pytest.approx(10), "kwh": pytest.approx(20)}


def test_what_no_number_holds_is_null() -> None:
    assert cost_of(412.0, Constants()).to_dict() == {"usd": None, "lb": None, "kwh": None}


@pytest.mark.parametrize("model", MODELS)
def test_a_height_leads_back_to_its_error(model: str) -> None:
    assert error_at(model, height(model, 0.037)) == pytest.approx(0.037)


def table(
    a: float, b: float, model: str = "polynomial", years: tuple[int, ...] = (2012,)
) -> Points:
    """Nearly on a line: every other point is off by a little."""
    found = []
    for number in range(20):
        log10_flop = 17 + number / 4
        value = a + b * log10_flop + (0.002 if number % 2 else -0.002)
        year = 2012 + number // 2 if len(years) == 1 else years[number % len(years)]
        found.append(Point(f"n{number}", year, error_at(model, value), 10**log10_flop))
    return Points("results.csv", tuple(found), {})


@pytest.mark.parametrize(
    ("model", "a", "b"), [("polynomial", -1.0, 0.09), ("exponential", -12, 0.9)]
)
@pytest.mark.parametrize("frontier", [False, True])
def test_a_line_that_was_put_in_comes_out(model: str, a: float, b: float, frontier: bool) -> None:
    found = project(table(a, b, model), [0.05], models=[model], frontier=frontier)
    (only,) = found.fits
    (target,) = only.targets

    assert (only.line.a, only.line.b) == pytest.approx((a, b), rel=0.02)
    assert target.log10_flop == pytest.approx((height(model, 0.05) - a) / b, rel=0.01)
    assert target.low is not None
    assert target.high is not None
    assert target.low <= target.log10_flop <= target.high


def refusal(points: Points, targets: list[float], **options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        project(points, targets, **options)  # type: ignore[arg-type]  # any option
    return str(caught.value)


NO_SLOPE = Points(
    "flat.csv",
    tuple(
        Point(f"n{k}", 2012 + k, error, 10.0 ** (17 + k))
        for k, error in enumerate((0.3, 0.2, 0.35, 0.25, 0.28, 0.22))
    ),
    {},
)


def test_a_slope_that_is_not_significant_is_refused() -> None:
    said = refusal(NO_SLOPE, [0.05])

    assert said.startswith("flat.csv: the polynomial slope is not significant: b = ")
    assert "the exponential slope is not significant" in said
    assert "--force" in said


def test_forced_it_is_projected_without_an_interval_and_with_a_warning() -> None:
    found = project(NO_SLOPE, [0.05], force=True)

    assert len(found.warnings) == 2
    for each in found.fits:
        assert (each.targets[0].low, each.targets[0].high) == (None, None)


def test_results_of_one_year_are_refused() -> None:
    said = refusal(table(-1, 0.09, years=(2020, 2020)), [0.05])

    assert "column year: all results are of 2020" in said


def test_a_target_above_the_data_is_refused() -> None:
    assert "target 0.9 is above every error in the table; the highest is" in refusal(
        table(-1, 0.09), [0.9]
    )
    assert project(table(-1, 0.09), [0.9], force=True).warnings


@pytest.mark.parametrize(
    ("target", "said"),
    [(0.0, "target 0: an error must be above 0"), (-0.1, "above 0"), (5.0, "write 0.05")],
)
def test_a_target_that_cannot_be_meant_is_refused(target: float, said: str) -> None:
    assert said in refusal(table(-1, 0.09), [target], force=True)


def test_a_frontier_of_few_rows_is_refused_unless_forced() -> None:
    few = Points("few.csv", table(-1, 0.09).points[:9], {})

    assert "the best tenth of 9 rows says little" in refusal(few, [0.05], frontier=True)
    assert project(few, [0.05]).warnings == ()
    assert "9 rows" in project(few, [0.05], frontier=True, force=True).warnings[0]


def test_fewer_than_three_points_are_refused() -> None:
    few = Points("few.csv", table(-1, 0.09).points[:2], {"without compute": 4})

    assert refusal(few, [0.05], force=True) == (
        "few.csv: 2 rows have an error and compute_flop (left out: 4 without compute);"
        " a line with its error takes at least 3"
    )


def test_points_of_one_compute_or_one_error_are_refused() -> None:
    one_flop = tuple(Point(f"n{k}", 2012 + k, 0.3 - k / 20, 1e17) for k in range(4))
    one_error = tuple(Point(f"n{k}", 2012 + k, 0.3, 10.0 ** (17 + k)) for k in range(4))

    assert "column compute_flop: all 4 rows" in refusal(Points("p", one_flop, {}), [0.05])
    assert "column error: all 4 rows" in refusal(Points("p", one_error, {}), [0.05])


def test_an_unknown_model_or_constant_is_refused() -> None:
    assert "there are: polynomial, exponential" in refusal(table(-1, 0.09), [], models=["cubic"])
    assert "flop_per_usd = 0" in refusal(table(-1, 0.09), [], constants=Constants(flop_per_usd=0))


def test_the_json_has_the_documented_form() -> None:
    found: Projection = project(table(-1, 0.09), [0.05, 0.01])
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))

    assert [each["model"] for each in values["fits"]] == list(MODELS)
    for each in values["fits"]:
        assert set(each) == {"model", "n", "a", "b", "se_a", "se_b", "r2", "targets"}
        assert [target["error"] for target in each["targets"]] == [0.05, 0.01]
        for target in each["targets"]:
            assert set(target) == {"error", "log10_flop", "low", "high", "usd", "lb", "kwh"}


# --- the article --------------------------------------------------------------------------


def test_the_articles_figures_follow_from_the_fit_of_2020() -> None:
    (old, cost), (new, later) = article.costs()

    assert (old.until, new.until) == (2020, 2022)
    # "10^20 USD" and "10^28 Gflop", to the order of magnitude; 10^20 lb are 10^19.4.
    assert round(cost.log10_usd) == article.CLAIMED_LOG10_USD
    assert round(old.log10_flop - 9) == 28
    assert cost.log10_lb == pytest.approx(19.4, abs=0.01)
    assert abs(cost.log10_lb - article.CLAIMED_LOG10_LB) < 1
    # By the data of 2022: 10^25 Gflop, a thousandth.
    assert round(new.log10_flop - 9) == 25
    assert cost.log10_usd - later.log10_usd == pytest.approx(3.15, abs=0.01)


def test_the_articles_tonnes_are_a_thousand_times_too_many() -> None:
    tonnes = 10**article.CLAIMED_LOG10_LB * 0.45359237 / 1000

    assert math.isclose(45e18 / tonnes, 1000, rel_tol=0.01)
    assert "4.54e+16 t" in article.SLIPS[0]


def test_the_article_as_json_has_the_form_of_a_projection() -> None:
    for each in article.to_dict()["fits"]:
        (target,) = each["targets"]
        assert set(target) == {"error", "log10_flop", "low", "high", "usd", "lb", "kwh"}
