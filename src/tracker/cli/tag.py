"""`tracker tag`: facts about a run, to find it by."""

from __future__ import annotations

import click

from tracker.cli import _choice, _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker tag last lr=3e-4 stage=final
    tracker tag a1b2c3d4 --remove stage
    """
)
@click.command
@click.argument("run")
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--remove", multiple=True, metavar="KEY", help="Take this tag away; repeatable.")
@_options.store
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    run: str,
    tags: tuple[str, ...],
    remove: tuple[str, ...],
    store: str | None,
) -> None:
    """Give RUN tags, or other values of tags it has.

    RUN is `last`, a name, or the first characters of an id.
    """
    if not tags and not remove:
        raise click.UsageError("name a tag as KEY=VALUE, or --remove KEY", context)
    rooms: Rooms = context.obj
    rooms.history(store).tag(run, _choice.pairs(tags, "tag"), remove=remove)
