from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from tracker.data import studies
from tracker.errors import SettingsError
from tracker.model.units import lb_from_g
from tracker.research import hardware
from tracker.research.estimate import Estimate, Supply, estimate, method_names
from tracker.research.figure import Figure
from tracker.research.job import Job, check
from tracker.research.methods import ours

GRID = Figure(400.0, 200.0, 700.0, "somewhere")
SUPPLY = Supply(grid=GRID)


def exactly(value: float) -> Figure:
    return Figure.exactly(value, "as given")


def estimated(method: str, supply: Supply = SUPPLY, **job: object) -> Estimate:
    given = {"name": "job", "hours": 100.0, **job}
    return estimate(Job(**given), supply, method)  # type: ignore[arg-type]  # any field


def test_there_are_five_methods() -> None:
    assert method_names() == ("green-algorithms", "mlco2", "ours", "patterson", "strubell")


@pytest.mark.parametrize("method", method_names())
def test_a_method_says_formula_edition_and_source(method: str) -> None:
    found = estimated(method, gpu="V100", gpus=8)

    assert "kWh" in found.formula
    assert "20" in found.edition
    assert found.source


def test_strubell_is_the_studys_equation() -> None:
    # Table 3, Transformer big: 1515.43 W for 84 h are 201 kWh and 192 lb.
    found = estimated(
        "strubell",
        hours=84.0,
        gpus=8,
        gpu_w=exactly(170.0),
        cpu_w=exactly(100.0),
        dram_w=exactly(55.43),
    )

    assert found.facility.value == pytest.approx(1.58 * 84 * (100 + 55.43 + 8 * 170) / 1000)
    assert round(found.facility.value) == 201
    assert round(lb_from_g(found.carbon.value)) == 192


def test_patterson_takes_a_systems_power_per_processor() -> None:
    # Table 1: Transformer big on 8 P100 for 3.5 days, US average: 316 kWh, 0.1357 t.
    found = estimated("patterson", hours=84.0, gpu="P100", gpus=8, gpu_w=exactly(296.0))

    assert found.facility.value == pytest.approx(316, abs=0.5)
    assert found.carbon.value / 1e6 == pytest.approx(0.1357, abs=0.00005)


def test_patterson_knows_the_means_of_its_table_3() -> None:
    watts = {"TPU v2": 221, "TPU v3": 283, "P100": 271, "V100": 325}

    for gpu, mean_w in watts.items():
        assert estimated("patterson", gpu=gpu).power.whole.value == mean_w


def test_patterson_refuses_what_it_did_not_measure() -> None:
    with pytest.raises(SettingsError, match="publishes none for H100; give it as gpu_watts"):
        estimated("patterson", gpu="H100")


def test_green_algorithms_counts_memory_and_usage() -> None:
    found = estimated(
        "green-algorithms",
        gpu="V100",
        gpus=2,
        utilisation=0.5,
        cpu_w=exactly(120.0),
        memory_gb=64.0,
        repeats=3,
    )
    watts = 2 * 300 * 0.5 + 120 * 0.5 + 64 * 0.3725

    assert found.energy.value == pytest.approx(3 * 100 * watts / 1000)
    assert found.facility.value == pytest.approx(found.energy.value * 1.56)
    assert found.carbon.value == pytest.approx(found.facility.value * 400)


def test_mlco2_is_tdp_times_hours_without_pue() -> None:
    # 100 h on one V100 of 300 W at 432.
    found = estimated("mlco2", Supply(grid=exactly(432.0)), gpu="V100")

    assert found.facility.value == 30.0
    assert found.carbon.value == pytest.approx(30 * 432)


@pytest.mark.parametrize("method", set(method_names()) - {"ours"})
def test_the_others_state_no_range(method: str) -> None:
    values = estimated(method, gpu="V100").to_dict()

    assert values["facility_kwh"]["low"] is None
    assert values["carbon_g"]["high"] is None


def test_ours_always_has_a_range_around_its_value() -> None:
    for name in hardware.known():
        found = estimated("ours", gpu=name, gpus=4)
        for figure in (found.energy, found.facility, found.carbon):
            assert 0 < figure.low < figure.value < figure.high


def test_ours_without_more_is_70_percent_of_the_tdp_with_the_node_around() -> None:
    found = estimated("ours", gpu="H100 PCIe", gpus=8)

    assert found.power.whole.value == pytest.approx(8 * 350 * 0.70 * 1.7)
    assert found.pue.value == 1.54
    # Node and share are independent: 1.7/1.35 and 1/0.6 in quadrature.
    factor = math.exp(math.hypot(math.log(1.7 / 1.35), math.log(1 / 0.6)))
    assert found.power.whole.low == pytest.approx(found.power.whole.value / factor)


def test_the_parts_of_ours_add_up_to_the_whole() -> None:
    for job in (
        Job("boards", 1.0, "A100", 8),
        Job("node", 1.0, "A100", 8, cpu_w=exactly(300.0), dram_w=exactly(40.0)),
        Job("processors", 1.0, gpus=0, cpu_w=exactly(300.0)),
    ):
        power = estimate(job, SUPPLY).power
        assert sum(part.power.value for part in power.parts) == pytest.approx(power.whole.value)


def test_a_known_host_is_taken_and_less_is_put_around_it() -> None:
    found = estimated("ours", gpus=1, gpu_w=exactly(300.0), cpu_w=exactly(100.0))

    assert found.power.whole.value == pytest.approx(400 * 1.2)


def test_a_workstation_has_no_buildings_share() -> None:
    assert estimated("ours", gpu="RTX 3090").pue == ours.OFFICE_PUE


@pytest.mark.parametrize(("utilisation", "share"), [(0.0, 0.15), (0.5, 0.575), (1.0, 1.0)])
def test_utilisation_goes_from_rest_to_the_tdp(utilisation: float, share: float) -> None:
    found = ours.share_of_tdp(utilisation)

    assert found.value == pytest.approx(share)
    assert found.high <= 1.0


def test_published_draws_lie_in_the_range_of_ours() -> None:
    # Dodge et al. 2022, table 2: kWh a GPU-hour over the TDP. V100 300 W, A100 400 W.
    drawn = [0.1292 / 0.3, 0.1295 / 0.3, 0.281 / 0.4, 0.2592 / 0.3, 0.275 / 0.3]
    share = ours.share_of_tdp(None)

    assert all(share.low <= each <= share.high for each in drawn)


def test_a_fixed_grid_replaces_a_methods_own() -> None:
    own = estimated("strubell", gpu="V100")
    other = estimated("strubell", Supply(grid=GRID, fixed_grid=exactly(100.0)), gpu="V100")

    assert own.grid.value == pytest.approx(432.727, abs=0.001)
    assert other.grid.value == 100.0


def test_a_fixed_pue_replaces_a_methods_own() -> None:
    found = estimated("strubell", Supply(grid=GRID, fixed_pue=exactly(1.1)), gpu="V100")

    assert found.facility.value == pytest.approx(found.energy.value * 1.1)


def test_without_a_grid_there_is_no_figure() -> None:
    with pytest.raises(SettingsError, match="'ours' needs a carbon intensity"):
        estimated("ours", Supply(), gpu="V100")


def test_cloud_prices_are_the_studys_or_the_users() -> None:
    assert estimated("ours", gpu="P100", gpus=8).cloud_usd == pytest.approx((344, 1168))
    assert estimated("ours", gpu="H100").cloud_usd is None
    mine = estimated("ours", gpu="H100", gpus=2, usd_per_h=(1.5, 3.0))
    assert mine.cloud_usd == (300.0, 600.0)


def test_electricity_costs_what_the_facility_draws() -> None:
    found = estimated("mlco2", Supply(grid=GRID, usd_per_kwh=exactly(0.30)), gpu="V100")

    assert found.electricity_usd.value == pytest.approx(9.0)


def test_the_embodied_share_of_an_h100_is_13_6_g_an_hour() -> None:
    found = estimated("ours", hours=1.0, gpu="H100")

    assert found.embodied is not None
    assert found.embodied.value == pytest.approx(13.6, abs=0.05)
    assert (found.embodied.low, found.embodied.high) == pytest.approx((6.8, 27.2), abs=0.05)


def test_the_embodied_share_is_no_part_of_the_carbon() -> None:
    found = estimated("ours", gpu="H100")

    assert found.carbon.value == pytest.approx(found.facility.value * 400)


def test_embodied_carbon_of_unknown_hardware_is_not_known() -> None:
    assert estimated("ours", gpu_w=exactly(300.0)).embodied is None
    assert estimated("ours", gpu_w=exactly(300.0)).to_dict()["embodied_g"] is None


# --- the hardware table -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("a100", "A100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("Tesla V100-SXM2-32GB", "V100"),
        ("NVIDIA GeForce RTX 3090", "RTX 3090"),
        ("TPUv3", "TPU v3"),
        ("1080 ti", "GTX 1080 Ti"),
    ],
)
def test_a_board_is_found_as_people_and_drivers_call_it(said: str, name: str) -> None:
    assert hardware.named(said).name == name


def test_no_two_boards_answer_to_one_name() -> None:
    boards = studies.accelerators().values()

    for board in boards:
        for name in (board.name, *board.aliases):
            assert hardware.named(name) is board


def test_the_boards_are_plausible() -> None:
    for board in studies.accelerators().values():
        assert 30 <= board.tdp_low_w <= board.tdp_w <= board.tdp_high_w <= 1200
        assert 100 <= board.embodied_kg <= 1000


@pytest.mark.parametrize(
    ("said", "near"), [("A10O", "A100"), ("V10", "V100"), ("RTX 309", "RTX 3090")]
)
def test_an_unknown_board_leads_to_near_ones(said: str, near: str) -> None:
    with pytest.raises(SettingsError, match=rf"no accelerator '{said}'.*did you mean .*{near}"):
        hardware.named(said)


def test_a_name_that_nothing_comes_near_lists_all() -> None:
    with pytest.raises(SettingsError, match=r"known: A100, A100 PCIe, .*gpu_watts"):
        hardware.named("?")


# --- jobs that cannot be meant ------------------------------------------------------------

GOOD = Job("job", 1.0, "A100")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hours": 0.0}, "hours = 0: must be above 0"),
        ({"hours": -3.0}, "hours = -3: must be above 0"),
        ({"gpu_w": exactly(math.nan)}, "gpu_watts = nan: must be watts above 0"),
        ({"repeats": 10**10}, "repeats: more than"),
        ({"hours": math.nan}, "hours = nan"),
        ({"hours": math.inf}, "hours = inf"),
        ({"repeats": 0}, "repeats = 0"),
        ({"gpus": -1}, "gpus = -1"),
        ({"gpu": None}, "neither gpu nor gpu_watts"),
        ({"gpu": None, "gpus": 0}, "no cpu_watts"),
        ({"gpu_w": exactly(0.4)}, "if kilowatts are meant, write 400"),
        ({"gpu_w": exactly(0.0)}, "gpu_watts = 0"),
        ({"gpu_w": exactly(-300.0)}, "gpu_watts = -300"),
        ({"gpu_w": exactly(3200.0)}, "more than one accelerator draws"),
        ({"gpu_w": exactly(1200.0)}, "the A100 is made for 400 W"),
        ({"cpu_w": exactly(0.2)}, "cpu_watts = 0.2.*write 200"),
        ({"dram_w": exactly(math.nan)}, "dram_watts = nan"),
        ({"utilisation": 80.0}, "80 % is 0.8"),
        ({"pue": 0.9}, "pue = 0.9"),
        ({"memory_gb": -1.0}, "memory_gb = -1"),
        ({"usd_per_h": (3.0, 1.0)}, "lower one first"),
    ],
)
def test_a_job_that_cannot_be_meant_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        check(replace(GOOD, **change))


def test_an_unknown_method_names_those_there_are() -> None:
    with pytest.raises(SettingsError, match="no method 'best'; there are: green-algorithms"):
        estimated("best", gpu="A100")
