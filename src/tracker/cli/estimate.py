"""`tracker estimate`: energy, CO2e and cost without a meter, and the published tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.cli._estimates import Found
    from tracker.cli._supply import Wishes

_ABOVE_0 = click.FloatRange(min=0, min_open=True)
_FROM_0 = click.FloatRange(min=0)
_ALWAYS: Final = {"as_json", "store"}
_SUPPLY: Final = {"grid_factor", "pue", "usd_per_kwh", "units"}
_HOW: Final = _SUPPLY | {"location", "methods", "embodied", "explain"}
_GOES_WITH: Final = {
    "file": _HOW,
    "like": _HOW | {"hours", "gpus", "repeats", "usd_per_hour"},
    "table": _SUPPLY,
    "chart": {"with_runs", "with_project", "output"},
}
"""What each way of asking heeds; what it would pass over is refused."""


@example(
    """
    tracker estimate --gpu A100 --gpus 8 --hours 72 --location FR
    tracker estimate --like last --hours 400 --gpus 64
    tracker estimate jobs.csv --units lb
    tracker estimate --table strubell-3
    """
)
@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--hours", type=_ABOVE_0, metavar="H", help="How long it takes.")
@click.option("--gpu", metavar="NAME", help="The accelerator: A100, 'TPU v3', 'RTX 3090'.")
@click.option("--gpus", type=click.IntRange(min=0), metavar="N", help="How many; 1 by default.")
@click.option("--gpu-watts", type=float, metavar="W", help="Mean draw of one accelerator.")
@click.option("--cpu-watts", type=float, metavar="W", help="Mean draw of all processors.")
@click.option("--dram-watts", type=float, metavar="W", help="Mean draw of all memory.")
@click.option("--memory-gb", type=_FROM_0, metavar="GB", help="Memory held (green-algorithms).")
@click.option(
    "--utilisation", type=click.FloatRange(0, 1), metavar="U", help="Of the accelerator, 0 to 1."
)
@click.option(
    "--repeats", type=click.IntRange(min=1), default=1, metavar="N", help="How often it is run."
)
@click.option("--like", metavar="RUN", help="Draw what this stored run drew.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help="ours (default), strubell, patterson, green-algorithms, mlco2; repeatable.",
)
@click.option("--location", metavar="PLACE", help="Where it runs: FR, US-CAMX, aws:eu-west-3.")
@click.option("--grid-factor", metavar="FIGURE", help="0.954 (lb/kWh), '433 g/kWh'.")
@click.option("--pue", type=float, metavar="RATIO", help="Facility energy over IT energy.")
@click.option("--usd-per-kwh", type=_FROM_0, metavar="USD", help="Electricity; 0.12 by default.")
@click.option("--usd-per-hour", metavar="USD", help="An accelerator's hour: 2.10, 0.43-1.46.")
@click.option(
    "--units", type=click.Choice(("lb", "kg", "t")), help="Of CO2e; by size if not given."
)
@click.option("--embodied", is_flag=True, help="Add the hardware's share to the CO2e.")
@click.option("--explain", is_flag=True, help="Show formula, edition, source and each factor.")
@click.option(
    "--table", metavar="NAME", help="A published table: strubell-1, -3, -4, patterson-1, -4, bloom."
)
@click.option("--chart", is_flag=True, help="The study's chart of familiar consumption.")
@click.option("--with", "with_runs", multiple=True, metavar="RUN", help="Put a run into the chart.")
@click.option("--with-project", metavar="NAME", help="Put a project's runs into the chart, summed.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Chart: .svg or .png."
)
@_options.as_json
@_options.store
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Estimate energy, CO2e and cost from hardware and hours.

    FILE holds many jobs, as CSV or TOML (docs/estimate.md). --table shows a published table
    with every row recomputed; --pue and --grid-factor then change every row.
    """
    rooms: Rooms = context.obj
    ways = [name for name in ("file", "table", "like", "chart") if given[name]]
    if len(ways) > 1:
        raise click.UsageError(f"{' and '.join(ways)} exclude each other", context)
    if ways:
        _refuse_passed_over(context, ways[0])
    elif given["hours"] is None:
        raise click.UsageError(
            "say --hours and --gpu, or a FILE, --like RUN, --table NAME, --chart", context
        )
    if not given["chart"] and (given["with_runs"] or given["with_project"] or given["output"]):
        raise click.UsageError("--with, --with-project and -o go with --chart", context)
    if given["chart"]:
        from tracker.cli._chart import show_chart  # noqa: PLC0415 - not for --help

        show_chart(rooms, given)
    elif given["table"] is not None:
        _show_table(given)
    else:
        _show_estimates(rooms, given)


def _refuse_passed_over(context: click.Context, way: str) -> None:
    heeded = {way, *_ALWAYS, *_GOES_WITH[way]}
    said = [
        option.opts[-1]
        for option in context.command.params
        if option.name
        and option.name not in heeded
        and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]
    if said:
        with_what = "a FILE" if way == "file" else f"--{way}"
        hint = "; write it beside each job" if way == "file" else ""
        raise click.UsageError(f"{', '.join(said)} cannot go with {with_what}{hint}", context)


def _show_table(given: dict[str, Any]) -> None:
    from tracker.research import published  # noqa: PLC0415 - reads tables
    from tracker.research.estimate import USD_PER_KWH  # noqa: PLC0415 - the same

    wishes = _wishes(given)
    price = USD_PER_KWH.value if wishes.usd_per_kwh is None else wishes.usd_per_kwh
    constants = published.Constants(wishes.pue, wishes.g_per_kwh, price)
    table = published.table(given["table"], constants)
    if given["as_json"]:
        _options.print_json(table.to_dict())
        return
    from tracker.cli._published_view import published_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, published_view(table, constants, given["units"], console.width))


def _show_estimates(rooms: Rooms, given: dict[str, Any]) -> None:
    found = _estimates(rooms, given)
    estimates, units, embodied = found.estimates, given["units"], given["embodied"]
    if given["as_json"]:
        from tracker.cli._estimate_view import to_dict  # noqa: PLC0415 - not for --help

        values = to_dict(estimates, units, embodied=embodied)
        _options.print_json(values | {"left_out": found.left_out})
        return
    from tracker.cli._estimate_view import estimate_view, jobs_view  # noqa: PLC0415 - rich
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    for reason in dict.fromkeys(each["reason"] for each in found.left_out):
        click.echo(f"tracker: warning: left out: {reason}", err=True)
    console = screen()
    if len(estimates) > 1 and not given["explain"]:
        show(console, jobs_view(estimates, units, console.width, embodied=embodied))
        return
    for position, each in enumerate(estimates):
        if position:
            click.echo()
        width, explain = console.width, given["explain"]
        show(console, estimate_view(each, units, width, explain=explain, embodied=embodied))


def _estimates(rooms: Rooms, given: dict[str, Any]) -> Found:
    from tracker.cli._estimates import estimates_of  # noqa: PLC0415 - not for --help
    from tracker.cli._jobs import Hardware, jobs_of  # noqa: PLC0415 - the same
    from tracker.research.estimate import DEFAULT_METHOD  # noqa: PLC0415 - the same

    like = rooms.history(given["store"]).run(given["like"]) if given["like"] else None
    hardware = Hardware(**{name: given[name] for name in Hardware.__struct_fields__})
    jobs = jobs_of(given["file"], hardware, like)
    return estimates_of(jobs, given["methods"] or (DEFAULT_METHOD,), _wishes(given), like)


def _wishes(given: dict[str, Any]) -> Wishes:
    from tracker.cli._supply import Wishes, g_per_kwh_of  # noqa: PLC0415 - not for --help

    factor = given["grid_factor"]
    return Wishes(
        location=given["location"],
        pue=given["pue"],
        g_per_kwh=None if factor is None else g_per_kwh_of(factor),
        usd_per_kwh=given["usd_per_kwh"],
    )
