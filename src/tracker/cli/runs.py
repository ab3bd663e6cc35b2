"""`tracker runs`: the runs of a store, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import _choice, _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.cli._rooms import RunReader


@example(
    """
    tracker runs
    tracker runs --project vision --since 30d --order-by energy
    tracker runs --status failed --json
    tracker runs --group-by month
    tracker runs --tag lr=3e-4 --group-by tag:seed
    """
)
@click.command
@_choice.options
@click.option(
    "--order-by",
    type=click.Choice(("started", "energy", "carbon", "duration")),
    default="started",
    help="The newest first, or the largest.",
)
@click.option(
    "--group-by",
    metavar="WHAT",
    help="What they come to by project, month, host, user, device or tag:KEY.",
)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option("--cursor", metavar="RUN", help="Go on after this run: `next` of the page before.")
@_options.as_json
@_options.store
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - click's values
    """List runs, newest first: energy, its range and CO2e of each."""
    rooms: Rooms = context.obj
    history = rooms.history(given["store"])
    choice = _choice.chosen(given)
    if given["group_by"] is None:
        _list(rooms, history, choice, given)
        return
    if given["cursor"] is not None or given["order_by"] != "started":
        raise click.UsageError("--group-by and --order-by, --cursor exclude each other", context)
    _group(history, choice, given)


def _list(
    rooms: Rooms, history: RunReader, choice: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    limit = given["limit"]
    found = history.runs(
        limit=limit + 1,  # one more tells whether there is a next page
        cursor=given["cursor"],
        order_by=given["order_by"],
        **choice,
    )
    page = found[:limit]
    following = str(page[-1].run_id) if len(found) > limit else None
    if given["as_json"]:
        _options.print_json({"runs": [run.to_dict() for run in page], "next": following})
        return
    if not page:
        click.echo("No run matches.", err=True)
        return
    from tracker.cli._runs_view import runs_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, runs_view(page, rooms.now(), console.width))
    if following:
        click.echo(f"More: add --cursor {following}", err=True)


def _group(history: RunReader, choice: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    totals = history.totals(given["group_by"], **choice)
    if given["as_json"]:
        _options.print_json(totals.to_dict())
        return
    if not totals.groups:
        click.echo("No run matches.", err=True)
        return
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._totals_view import totals_view  # noqa: PLC0415 - the same

    console = screen()
    show(console, totals_view(totals, console.width))
