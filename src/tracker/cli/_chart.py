"""The study's chart in the terminal, as a picture and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click
from rich.text import Text

from tracker.cli import _options
from tracker.cli._parts import heading
from tracker.cli._screen import screen, show
from tracker.cli._table import bar
from tracker.model.display import number_text
from tracker.model.text import cells, harmless, shortened
from tracker.research.chart import Chart, chart, save

if TYPE_CHECKING:
    from tracker.cli._rooms import Rooms, RunReader

_PAGE: Final = 200
_LEAST_BAR: Final = 10


def show_chart(rooms: Rooms, given: Mapping[str, Any]) -> None:
    """Draw the chart that the line asks for.

    Raises:
        SettingsError: a run or project has no CO2e.
        ExportError: the picture cannot be written.
    """
    drawn = chart(_own(rooms, given))
    if given["output"] is not None:
        save(drawn, given["output"])
        click.echo(f"plotted: {given['output']}", err=True)
    if given["as_json"]:
        _options.print_json(drawn.to_dict())
        return
    console = screen()
    show(console, chart_view(drawn, console.width))


def _own(rooms: Rooms, given: Mapping[str, Any]) -> list[tuple[str, float]]:
    if not given["with_runs"] and not given["with_project"]:
        return []
    history = rooms.history(given["store"])
    reports = [history.run(selector) for selector in given["with_runs"]]
    found = [(f"{each.name} ({each.short_id})", each.carbon_g or 0.0) for each in reports]
    if given["with_project"]:
        name = given["with_project"]
        found.append((f"project {name}", _project_g(history, name)))
    return found


def _project_g(history: RunReader, project: str) -> float:
    total, cursor = 0.0, None
    while True:
        page = history.runs(project=project, limit=_PAGE, cursor=cursor)
        total += sum(each.carbon_g or 0.0 for each in page)
        if len(page) < _PAGE:
            return total
        cursor = str(page[-1].run_id)


def _pounds(mass_lb: float) -> str:
    return f"{mass_lb:,.0f} lb" if mass_lb >= 100 else f"{number_text(mass_lb)} lb"  # noqa: PLR2004 - three digits


def chart_view(drawn: Chart, width: int) -> list[Text]:
    """A line a bar, the user's own marked."""
    masses = [_pounds(each.co2_lb) for each in drawn.bars]
    numbers = max(map(len, masses))
    names = [harmless(each.name) for each in drawn.bars]
    column = min(max(map(cells, names)), max(width - numbers - _LEAST_BAR - 4, _LEAST_BAR))
    room = max(width - column - numbers - 4, 1)
    axis = "logarithmic axis" if drawn.logarithmic else "Strubell et al. 2019, table 1"
    lines = [heading("CO2e in pounds").append(f"  {axis}", style="not bold dim")]
    for each, name, mass in zip(drawn.bars, names, masses, strict=True):
        label = shortened(name, column)
        line = Text(label + " " * (column - cells(label)), style="bold" if each.own else "")
        line.append(f"  {mass:>{numbers}}  ").append(
            bar(drawn.length(each), room), style="red" if each.own else "dim"
        )
        line.rstrip()
        lines.append(line)
    return lines
