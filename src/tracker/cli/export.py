"""`tracker export`: runs in a form that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from tracker.cli import _choice, _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

FORMATS: Final = (
    "csv",
    "json",
    "jsonl",
    "parquet",
    "markdown-table",
    "hugging-face",
    "codecarbon",
)
"""Those that are tables of runs, or are read back; `--format` takes every other name too."""


@example(
    """
    tracker export -o runs.csv
    tracker export last --format json -o last.json
    tracker export --project vision --since 2026-01 -o vision.parquet
    tracker export --format codecarbon -o emissions.csv
    """
)
@click.command
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@_choice.options
@click.option("--format", "format_name", metavar="NAME", help=f"{', '.join(FORMATS)}.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write; its ending tells the format: .csv, .json, .jsonl, .parquet.",
)
@_options.store
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - click's values
    """Write RUNs, or those that the options choose, as a table or as JSON.

    RUN is `last`, a name, or the first characters of an id. JSON holds all that the store
    keeps: `tracker import` reads it back.
    """
    from tracker.cli import _formats  # noqa: PLC0415 - looks for plugins
    from tracker.cli._target import export  # noqa: PLC0415 - not for --help
    from tracker.ports.exporter import needs_records  # noqa: PLC0415 - the same

    rooms: Rooms = context.obj
    choice = _choice.chosen(given)
    if given["runs"] and choice:
        raise click.UsageError("RUN and options that choose runs exclude each other", context)
    path, name = given["output"], given["format_name"]
    if name is None:
        name = "csv" if path is None else _formats.by_ending(path, FORMATS)
    plugin = _formats.named(name, FORMATS)
    statement = rooms.history(given["store"]).collection(
        *given["runs"], records=needs_records(plugin), **choice
    )
    export(plugin, statement, path)
