"""An estimate, or many, for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text

from tracker.cli._parts import heading, labelled
from tracker.cli._table import Column, Row, table
from tracker.model.display import (
    carbon_range_text,
    carbon_text,
    energy_range_text,
    energy_text,
    number_text,
    power_text,
)
from tracker.model.plain import plain
from tracker.model.text import harmless
from tracker.model.units import G_PER_LB, j_from_kwh
from tracker.research.estimate import Estimate
from tracker.research.figure import Figure

G_PER_UNIT: Final = {"lb": G_PER_LB, "kg": 1e3, "t": 1e6}
_DASH: Final = "\N{EN DASH}"
_COLUMNS: Final = (
    Column("job", weight=100, least=16, style="bold"),
    Column("method", weight=70),
    Column("hours", weight=50, right=True),
    Column("energy", weight=95, right=True),
    Column("range", weight=60, right=True, style="dim"),
    Column("CO2e", weight=90, right=True),
    Column("from to", weight=55, right=True, style="dim"),
    Column("embodied", weight=30, right=True),
    Column("cloud USD", weight=40, right=True),
)


def mass_text(mass_g: float | None, units: str | None) -> str:
    """A mass in the unit asked for, else in one of its size."""
    if units is None or mass_g is None:
        return carbon_text(mass_g)
    return f"{number_text(mass_g / G_PER_UNIT[units])} {units}"


def mass_range_text(figure: Figure, units: str | None) -> str:
    """A range of masses in the unit asked for, else in one of its size."""
    if units is None:
        return carbon_range_text(figure.low, figure.high)
    low, high = (number_text(each / G_PER_UNIT[units]) for each in (figure.low, figure.high))
    return f"{low}{_DASH}{high} {units}"


def usd_text(usd: tuple[float, float] | None) -> str:
    """A price from lowest to highest, in dollars."""
    if usd is None:
        return ""
    low, high = (number_text(each) for each in usd)
    return low if low == high else f"{low}{_DASH}{high}"


def total_g(estimate: Estimate, *, embodied: bool) -> Figure:
    """The CO2e of the electricity, with the hardware's share where that is asked for."""
    if not embodied or estimate.embodied is None:
        return estimate.carbon
    made = estimate.embodied
    return Figure(
        estimate.carbon.value + made.value,
        estimate.carbon.low + made.low,
        estimate.carbon.high + made.high,
    )


def estimate_view(
    estimate: Estimate, units: str | None, width: int, *, explain: bool, embodied: bool
) -> list[Text]:
    """One estimate: energy, CO2e, embodied share, cost, and what they rest on."""
    head = heading(harmless(estimate.job.name))
    head.append(f"  method {estimate.method}", style="not bold dim")
    lines = [head]
    lines += table(
        _figure_columns(), _figures(estimate, units, embodied=embodied), width, heads=False
    )
    lines += [Text(""), *labelled(_basis(estimate), width)]
    if explain:
        lines += [Text(""), *labelled(_explanation(estimate), width)]
    return lines


def _figure_columns() -> tuple[Column, ...]:
    return (
        Column("label", weight=90, style="bold"),
        Column("figure", weight=100, right=True),
        Column("range", weight=80, style="dim"),
        Column("note", weight=10, least=12, style="dim"),
    )


def _figures(estimate: Estimate, units: str | None, *, embodied: bool) -> list[Row]:
    total, made = total_g(estimate, embodied=embodied), estimate.embodied
    ranged = estimate.ranged or (embodied and made is not None)
    energy, facility = estimate.energy, estimate.facility
    rows: list[Row] = [
        _row(
            "Energy",
            energy_text(j_from_kwh(energy.value)),
            _kwh_range(estimate, energy),
            "of the computers",
        ),
        _row(
            "with PUE", energy_text(j_from_kwh(facility.value)), _kwh_range(estimate, facility), ""
        ),
        _row(
            "CO2e",
            mass_text(total.value, units),
            mass_range_text(total, units) if ranged else "",
            "embodied share added" if embodied and made else "of the electricity",
        ),
    ]
    if made is not None:
        note = "added" if embodied else "of making the hardware; not in CO2e"
        rows.append(
            _row("Embodied", mass_text(made.value, units), mass_range_text(made, units), note)
        )
    electricity = f"{number_text(estimate.electricity_usd.value)} USD"
    rows.append(_row("Electricity", electricity, "", ""))
    if estimate.cloud_usd is not None:
        rows.append(_row("Cloud", f"{usd_text(estimate.cloud_usd)} USD", "", "accelerators' hours"))
    return rows


def _row(label: str, figure: str, extent: str, note: str) -> Row:
    return {"label": label, "figure": figure, "range": extent, "note": note}


def _kwh_range(estimate: Estimate, figure: Figure) -> str:
    if not estimate.ranged:
        return ""
    return energy_range_text(j_from_kwh(figure.low), j_from_kwh(figure.high))


def _basis(estimate: Estimate) -> list[tuple[str, str]]:
    grid, pue = estimate.grid, estimate.pue
    extent = "" if grid.is_exact else f" ({number_text(grid.low)}{_DASH}{number_text(grid.high)})"
    spread = "" if pue.is_exact else f" ({pue.low:g}{_DASH}{pue.high:g})"
    found = [
        ("power", f"{power_text(estimate.power.whole.value)} for {estimate.job.total_hours:,g} h"),
        ("grid", f"{number_text(grid.value)} g/kWh{extent}, {grid.source}"),
        ("PUE", f"{pue.value:g}{spread}, {pue.source}"),
    ]
    if estimate.job.measured_as:
        found.insert(
            0, ("like", f"run {estimate.job.measured_as}: what it did not count is missing")
        )
    return found


def _explanation(estimate: Estimate) -> list[tuple[str, str]]:
    found = [
        ("formula", estimate.formula),
        ("edition", estimate.edition),
        ("source", estimate.source),
    ]
    for part in estimate.power.parts:
        low, high = power_text(part.power.low), power_text(part.power.high)
        extent = "" if part.power.is_exact else f" ({low} to {high})"
        found.append((part.name, f"{power_text(part.power.value)}{extent}: {part.note}"))
    found.append(("electricity", f"{estimate.electricity_usd.value:,.2f} USD"))
    if estimate.embodied is not None:
        found.append(("embodied", estimate.embodied.source))
    return found


def jobs_view(
    estimates: Sequence[Estimate], units: str | None, width: int, *, embodied: bool
) -> list[Text]:
    """A line for each estimate, and their sum where they are of one method."""
    rows = [_job_row(each, units, embodied=embodied) for each in estimates]
    if len({each.method for each in estimates}) == 1:
        rows.append(_sum_row(estimates, units, embodied=embodied))
    return table(_COLUMNS, rows, width)


def _job_row(estimate: Estimate, units: str | None, *, embodied: bool) -> Row:
    total, made = total_g(estimate, embodied=embodied), estimate.embodied
    return {
        "job": harmless(estimate.job.name),
        "method": estimate.method,
        "hours": number_text(estimate.job.total_hours),
        "energy": energy_text(j_from_kwh(estimate.facility.value)),
        "range": _kwh_range(estimate, estimate.facility),
        "CO2e": mass_text(total.value, units),
        "from to": mass_range_text(total, units) if estimate.ranged else "",
        "embodied": "" if made is None else mass_text(made.value, units),
        "cloud USD": usd_text(estimate.cloud_usd),
    }


def sums(estimates: Sequence[Estimate], *, embodied: bool) -> tuple[Figure, Figure]:
    """The facility's kWh and grams of CO2e of all; ranges add up, as one method errs alike."""
    return (
        _sum([each.facility for each in estimates]),
        _sum([total_g(each, embodied=embodied) for each in estimates]),
    )


def _sum(figures: Sequence[Figure]) -> Figure:
    return Figure(
        math.fsum(each.value for each in figures),
        math.fsum(each.low for each in figures),
        math.fsum(each.high for each in figures),
    )


def _sum_row(estimates: Sequence[Estimate], units: str | None, *, embodied: bool) -> Row:
    energy, carbon = sums(estimates, embodied=embodied)
    ranged = estimates[0].ranged
    return {
        "job": "sum",
        "hours": number_text(math.fsum(each.job.total_hours for each in estimates)),
        "energy": energy_text(j_from_kwh(energy.value)),
        "range": _kwh_range(estimates[0], energy),
        "CO2e": mass_text(carbon.value, units),
        "from to": mass_range_text(carbon, units) if ranged else "",
    }


def to_dict(estimates: Sequence[Estimate], units: str | None, *, embodied: bool) -> dict[str, Any]:
    """The estimates and their sum as JSON values (docs/estimate.md)."""
    unit = units or "kg"
    rows = []
    for each in estimates:
        total = total_g(each, embodied=embodied)
        rows.append(each.to_dict() | {"co2": _in_unit(total, unit, ranged=each.ranged)})
    values: dict[str, Any] = {"units": unit, "embodied_in_co2": embodied, "estimates": rows}
    if len({each.method for each in estimates}) == 1:
        energy, carbon = sums(estimates, embodied=embodied)
        ranged = estimates[0].ranged
        values["sum"] = {
            "facility_kwh": _in_unit(energy, None, ranged=ranged),
            "co2": _in_unit(carbon, unit, ranged=ranged),
        }
    return values


def _in_unit(figure: Figure, unit: str | None, *, ranged: bool) -> dict[str, Any]:
    divisor = 1.0 if unit is None else G_PER_UNIT[unit]
    values: dict[str, Any] = plain(
        {
            "value": figure.value / divisor,
            "low": figure.low / divisor if ranged else None,
            "high": figure.high / divisor if ranged else None,
        }
    )
    return values
