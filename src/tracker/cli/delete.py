"""`tracker delete`: runs that nobody needs."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker delete a1b2c3d4
    tracker delete try-1 try-2 --yes
    """
)
@click.command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options.store
@click.pass_obj
def command(rooms: Rooms, /, *, runs: tuple[str, ...], yes: bool, store: str | None) -> None:
    """Delete runs with all their figures.

    A copy on a server goes with the next `tracker sync`.

    RUN is `last`, a name, or the first characters of an id.
    """
    from tracker.model.display import energy_text, when_text  # noqa: PLC0415 - not for --help
    from tracker.model.text import harmless  # noqa: PLC0415 - the same

    history = rooms.history(store)
    found = [history.run(selector) for selector in dict.fromkeys(runs)]
    for report in found:
        started = when_text(report.started_at, rooms.now())
        text = f"{report.short_id}  {harmless(report.name)}  {started}"
        click.echo(f"{text}  {energy_text(report.energy_j)}", err=True)
    if not yes:
        what = "this run" if len(found) == 1 else f"these {len(found)} runs"
        click.confirm(f"Delete {what} for good?", abort=True, err=True)
    for report in found:
        history.delete(str(report.run_id))
