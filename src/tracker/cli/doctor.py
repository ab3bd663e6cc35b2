"""`tracker doctor`: what a run here would measure, price and keep, and what is missing."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker doctor
    tracker doctor --json
    tracker doctor --baseline 10
    """
)
@click.command
@click.option(
    "--baseline",
    "baseline_s",
    type=click.FloatRange(min=1, max=600),
    metavar="SECONDS",
    help="First measure the idle power for so long, and keep it: let nothing else run.",
)
@_options.as_json
@_options.store
@click.pass_obj
def command(rooms: Rooms, /, *, baseline_s: float | None, as_json: bool, store: str | None) -> None:
    """Examine sources, grid providers, location, store, settings.

    Each is usable, or there is the reason and the commands that mend it.
    """
    if baseline_s is not None:
        rooms.measure_baseline({"store": store}, baseline_s)
    examination = rooms.examine({"store": store})
    if as_json:
        _options.print_json(examination.to_dict())
        return
    from tracker.cli._doctor_view import doctor_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, doctor_view(examination, console.width))
