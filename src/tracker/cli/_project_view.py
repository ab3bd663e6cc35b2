"""A projection for people."""

from __future__ import annotations

import math
from typing import Final

from rich.text import Text

from tracker.cli._parts import heading, labelled, wrapped
from tracker.cli._table import Column, Row, table
from tracker.model.display import number_text
from tracker.research import article
from tracker.research.convert import Constants, Cost
from tracker.research.project import Fit, Projection

_EQUATIONS: Final = {
    "polynomial": "log10(1/err) = a + b log10(F)",
    "exponential": "1/err = a + b log10(F)",
}
_TARGETS: Final = (
    Column("error", weight=100, right=True, style="bold"),
    Column("FLOP", weight=95, right=True),
    Column("95 %", weight=90, right=True, style="dim"),
    Column("USD", weight=80, right=True),
    Column("lb CO2", weight=80, right=True),
    Column("kWh", weight=60, right=True),
)
_LARGEST: Final = 1e12
_DASH: Final = "\N{EN DASH}"


def project_view(projection: Projection, width: int) -> list[Text]:
    """Each fit with its coefficients and targets, what was left out, and the constants."""
    how = "the best tenth, by quantile regression" if projection.is_frontier else "least squares"
    lines = [heading(projection.points.name).append(f"  {how}", style="not bold dim")]
    for fit in projection.fits:
        lines += [Text(""), *_fit_lines(fit, width, r2="R1" if projection.is_frontier else "R²")]
    notes = [*_counts(projection), *_constants(projection.constants)]
    if projection.is_frontier:
        notes.append(("95 %", "of the line, by resampling the rows; standard errors likewise"))
    return [*lines, Text(""), *labelled(notes, width)]


def _fit_lines(fit: Fit, width: int, *, r2: str) -> list[Text]:
    line = fit.line
    head = heading(fit.model).append(f"  {_EQUATIONS[fit.model]}", style="not bold dim")
    coefficients = (
        f"n {line.n}   a {line.a:.4f} ± {line.se_a:.4f}   b {line.b:.5f} ± {line.se_b:.5f}"
        f"   {r2} {line.r2:.3f}"
    )
    lines = [head, Text(f"  {coefficients}")]
    if fit.model == "polynomial" and line.b > 0:
        lines.append(Text(f"  a tenth of the error takes 10^{1 / line.b:.3g} times the compute"))
    rows: list[Row] = [
        {
            "error": f"{target.error:.4g}",
            "FLOP": f"10^{target.log10_flop:.2f}",
            "95 %": _interval(target.low, target.high),
            **_cost_cells(target.cost),
        }
        for target in fit.targets
    ]
    return lines + (table(_TARGETS, rows, width, indent=2) if rows else [])


def _interval(low: float | None, high: float | None) -> str:
    return "unbounded" if low is None or high is None else f"10^{low:.1f}{_DASH}10^{high:.1f}"


def _cost_cells(cost: Cost) -> dict[str, str]:
    return {
        "USD": _amount(cost.log10_usd),
        "lb CO2": _amount(cost.log10_lb),
        "kWh": _amount(cost.log10_kwh),
    }


def _amount(log10: float) -> str:
    if log10 >= math.log10(_LARGEST):
        return f"10^{log10:.1f}"
    return number_text(10**log10)


def _counts(projection: Projection) -> list[tuple[str, str]]:
    points = projection.points
    found = [("used", f"{len(points.points)} rows")]
    if points.left_out:
        said = ", ".join(f"{count} {reason}" for reason, count in points.left_out.items())
        found.append(("left out", said))
    if points.fill is not None:
        line, filled = points.fill, sum(point.filled for point in points.points)
        found.append(
            (
                "filled",
                (
                    f"{filled} rows: log10 compute = {line.a:.4f} + {line.b:.4f} log10 network"
                    f" (n {line.n}, R² {line.r2:.3f})"
                ),
            )
        )
    return found


def _constants(constants: Constants) -> list[tuple[str, str]]:
    own = Constants()
    why = {
        "flop_per_usd": "a V100's peak for a pre-emptible hour at 0.74 USD",
        "flop_per_lb": "Thompson et al.'s site; its derivation is not known",
        "lb_per_kwh": "US average, EPA 2018",
    }
    return [
        (
            name.replace("_", " "),
            f"{getattr(constants, name):.5g}, "
            + (reason if getattr(constants, name) == getattr(own, name) else "as given"),
        )
        for name, reason in why.items()
    ]


def article_view(constants: Constants, width: int) -> list[Text]:
    """The article's figures for 1 % error beside what the published fits give."""
    lines = [
        heading("1 % error on ImageNet, by the published polynomial fit"),
        Text(f"  printed: 10^{article.CLAIMED_LOG10_USD} USD, 10^{article.CLAIMED_LOG10_LB} lb"),
    ]
    for fit, cost in article.costs(constants):
        head = f"results up to {fit.until} (n {fit.n}, a {fit.a:.4f}, b {fit.b:.4f})"
        amounts = (
            f"10^{fit.log10_flop:.2f} FLOP, 10^{cost.log10_usd:.2f} USD,"
            f" 10^{cost.log10_lb:.2f} lb CO2, 10^{cost.log10_kwh:.2f} kWh"
        )
        lines += [Text(""), heading(head), Text(f"  {amounts}")]
    lines += [Text(""), heading("What is wrong with it")]
    for slip in article.SLIPS:
        lines += wrapped(slip, width, indent=2)
    return [*lines, Text(""), *labelled(_constants(constants), width)]
