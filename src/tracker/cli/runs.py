"""`tracker runs`: the runs of a store."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

_STATUSES = ("running", "finished", "failed", "interrupted")


@example(
    """
    tracker runs
    tracker runs --project vision --since 30d
    tracker runs --status failed --json
    """
)
@click.command
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--name", metavar="NAME", help="Only runs of this name.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only runs that stand so.")
@click.option("--since", metavar="WHEN", help="Started then or later: 2026-05-03, 30d, 12h.")
@click.option("--until", metavar="WHEN", help="Started before then.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.option("--cursor", metavar="RUN", help="Go on after this run: `next` of the page before.")
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    project: str | None,
    name: str | None,
    status: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
    store: str | None,
) -> None:
    """List runs, newest first: energy, its range and CO2e of each."""
    found = rooms.history(store).runs(
        project=project,
        name=name,
        status=status,
        since=since,
        until=until,
        limit=limit + 1,  # one more tells whether there is a next page
        cursor=cursor,
    )
    page = found[:limit]
    following = str(page[-1].run_id) if len(found) > limit else None
    if as_json:
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
