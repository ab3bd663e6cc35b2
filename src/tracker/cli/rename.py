"""`tracker rename`: another name for a run."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker rename last resnet-cifar
    tracker rename a1b2c3d4 resnet-cifar --project vision
    """
)
@click.command
@click.argument("run")
@click.argument("name")
@click.option("--project", metavar="NAME", help="Another project too.")
@_options.store
@click.pass_obj
def command(
    rooms: Rooms, /, *, run: str, name: str, project: str | None, store: str | None
) -> None:
    """Give RUN another NAME.

    RUN is `last`, a name, or the first characters of an id.
    """
    rooms.history(store).rename(run, name, project=project)
