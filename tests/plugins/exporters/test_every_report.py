"""What every format of a report states, whatever it is of."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from fakes.statements import nothing_read, project, statement, written
from tracker.cli.report import FORMATS
from tracker.model.device import DeviceKind
from tracker.model.report import CostReport, PricingPart
from tracker.model.run import RunStatus
from tracker.model.statement import Statement
from tracker.ports import discovery
from tracker.ports.exporter import fields
from unit.cli.examples import PRICING, device, report

NAMES = [name.replace("-", "_") for name in FORMATS]
HOSTILE = '<script>alert(1)</script> | a*b_c $x$ & \\q{ "d" \x1b[31m\n---'


def unescaped(text: str) -> str:
    """Text without what Markdown and LaTeX put before their special signs."""
    return text.replace("\\", "").replace("&#x27;", "'").replace("{}", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("of", [statement(), project()], ids=["run", "project"])
def test_it_states_how_its_figures_came_about(name: str, of: Statement) -> None:
    text = unescaped(written(name, of))
    for said in (
        "making the hardware is in neither",
        "energy counter",
        "share of the time that was read",
        "in about 95 of 100 cases",
        "56 g/kWh (45",
        "average, lifecycle, location-based",
        "memory has no counter on this machine",
        "disks, network, mainboard",
        "accelerators.csv, over 4 years",
    ):
        assert said in text, said


@pytest.mark.parametrize("name", NAMES)
def test_nothing_read_is_no_zero(name: str) -> None:
    text = unescaped(written(name, nothing_read()))
    assert "nothing was read" in text
    for zero in (" 0 J", " 0 Wh", " 0.00 ", " 0 g", "0 MWh", " 0 mg"):
        assert zero not in text, zero


@pytest.mark.parametrize("name", NAMES)
def test_a_name_can_do_no_harm(name: str) -> None:
    run = report(name=HOSTILE, project=HOSTILE)
    text = written(name, statement(title=HOSTILE, runs=(run,)))
    assert "<script>" not in text or name == "neurips"  # plain text obeys nothing
    assert "\x1b" not in text
    assert "\n---" not in text.removeprefix("---").replace("\n---\n", "", 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_interrupted_says_so(name: str) -> None:
    run = report(status=RunStatus.INTERRUPTED, kept=False)
    text = unescaped(written(name, statement(runs=(run,))))
    assert "a1b2c3d4 is interrupted" in text
    assert "the store could not be written" in text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_special_of_a_run_is_said(name: str) -> None:
    halves = (
        PricingPart("uk_carbon", "GB", "average", "direct", estimated=True, energy_ratio=0.62),
        PricingPart("table", "GB", "average", "lifecycle", estimated=False, energy_ratio=0.38),
    )
    cost = CostReport("EUR", 2.46, 2.3, 2.6, "TRACKER_TARIFF")
    run = report(
        attribution="process",
        pricings=(replace(PRICING, parts=halves, cost=cost),),
        devices=(device(DeviceKind.GPU, 44_300.0, suspect=True),),
    )
    text = unescaped(written(name, statement(runs=(run,))))
    for said in (
        "the share that the run's own processes used of GPUs",
        "62 % uk_carbon (average, direct, estimated), 38 % table (average, lifecycle)",
        "2.46 EUR (2.30",
        "counter and power disagree by more than both may err: NVIDIA H100 PCIe",
    ):
        assert said in text, said


@pytest.mark.parametrize("name", NAMES)
def test_runs_without_a_price_and_within_others_are_named(name: str) -> None:
    text = unescaped(written(name, project(within=("00000003",), unpriced=("00000002",))))
    assert "00000003 lie within other runs and are not added" in text
    assert "00000002 have no price" in text


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_open_until_it_is_filled(name: str) -> None:
    known = fields(discovery.load("exporters", name))
    empty = unescaped(written(name, statement()))
    numbers = {"training_flop": "3.14e23", "inference_flop": "5.1e17", "units": "7"}
    numbers["embodied_g"] = "2.5"
    given = {field: numbers.get(field, f"said of {field}") for field in known}
    full = unescaped(written(name, statement(), given))
    for field in known:
        if name != "sci":  # its unit has a default
            assert f"--fill {field}=" in empty or field == "geographical_location"
        assert f"--fill {field}=" not in full
        assert given[field] in full or field in numbers


def test_the_names_of_the_formats_are_those_of_plugins() -> None:
    assert set(NAMES) <= set(discovery.own_names("exporters"))
