"""`tracker import`: runs from a file, of this program or of another tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli import _choice, _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.history.importing import Imported


@example(
    """
    tracker import emissions.csv
    tracker import old/emissions.csv new/emissions.csv --project vision
    tracker import logs/ --from carbontracker
    tracker import runs.json --store sqlite:///copy.db
    """
)
@click.command
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--from", "tool", metavar="TOOL", help="codecarbon, carbontracker or eco2ai; else recognised."
)
@click.option("--project", metavar="NAME", help="For all of them, instead of what the files say.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="For all; repeatable.")
@click.option("--dry-run", is_flag=True, help="Keep nothing, and tell what would be kept.")
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    files: tuple[str, ...],
    tool: str | None,
    project: str | None,
    tags: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Take in runs: an export of this program, or another tool's file.

    A run that is there already stays as it is. FILE may be a folder.
    """
    found = rooms.history(store).take_in(
        *files, tool=tool, project=project, tags=_choice.pairs(tags, "--tag"), dry=dry_run
    )
    if as_json:
        _options.print_json(
            {
                "taken": [
                    {"run_id": str(run.id), "short_id": run.short_id, "name": run.name}
                    for run in found.taken
                ],
                "known": found.known,
            }
        )
        return
    _say(found, dry=dry_run)


def _say(found: Imported, *, dry: bool) -> None:
    from tracker.model.text import harmless  # noqa: PLC0415 - not for --help

    for run in found.taken:
        click.echo(f"{run.short_id}  {harmless(run.name)}  {run.started_at:%Y-%m-%d %H:%M} UTC")
    verb = "would be imported" if dry else "imported"
    click.echo(f"{verb}: {len(found.taken)}; there already: {found.known}", err=True)
