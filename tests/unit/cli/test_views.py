from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from io import BytesIO, TextIOWrapper
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from rich.cells import cell_len

from tracker.cli import command
from tracker.cli._rooms import Rooms
from tracker.cli._screen import fitting
from tracker.cli._table import Column, bar, table
from tracker.errors import RunNotFound, StoreError
from tracker.model.device import DeviceKind
from tracker.model.report import (
    EventReport,
    IdleReport,
    OverlapReport,
    RemainderReport,
    RunReport,
)
from tracker.model.run import RunStatus
from unit.cli.examples import (
    GPU,
    NOW,
    RUN_ID,
    STARTED,
    Shelf,
    device,
    epochs,
    examination,
    report,
    rooms,
    running,
)

HOSTILE = "na\nme\x1b[31m [red]bold[/red] 🤗\u202e =cmd()"

Ask = Callable[..., list[str]]


def invoke(line: str, behind: Rooms, columns: int = 100) -> Result:
    environ: Mapping[str, str] = {"COLUMNS": str(columns)}
    return CliRunner().invoke(
        command, line.split(), obj=behind, env=environ, catch_exceptions=False
    )


def lines(line: str, behind: Rooms, columns: int = 100) -> list[str]:
    result = invoke(line, behind, columns)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


# --- runs ---------------------------------------------------------------------------------


def test_runs_aligns_its_columns() -> None:
    failed = report(short_id="c3d4e5f6", name="bert", status=RunStatus.FAILED, energy_j=540.0)
    head, first, second = lines("runs", rooms(report(), failed), columns=120)

    assert head.split() == [
        *("run", "name", "project", "status", "started", "duration", "energy", "range", "CO2e"),
        "host",
    ]
    assert re.match(r"a1b2c3d4  resnet-cifar  vision   finished  today 14:22  2 min 31 s", first)
    assert "12.3 Wh  11.5\N{EN DASH}13.2 Wh  690 mg" in first
    assert first.index("12.3 Wh") + len("12.3 Wh") == second.index("540 J") + len("540 J")


def test_runs_leaves_out_the_least_important_where_there_is_no_room() -> None:
    head, first = lines("runs", rooms(report()), columns=60)

    assert head.split() == ["run", "name", "status", "energy", "CO2e"]
    assert len(first) <= 60
    assert first.split()[:3] == ["a1b2c3d4", "resnet-cifar", "finished"]


def test_runs_says_unknown_and_never_zero_where_nothing_was_read() -> None:
    unread = report(energy_j=None, energy_low_j=None, energy_high_j=None, carbon_g=None)
    _, first = lines("runs", rooms(unread))

    assert re.search(r"2 min 31 s +\N{EN DASH} +\N{EN DASH} +\N{EN DASH}", first)


def test_runs_passes_its_filters_on() -> None:
    shelf = Shelf(report())
    invoke(
        "runs --project vision --name a --tag lr=1 --param depth=18 --since 30d --until 1d"
        " --limit 5 --cursor b --order-by energy",
        rooms(history=lambda _: shelf),
    )

    assert shelf.asked == {
        "project": "vision",
        "name": "a",
        "tags": {"lr": "1"},
        "params": {"depth": 18},
        "since": "30d",
        "until": "1d",
        "limit": 6,
        "cursor": "b",
        "order_by": "energy",
    }


def test_runs_as_json_names_the_next_page() -> None:
    both = rooms(report(), report(name="second"))
    page = json.loads(invoke("runs --json --limit 1", both).stdout)

    assert [run["name"] for run in page["runs"]] == ["resnet-cifar"]
    assert page["runs"][0]["started_at"] == "2026-05-03T14:22:05.000000Z"
    assert page["next"] == str(RUN_ID)
    assert json.loads(invoke("runs --json", both).stdout)["next"] is None


def test_no_runs_is_a_word_and_no_failure() -> None:
    result = invoke("runs", rooms())

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No run matches.\n")


# --- show ---------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 100])
def test_show_fits_its_terminal(columns: int) -> None:
    shown = lines("show", rooms(report(phases=epochs(30))), columns)

    too_long = [line for line in shown if cell_len(line) > columns and "sqlite:" not in line]
    assert too_long == []
    assert not any(line.endswith(" ") for line in shown)


def test_show_tells_energy_by_device_with_range_method_share_and_bar() -> None:
    shown = lines("show last", rooms(report()), 110)

    assert "Energy   12.3 Wh    11.5\N{EN DASH}13.2 Wh" in shown
    gpu, cpu, dram = shown[shown.index("Energy   12.3 Wh    11.5\N{EN DASH}13.2 Wh") + 1 :][:3]
    assert re.match(r"  GPU   NVIDIA H100 PCIe .* 10\.1 Wh  9\.40.10\.8 Wh  counter .*82 %  █", gpu)
    assert re.search(r"model +97 % read +18 %", cpu)
    assert "(in cpu:package-0)" in dram
    assert "%" not in dram


def test_show_tells_carbon_its_price_and_an_equivalent() -> None:
    shown = lines("show last", rooms(report()))

    assert "CO2e     690 mg     520\N{EN DASH}870 mg" in shown
    assert "  about as much as 5.6 % of one smartphone charge (US grid, EPA)" in shown
    assert "  priced at  56 g/kWh (45\N{EN DASH}72), France" in shown
    assert "  location   FR, from TRACKER_LOCATION" in shown


def test_show_tells_what_is_missing_what_went_wrong_and_where_it_is_kept() -> None:
    shown = "\n".join(lines("show last", rooms(report()), 60))

    assert "Not counted\n  dram  memory has no counter on this machine and no model\n" in shown
    assert "Events\n  14:22:05  rapl: counters are readable by root only\n" in shown
    assert "  command     python train.py --lr 3e-4\n" in shown
    assert shown.endswith("Kept in  sqlite:////home/ada/.local/share/emissions-tracker/runs.db")


def test_show_draws_phases_as_a_tree() -> None:
    shown = lines("show", rooms(report()))
    tree = shown[shown.index("Phases") + 1 :][:4]

    assert [line[:11].rstrip() for line in tree] == [
        *("  epoch 0", "    train", "    validat", "  epoch 1")
    ]
    assert tree[0].endswith("accuracy 0.912  loss 0.312")
    assert re.search(r"50\.2 s +3\.89 Wh +220 mg +█{12}", tree[0])


def test_show_shortens_a_long_row_of_phases_and_adds_up_what_it_hides() -> None:
    shown = "\n".join(lines("show", rooms(report(phases=epochs(30)))))

    assert "  epoch 4 " in shown
    assert re.search(r"… 20 more +16 min 44 s +77\.8 Wh", shown)
    assert "  epoch 5 " not in shown
    assert "  epoch 25 " in shown
    whole = "\n".join(lines("show --phases", rooms(report(phases=epochs(30)))))
    assert "  epoch 17 " in whole
    assert "more" not in whole


def test_show_says_so_where_a_run_broke_off_or_was_not_kept() -> None:
    shown = lines("show", rooms(report(status=RunStatus.INTERRUPTED, kept=False)))

    assert shown[0] == "resnet-cifar  a1b2c3d4  interrupted"
    assert "Last sign of life: today 14:24" in shown
    assert "Not kept: the store could not be written. This report is all there is." in shown


def test_show_says_why_a_run_failed() -> None:
    shown = lines("show", rooms(report(status=RunStatus.FAILED, error="ValueError: no\ndata")))

    assert shown[:1] + shown[2:3] == [
        *("resnet-cifar  a1b2c3d4  failed", "Failed: ValueError: no data")
    ]


def test_show_draws_the_power_where_the_history_has_it() -> None:
    class Curved(Shelf):
        def power_curve(self, selector: str) -> list[tuple[object, float]]:
            return [(STARTED, power_w) for power_w in (100.0, 100.0, 400.0, 200.0)]

    shown = lines("show", rooms(history=lambda _: Curved(report())))

    assert "  power  ▃▃█▅  up to 400 W" in shown


def test_show_names_other_runs_on_the_same_device() -> None:
    other = OverlapReport(RUN_ID, "b2c3d4e5", GPU, STARTED, NOW, 3600.0)

    assert f"  b2c3d4e5  1.00 Wh on {GPU}" in lines("show", rooms(report(overlaps=(other,))))


def test_show_as_json_is_the_report() -> None:
    shown = json.loads(invoke("show last --json", rooms(report())).stdout)

    assert shown == report().to_dict()
    assert shown["phases"][1]["parent"] == 0


def test_json_has_no_nan() -> None:
    strange = report(metrics={"loss": float("nan")}, params={"path": RUN_ID})
    shown = json.loads(invoke("show --json", rooms(strange)).stdout)

    assert shown["metrics"] == {"loss": None}
    assert shown["params"] == {"path": str(RUN_ID)}


# --- hostile text, narrow encodings --------------------------------------------------------


@pytest.mark.parametrize("line", ["runs", "show", "watch a1"])
def test_a_hostile_name_is_shown_harmlessly(line: str) -> None:
    event = EventReport(STARTED, "x", HOSTILE, HOSTILE)
    hostile = report(name=HOSTILE, tags={HOSTILE: HOSTILE}, store=HOSTILE, events=(event,))
    shown = invoke(line, rooms(hostile), 200).stdout

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "na me�[31m [red]bold[/red] 🤗� =cmd()" in shown


def test_where_the_encoding_is_narrow_views_are_plain() -> None:
    narrow = TextIOWrapper(BytesIO(), encoding="ascii")
    text = "█▌ ✓ ✗ … 5\N{EN DASH}6 é"

    assert fitting(text, narrow) == "## + x ~ 5-6 ?"
    assert fitting(text, TextIOWrapper(BytesIO(), encoding="utf-8")) == text


def test_a_column_goes_before_a_number_is_cut() -> None:
    columns = (Column("name", 1, least=4), Column("energy", 3, right=True), Column("note", 2))
    row = {"name": "a long name", "energy": "12.3 Wh", "note": "something"}

    assert [line.plain for line in table(columns, [row], 29, heads=False)] == [
        "a long n…  12.3 Wh  something"
    ]
    assert [line.plain for line in table(columns, [row], 18, heads=False)] == ["12.3 Wh  something"]
    assert [line.plain for line in table(columns, [row], 9, heads=False)] == ["12.3 Wh"]


@pytest.mark.parametrize(
    ("ratio", "drawn"),
    [(1.0, "████"), (0.5, "██"), (0.001, "▏"), (0.0, ""), (7.0, "████"), (None, "")],
)
def test_a_bar_shows_what_is_more_than_nothing(ratio: float | None, drawn: str) -> None:
    assert bar(ratio, 4) == drawn


# --- watch --------------------------------------------------------------------------------


def test_watch_in_a_pipe_prints_a_line_for_each_look_and_the_report_at_the_end() -> None:
    shown = lines("watch", rooms(running(), running(duration_s=152.3), report()), 60)

    follows = "493 W  12.3 Wh  690 mg CO2e  epoch > train"
    assert shown[:2] == [
        f"16:00:00  resnet-cifar  2 min 31 s  {follows}",
        f"16:00:00  resnet-cifar  2 min 32 s  {follows}",
    ]
    assert shown[2] == "resnet-cifar  a1b2c3d4  finished"


def test_watch_on_a_terminal_shows_power_by_device() -> None:
    from tracker.cli._live_view import PeakPower, live_view  # noqa: PLC0415 - beside its test

    shown = [line.plain for line in live_view(running(), PeakPower(), 60)]

    assert shown[0] == "resnet-cifar  a1b2c3d4  running  2 min 31 s"
    assert shown[1] == "epoch > train"
    assert re.match(r"GPU    NVIDIA H100 PCIe +431 W  █+", shown[3])
    assert re.match(r"total +493 W$", shown[6])
    assert max(cell_len(line) for line in shown) <= 60


def test_watch_of_nothing_says_so() -> None:
    with pytest.raises(RunNotFound, match="no run is running"):
        invoke("watch", rooms(report()))


def test_watch_of_a_run_that_ended_shows_its_report() -> None:
    assert lines("watch a1b2", rooms(report()))[0] == "resnet-cifar  a1b2c3d4  finished"


def test_watch_looks_again_where_the_store_is_held() -> None:
    class Busy(Shelf):
        looks = 0

        def run(self, selector: str) -> RunReport:
            self.looks += 1
            if self.looks == 2:
                raise StoreError("held by another process", transient=True)
            return super().run(selector)

    shown = lines("watch a1", rooms(history=lambda _: Busy(running(), report())))
    assert shown[1] == "resnet-cifar  a1b2c3d4  finished"


# --- doctor -------------------------------------------------------------------------------


def test_doctor_lists_what_works_and_what_mends_the_rest() -> None:
    shown = lines("doctor", rooms(), 60)

    assert "  ✓ nvml        1 device; nvidia driver 550.54.15" in shown
    assert "  ✗ rapl        /sys/class/powercap/intel-rapl:0/energy_uj" in shown
    fix = "    sudo chmod -R a+r /sys/class/powercap/intel-rapl /sys/class/powercap/dram"
    assert fix in shown, "a command is never broken"
    assert "  zone       FR, France" in shown
    assert "  from       time zone" in shown
    assert "    export TRACKER_LOCATION=FR" in shown
    assert "    there; schema current; writable; 41 runs; 2.31 MB" in shown
    assert any(re.match(r"  project +vision +/home/ada/work/tracker.toml", line) for line in shown)


def test_doctor_shows_the_idle_power_and_measures_it_first_if_asked() -> None:
    asked: list[float] = []
    made = rooms(measure_baseline=lambda _, duration_s: asked.append(duration_s))
    shown = lines("doctor --baseline 10", made)
    assert asked == [10]
    assert f"  {GPU}  71.5 W, over 10 s on 2026-05-03 14:22 UTC" in shown
    lines("doctor", made)
    assert asked == [10]


def test_show_says_what_of_it_is_idle_and_what_no_meter_sees() -> None:
    gpu = device(DeviceKind.GPU, 36_400.0, idle=IdleReport(7_200.0, 70.0, NOW))
    cpu = device(DeviceKind.CPU, 7_900.0, idle=IdleReport(1_800.0, 12.0, None))
    rest = RemainderReport(0.2, 8_860.0, 4_400.0, 15_600.0)
    measured = report(devices=(gpu,), remainder=rest, attribution="process")
    shown = lines("show last", rooms(measured))
    assert "  counted        the share of this run's own processes, an estimate" in shown
    assert "  of which idle  2.00 Wh, by measured idle power" in shown
    (line,) = (line for line in shown if line.startswith("  remainder"))
    assert re.search(r"2.46 Wh \(1.22.4.33 Wh\) for fans, boards", line)
    shown = lines("show last", rooms(report(devices=(gpu, cpu))))
    assert "  of which idle  at most 2.50 Wh, by the quietest minute" in shown


def test_doctor_says_why_a_store_cannot_be_used() -> None:
    ahead = replace(examination().store, state="ahead", writable=False, reason="a newer one")
    shown = lines("doctor", rooms(found=replace(examination(), store=ahead)))

    mark = shown.index("  ✗ sqlite:////home/ada/.local/share/emissions-tracker/runs.db")
    assert "schema ahead; not writable" in shown[mark + 1]
    assert shown[mark + 2] == "    a newer one"


def test_doctor_as_json_is_the_examination() -> None:
    shown = json.loads(invoke("doctor --json", rooms()).stdout)

    assert shown == examination().to_dict()
    assert shown["sources"][0]["devices"][0]["kind"] == DeviceKind.GPU.value


def test_doctor_shows_a_device_that_another_one_covers() -> None:
    nvml = examination().sources[0]
    covered = replace(nvml.devices[0], in_total=False, covered_by="node:cray")
    found = replace(examination(), sources=(replace(nvml, devices=(covered,)),))

    assert any("H100 PCIe (in node:cray)" in each for each in lines("doctor", rooms(found=found)))


# --- every verb ---------------------------------------------------------------------------


def test_every_verb_has_an_example_and_one_line_for_the_list() -> None:
    context = click.Context(command)
    for verb in command.list_commands(context):
        found = command.get_command(context, verb)
        assert found is not None
        assert not found.get_short_help_str(68).endswith("..."), verb
        assert f"tracker {verb}" in (found.epilog or ""), verb


def test_a_suspect_counter_is_marked_and_what_stands_beside_is_not_added() -> None:
    suspect = device(DeviceKind.GPU, 300.0, suspect=True)
    beside = device(DeviceKind.PLATFORM, 100.0, name="psys", in_total=False)
    shown = lines("show", rooms(report(devices=(suspect, beside))))

    assert any("counter, suspect" in line for line in shown)
    assert any("psys (not added)" in line for line in shown)


def test_devices_of_a_kind_with_a_long_name_keep_it() -> None:
    node: Any = device(DeviceKind.PLATFORM, 100.0, name="psys")

    assert any("platform  psys" in line for line in lines("show", rooms(report(devices=(node,)))))
