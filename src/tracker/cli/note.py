"""`tracker note`: a remark on a run."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker note last 'the cluster was throttled from 14:00 on'
    tracker note a1b2c3d4 ''
    """
)
@click.command
@click.argument("run")
@click.argument("text")
@_options.store
@click.pass_obj
def command(rooms: Rooms, /, *, run: str, text: str, store: str | None) -> None:
    """Write TEXT beside RUN, instead of what was there; '' takes it away.

    RUN is `last`, a name, or the first characters of an id.
    """
    rooms.history(store).note(run, text)
