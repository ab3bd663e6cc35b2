"""`tracker price`, `grid` and `when`, over a grid and a history that a test holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from fakes.grids import HALF_HOUR, value
from tracker.carbon.schedule import flexible_start, pause_and_resume, starts
from tracker.cli import _exit_code, command
from tracker.cli._rooms import Rooms
from tracker.errors import IntensityMissing
from tracker.history.grid import Advice, Outlook, ProviderOutlook
from tracker.history.pricing import Priced
from tracker.model.carbon import CarbonIntensity, Location
from unit.cli import pages
from unit.cli.examples import NOW, PRICING, RUN_ID, report, rooms

GB = Location("GB", "United Kingdom", "argument")
HALF_HOURS = [
    value(g_per_kwh, NOW + n * HALF_HOUR)
    for n, g_per_kwh in enumerate([200, 180, 60, 50, 70, 190, 220, 220])
]


def advice(
    duration: timedelta = timedelta(hours=1), within: timedelta = timedelta(hours=3)
) -> Advice:
    at_once = starts(HALF_HOURS, NOW, duration, timedelta())[0]
    best = flexible_start(HALF_HOURS, NOW, duration, within)
    plan = pause_and_resume(HALF_HOURS, NOW, duration, within)
    return Advice(
        GB,
        "fake",
        "average",
        "direct",
        "a test's, CC BY 4.0",
        duration.total_seconds(),
        within.total_seconds(),
        at_once,
        best,
        1 - best.g_per_kwh / at_once.g_per_kwh,
        plan,
        plan.pauses,
        1 - plan.g_per_kwh / at_once.g_per_kwh,
        HALF_HOURS[-1].valid_to,
    )


def outlook() -> Outlook:
    fake = ProviderOutlook(
        name="fake",
        serves=True,
        usable=True,
        needs_key=False,
        experimental=False,
        forecasts=True,
        signal="average",
        scope="direct",
        attribution="a test's",
    )
    keyed = replace(fake, name="keyed", usable=False, needs_key=True)
    absent = replace(fake, name="absent", serves=False)
    notes = ("keyed, zone GB: it needs a key",)
    ahead = tuple(HALF_HOURS)
    return Outlook(GB, HALF_HOURS[0], ahead, "fake", (fake, keyed, absent), notes)


class Grid:
    """One zone's grid."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def __call__(
        self, zone: str | None, asked: Mapping[str, Any], *, by_itself: bool = False
    ) -> Grid:
        self.asked.append((zone, asked["provider"], by_itself))
        return self

    def between(self, start: str | None, end: str | None) -> Sequence[CarbonIntensity]:
        self.asked.append((start, end))
        return HALF_HOURS

    def outlook(self) -> Outlook:
        return outlook()

    def advice(self, duration: timedelta, within: timedelta) -> Advice:
        return advice(duration, within)


def priced(action: str = "added") -> Priced:
    return Priced(RUN_ID, "a1b2c3d4", "resnet-cifar", action, PRICING, 0.5)


def behind(**others: Any) -> Rooms:
    return rooms(report(), grid=Grid(), price=lambda *_, **__: [priced()], **others)


def invoke(line: str, over: Rooms | None = None, columns: int = 100) -> Result:
    return CliRunner().invoke(
        command,
        line.split(),
        obj=over or behind(),
        env={"COLUMNS": str(columns)},
        catch_exceptions=False,
    )


def printed(line: str, over: Rooms | None = None) -> str:
    result = invoke(line, over)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_time_is_listed_with_its_keys_and_nothing_else() -> None:
    grid = Grid()
    over = replace(behind(), grid=grid)
    line = "grid GB --provider fake --start 2026-05-03T16:00Z --end 2026-05-03T20:00Z --json"
    found = json.loads(printed(line, over))
    assert found[0] == {
        "g_per_kwh": 200,
        "valid_from": "2026-05-03T16:00:00.000000Z",
        "valid_to": "2026-05-03T16:30:00.000000Z",
        "zone": "GB",
        "provider": "fake",
        "signal": "average",
        "scope": "direct",
        "estimated": False,
    }
    assert len(found) == len(HALF_HOURS)
    assert grid.asked == [
        ("GB", "fake", False),
        ("2026-05-03T16:00Z", "2026-05-03T20:00Z"),
    ]


def test_nothing_at_all_is_exit_1_and_one_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Empty(Grid):
        def between(self, start: str | None, end: str | None) -> Sequence[CarbonIntensity]:
            raise IntensityMissing("fake, zone GB: it has no intensity")

    code = _exit_code(["grid", "GB", "--start", "1d", "--json"], rooms(grid=Empty()))
    out, err = capsys.readouterr()
    assert (code, out, err) == (1, "", "tracker: fake, zone GB: it has no intensity\n")


def test_a_zone_now_and_ahead() -> None:
    text = printed("grid GB")
    assert "200 g/kWh (180\N{EN DASH}220)" in text
    assert "50\N{EN DASH}220 g/kWh" in text
    assert "keyed, zone GB: it needs a key" in text
    assert "needs a key" in text
    assert "absent" not in text


@pytest.mark.parametrize("columns", [40, 60, 200])
@pytest.mark.parametrize("line", ["grid GB", "grid GB --start 1d", "when --duration 1h", "price x"])
def test_it_fits_a_terminal_of_any_width(line: str, columns: int) -> None:
    assert max(map(len, invoke(line, columns=columns).stdout.splitlines())) <= columns


def test_the_shipped_tables_are_listed_with_licence_and_changes() -> None:
    text = printed("grid --sources")
    assert "country_intensity.csv" in text
    assert "CC BY 4.0" in text
    assert "Costa Rica" in text
    tables = json.loads(printed("grid --sources --json"))["tables"]
    for name, facts in tables.items():
        assert {"source", "licence", "edition", "retrieved"} <= {
            key for key, text in facts.items() if text
        }, name


def test_when_names_the_best_start_what_it_saves_and_pausing() -> None:
    text = printed("when --duration 1h --within 3h")
    assert "Start today 17:00: 71 % less than now" in text
    assert "best start  55 g/kWh, today 17:00" in text
    assert "with 0 pauses: 17:00\N{EN DASH}18:00" in text


@pytest.mark.parametrize(("worth", "code"), [("5", 3), ("72", 0)])
def test_check_tells_a_script_whether_to_wait(worth: str, code: int) -> None:
    line = ["when", "--duration", "1h", "--worth", worth]
    assert _exit_code([*line, "--check"], behind()) == code
    assert _exit_code(line, behind()) == 0


@pytest.mark.parametrize(
    "line",
    [
        "when --duration soon",
        "when --duration 8",
        "when",
        "when --duration 1h --wait",
        "when --duration 1h -- true",
        "price",
        "price last --waiting",
        "price --waiting --pue 1.2",
        "grid FR --signal loud",
    ],
)
def test_a_line_that_cannot_be_meant_is_exit_2(line: str) -> None:
    assert invoke(line).exit_code == 2


def test_durations_are_added_up() -> None:
    found = json.loads(printed("when --duration 30min --within 1h30m --json"))
    assert (found["duration_s"], found["within_s"]) == (1800, 5400)


def test_waiting_runs_the_command_at_its_time_and_passes_its_exit_code_on() -> None:
    clock, started = [NOW], []

    class Noted:
        id = RUN_ID

        def start(self) -> object:
            started.append(clock[0])
            return self

        def stop(self, *, error: str | None = None) -> Any:
            return report()

    def sleep(duration_s: float) -> None:
        clock[0] += timedelta(seconds=duration_s)

    over = behind(now=lambda: clock[0], sleep=sleep, track=lambda *_: Noted())
    line = ["when", "--duration", "1h", "--wait", "--"]
    assert _exit_code([*line, "true"], over) == 0
    assert started == [datetime(2026, 5, 3, 17, tzinfo=UTC)]
    assert _exit_code([*line, "sh", "-c", "exit 7"], over) == 7


def test_price_shows_what_was_and_what_is() -> None:
    text = printed("price last --pue 1.2")
    assert "resnet-cifar  a1b2c3d4  added" in text
    assert "before" in text
    assert "500 mg" in text
    assert "not kept (--dry-run)" in printed("price last --pue 1.2 --dry-run")


def test_price_completes_all_that_wait() -> None:
    asked: list[object] = []

    def price(
        store: str | None, runs: Sequence[str], choice: object, *, dry_run: bool
    ) -> list[Priced]:
        asked.append(runs)
        return [priced("completed")]

    assert "completed" in printed("price --waiting", replace(behind(), price=price))
    assert asked == [()]


def test_where_no_run_waits_a_line_says_so() -> None:
    none = replace(behind(), price=lambda *_, **__: [])
    assert printed("price --waiting", none) == "No run waits for figures that are to be had now.\n"


def test_a_provider_that_gave_no_figure_is_not_named_as_the_source() -> None:
    part = replace(PRICING.parts[0], provider="table")
    text = printed(
        "show last", rooms(report(pricings=(replace(PRICING, provider="odre", parts=(part,)),)))
    )
    assert "odre, which gave no figure" in text
    assert "(table)" in text
    assert "(odre)" not in text


def test_show_lists_every_pricing_the_current_one_first() -> None:
    contract = replace(PRICING, basis="market", current=False, carbon_g=0.1, g_per_kwh_mean=8.0)
    elsewhere = replace(PRICING, zone_name="Sweden", current=False, what_if=True)
    several = report(pricings=(contract, elsewhere, PRICING))
    text = printed("show last --pricings", rooms(several))
    assert text.index("Current") < text.index("Beside it") < text.index("What if")
    whole = printed("show last", rooms(several))
    assert "by contract" in whole
    assert "100 mg market-based, 8 g/kWh" in whole
    assert "other pricings" in whole


def test_cost_and_water_are_lines_of_their_own_and_absent_where_unknown() -> None:
    text = printed("show last")
    assert "0.00310 EUR" in text
    assert "0.00370 L on site" in text
    without = replace(PRICING, cost=None, water=None)
    bare = printed("show last", rooms(report(pricings=(without,))))
    assert "EUR" not in bare
    assert "water" not in bare


def test_every_example_of_the_page_is_a_line_that_can_be_meant(root: Path) -> None:
    page = (root / "docs/pricing.md").read_text()
    lines = [line for line, _ in pages.sessions(page)]
    assert len(lines) > 8
    for line in lines:
        if "&&" not in line and "--wait" not in line:
            pages.run(line.replace("8h", "1h"), behind())
