"""The figures that standards ask for, in their units and by their formulas."""

from __future__ import annotations

import json
import math
import re

import pytest
from msgspec.structs import replace

from fakes.statements import MARKET, nothing_read, project, statement, written
from tracker.errors import ExportError
from tracker.model.statement import Amount
from unit.cli.examples import PRICING, report


def cells(text: str, label: str) -> list[str]:
    """The cells of the row of a table that begins with ``label``."""
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[2:-1]]


# --- Hugging Face ----------------------------------------------------------------------------


def front_matter(text: str) -> dict[str, str]:
    _, between, _ = text.split("---\n", 2)
    lines = [line.strip() for line in between.splitlines()[1:]]
    said = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {key: value for key, _, value in said}


def test_a_model_card_has_grams_and_what_the_hub_asks() -> None:
    said = front_matter(written("model_card", statement(carbon_g=Amount(1234.5, 1000, 1500))))
    assert said["emissions"] == "1234.5 # grams"
    assert json.loads(said["source"]) == "emissions-tracker 0.1.0, measured"
    assert json.loads(said["geographical_location"]) == "France"
    assert json.loads(said["hardware_used"]) == "NVIDIA H100 PCIe, AMD EPYC 9654 96-Core Processor"
    assert "training_type" not in said


def test_a_model_card_does_not_invent_a_place() -> None:
    run = report(pricings=(replace(PRICING, location_origin="default"),))
    said = front_matter(written("model_card", statement(runs=(run,))))
    assert "geographical_location" not in said


def test_a_model_card_without_energy_has_no_emissions() -> None:
    assert "emissions" not in front_matter(written("model_card", nothing_read()))


def test_a_filled_field_is_one_yaml_scalar() -> None:
    text = written("model_card", statement(), {"training_type": 'fine: "x" # y\nevil: 1'})
    assert json.loads(front_matter(text)["training_type"]) == 'fine: "x" # y\nevil: 1'


# --- European Union --------------------------------------------------------------------------


def test_energy_is_in_megawatt_hours_with_two_figures_at_least() -> None:
    amount = Amount(1287 * 3.6e9, 1200 * 3.6e9, 1400 * 3.6e9)
    (recipient, value) = cells(
        written("eu_gpai", statement(energy_j=amount)), "Amount of energy used for training"
    )
    assert recipient == "AIO, NCA"
    assert value == "1,290 MWh (1,200 to 1,400), measured, before any PUE"
    (_, small) = cells(written("eu_gpai", statement()), "Amount of energy used for training")
    assert small.startswith("1.23e-05 MWh (1.15e-05 to 1.32e-05)")


@pytest.mark.parametrize(
    ("days", "text"),
    [(20, "less than 1 month"), (60, "1 to 3 months"), (120, "3 to 6 months"), (200, "more than")],
)
def test_training_time_is_in_the_forms_ranges(days: float, text: str) -> None:
    run = report(duration_s=days * 86400.0)
    said = written("eu_gpai", statement(runs=(run,)))
    assert cells(said, "Training time, range")[1].startswith(text)
    assert cells(said, "Training time, wall-clock days")[1] == f"{days}"
    assert cells(said, "Training time, hardware-days")[1].startswith(f"{days} (NVIDIA H100")


def test_compute_is_an_order_of_magnitude_for_one_and_a_number_for_the_other() -> None:
    text = written("eu_gpai", statement(), {"training_flop": "3.14e23"})
    compute = "Amount of computation used for training"
    assert cells(text, f"{compute}, order of magnitude") == ["NCA", "10^23 FLOP"]
    assert cells(text, compute) == ["AIO", "3.14e+23 FLOP"]


def test_the_methodology_has_about_a_hundred_words() -> None:
    text = written("eu_gpai", project())
    method = cells(text, "Measurement methodology (training energy)")[1]
    assert 40 < len(method.split()) <= 101


@pytest.mark.parametrize("said", ["much", "-1", "0", "nan", "1,000"])
def test_a_number_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ExportError, match=f"--fill training_flop={said}: must be a number"):
        written("eu_gpai", statement(), {"training_flop": said})


# --- Software Carbon Intensity ---------------------------------------------------------------


def test_the_score_is_energy_times_intensity_and_hardware_per_unit() -> None:
    given = {"functional_unit": "epoch", "units": "3"}
    text = written("sci", statement(), given)
    value, low, high = 0.69 + 0.6, math.hypot(0.17, 0.3), math.hypot(0.18, 0.6)
    expected = [1000 * mass / 3 for mass in (value, value - low, value + high)]
    found = re.findall(r"[\d.]+", cells(text, "SCI")[0].replace("CO2e", ""))
    assert [float(number) for number in found] == pytest.approx(expected, rel=0.005)
    assert cells(text, "SCI")[1] == "per epoch"


def test_a_score_holds_the_buildings_share() -> None:
    run = report(pricings=(replace(PRICING, pue=1.5),))
    text = written("sci", statement(runs=(run,)))
    assert cells(text, "E")[0] == "0.0185 kWh"  # 44.3 kJ * 1.5


def test_hardware_that_the_table_lacks_can_be_filled_in() -> None:
    text = written("sci", statement(embodied=None), {"embodied_g": "2.31"})
    assert cells(text, "M") == [
        "2.31 gCO2e (2.31\N{EN DASH}2.31 g)",
        "making the hardware, as filled in",
    ]
    assert cells(text, "SCI")[0] == "3.00 gCO2e (2.83\N{EN DASH}3.18 g)"


def test_a_score_is_per_run_if_nothing_is_said() -> None:
    assert cells(written("sci", project()), "R") == ["3", "functional units: training run"]


def test_a_market_based_intensity_makes_no_score() -> None:
    run = report(pricings=(replace(MARKET, current=True),))
    assert "priced market-based" in cells(written("sci", statement(runs=(run,))), "SCI")[0]


def test_without_hardware_there_is_no_score() -> None:
    text = written("sci", statement(embodied=None))
    assert "needs E, I and M" in cells(text, "SCI")[0]


@pytest.mark.parametrize("given", [{"units": "3"}, {"functional_unit": "epoch"}])
def test_a_unit_without_its_count_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ExportError, match="--fill"):
        written("sci", statement(), given)


# --- GHG Protocol ----------------------------------------------------------------------------


def test_scope_2_has_both_results_in_tonnes() -> None:
    run = report(pricings=(PRICING, MARKET))
    text = written("ghg", statement(runs=(run,)))
    assert cells(text, "Scope 2, location-based")[:2] == ["6.9e-07", "5.2e-07 to 8.7e-07"]
    assert cells(text, "Scope 2, market-based")[:2] == ["1.48e-07", "1.38e-07 to 1.58e-07"]
    assert "supplier's certificate" in cells(text, "Scope 2, market-based")[2]


def test_a_basis_that_no_run_is_priced_by_is_open() -> None:
    text = written("ghg", statement())
    assert "the run has no market-based pricing" in cells(text, "Scope 2, market-based")[0]


def test_a_sum_of_some_runs_is_none() -> None:
    several = project()
    first = replace(several.runs[0], pricings=(PRICING, MARKET))
    text = written("ghg", replace(several, runs=(first, *several.runs[1:])))
    assert "2 of 3 runs have no market-based" in cells(text, "Scope 2, market-based")[0]
    assert cells(text, "Scope 2, location-based")[0] == "2.07e-06"


def test_what_would_have_been_is_no_result() -> None:
    run = report(pricings=(PRICING, replace(MARKET, what_if=True)))
    text = written("ghg", statement(runs=(run,)))
    assert "no market-based pricing" in cells(text, "Scope 2, market-based")[0]


def test_a_marginal_intensity_is_not_scope_2() -> None:
    run = report(pricings=(replace(PRICING, signal="marginal"),))
    text = written("ghg", statement(runs=(run,)))
    assert "no location-based pricing at an average" in cells(text, "Scope 2, location-based")[0]
