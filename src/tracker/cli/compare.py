"""`tracker compare`: runs beside each other."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker compare resnet-fp32 resnet-bf16
    tracker compare 9f86d081 a1b2 last --metric accuracy
    """
)
@click.command
@click.argument("base")
@click.argument("others", nargs=-1, required=True)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Also joules for each unit of this metric's last value; repeatable.",
)
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    base: str,
    others: tuple[str, ...],
    metrics: tuple[str, ...],
    as_json: bool,
    store: str | None,
) -> None:
    """Compare runs with BASE: energy, CO2e, devices, phases.

    Each difference has a range of its own: on one board the gain errors cancel. BASE and
    OTHERS are `last`, a name, or the first characters of an id.
    """
    compared = rooms.history(store).compare(base, *others, metrics=metrics)
    if as_json:
        _options.print_json(compared.to_dict())
        return
    from tracker.cli._compare_view import compare_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, compare_view(compared, console.width))
