"""`tracker report`: a run or a project, written for a page, a paper or an authority."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.model.statement import Statement

FORMATS: Final = (
    "markdown",
    "html",
    "model-card",
    "neurips",
    "latex",
    "eu-gpai",
    "sci",
    "ghg",
)
"""Those that are reports; `--format` takes every other exporter's name too."""


@example(
    """
    tracker report last -o report.html
    tracker report --project vision --format model-card
    tracker report --project nlp --development --final 'bert-final*'
    tracker report last --format sci --fill functional_unit=epoch --fill units=30
    """
)
@click.command
@click.argument("run", required=False)
@click.option("--project", metavar="NAME", help="The runs of a project instead of one run.")
@click.option("--since", metavar="WHEN", help="Of the project, those started then or later.")
@click.option("--until", metavar="WHEN", help="Of the project, those started before then.")
@click.option("--format", "format_name", metavar="NAME", help=f"{', '.join(FORMATS)}.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write; its ending tells the format: .md, .html, .tex.",
)
@click.option(
    "--fill",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Fill a field that no store knows; one left open says its name. Repeatable.",
)
@click.option(
    "--development", is_flag=True, help="Tuning, failed and abandoned runs beside the final ones."
)
@click.option(
    "--final",
    multiple=True,
    metavar="PATTERN",
    help="Which runs are final: a name (bert-final*) or tag (stage=final); repeatable.",
)
@click.option(
    "--usd-per-kwh", type=click.FloatRange(min=0), metavar="USD", help="Electricity; default 0.12."
)
@click.option("--usd-per-hour", metavar="USD", help="A GPU's hour: 2.10, or 0.43-1.46.")
@_options.as_json
@_options.store
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - click's values
    """Write a report of RUN (`last` by default) or of a project's runs.

    Every format states boundary, method, coverage, range, grid basis and what was not
    counted; what the store cannot fill is left visibly open.
    """
    _check(context, given)
    statement = _statement(context.obj, given)
    if given["as_json"]:
        _options.print_json(statement.to_dict())
    elif given["development"] and given["format_name"] is None and given["output"] is None:
        _show_development(statement)
    else:
        _write(statement, given)


def _check(context: click.Context, given: dict[str, Any]) -> None:
    if given["run"] is not None and given["project"] is not None:
        raise click.UsageError("RUN and --project exclude each other", context)
    of_project = ("since", "until", "development", "final")
    if given["project"] is None and any(given[name] for name in of_project):
        raise click.UsageError(
            "--since, --until, --development and --final go with --project", context
        )
    if bool(given["development"]) != bool(given["final"]):
        raise click.UsageError(
            "--development needs --final, and --final it: which runs are final, by name"
            " (--final 'bert-final*') or tag (--final stage=final)",
            context,
        )
    if not given["development"] and (given["usd_per_kwh"], given["usd_per_hour"]) != (None, None):
        raise click.UsageError("--usd-per-kwh and --usd-per-hour go with --development", context)
    if given["as_json"] and (given["format_name"] or given["output"] or given["fill"]):
        raise click.UsageError("--json and --format, -o, --fill exclude each other", context)


def _statement(rooms: Rooms, given: dict[str, Any]) -> Statement:
    history = rooms.history(given["store"])
    if given["project"] is None:
        return history.statement(given["run"] or "last")
    from tracker.research.jobfile import price  # noqa: PLC0415 - not for --help

    hour = given["usd_per_hour"]
    return history.project_statement(
        given["project"],
        since=given["since"],
        until=given["until"],
        final=given["final"],
        usd_per_kwh=given["usd_per_kwh"],
        usd_per_gpu_h=None if hour is None else price(hour),
    )


def _write(statement: Statement, given: dict[str, Any]) -> None:
    from tracker.cli import _formats  # noqa: PLC0415 - looks for plugins
    from tracker.cli._target import export  # noqa: PLC0415 - not for --help

    path, name = given["output"], given["format_name"]
    if name is None:
        name = "markdown" if path is None else _formats.by_ending(path, FORMATS)
    plugin = _formats.named(name, FORMATS)
    filled = replace(statement, given=_formats.fillings(plugin, name, given["fill"]))
    export(plugin, filled, path)


def _show_development(statement: Statement) -> None:
    from tracker.cli._development_view import development_view  # noqa: PLC0415 - rich
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, development_view(statement, console.width))
