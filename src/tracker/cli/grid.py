"""`tracker grid`: what a kilowatt-hour causes, where and when, and who says so."""

from __future__ import annotations

import json
from typing import Any

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker grid FR
    tracker grid GB --online
    tracker grid GB --provider uk_carbon --start 2026-08-01 --end 2026-08-02 --json
    tracker grid --sources
    """
)
@click.command
@click.argument("zone", required=False)
@click.option("--provider", metavar="NAME", help="Ask this one; that allows the network.")
@click.option("--start", metavar="TIME", help="From when on: 2026-08-01, ISO 8601, 7d (ago).")
@click.option("--end", metavar="TIME", help="Until when; now by default.")
@click.option("--signal", type=click.Choice(["average", "marginal"]), help="Which kilowatt-hour.")
@click.option("--scope", type=click.Choice(["lifecycle", "direct"]), help="Which emissions.")
@click.option("--online/--offline", default=None, help="Whether the network may be asked.")
@click.option("--sources", is_flag=True, help="The shipped tables and their licences.")
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    zone: str | None,
    start: str | None,
    end: str | None,
    sources: bool,
    as_json: bool,
    **asked: Any,  # noqa: ANN401 - provider, signal, scope, online and store by their names
) -> None:
    """Show a zone's carbon intensity: now, ahead, or of a time gone by.

    ZONE is written as a location: FR, DK-DK1, GB-13, US-CAMX, aws:eu-west-3. Without one it
    is that of this machine.
    """
    if sources:
        _show_sources(as_json=as_json)
    elif start is not None or end is not None:
        values = rooms.grid(zone, asked).between(start, end)
        _show_values(values, rooms, as_json=as_json)
    else:
        _show_outlook(rooms, zone, asked, as_json=as_json)


def _show_sources(*, as_json: bool) -> None:
    from tracker.data.tables import sources  # noqa: PLC0415 - not for --help
    from tracker.model.plain import plain  # noqa: PLC0415 - the same

    if as_json:
        _options.print_json({"tables": plain(sources())})
        return
    from tracker.cli._grid_view import sources_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, sources_view(sources(), console.width))


def _show_values(values: Any, rooms: Rooms, *, as_json: bool) -> None:  # noqa: ANN401 - intensities
    from tracker.history.grid import listed  # noqa: PLC0415 - not for --help

    if as_json:
        click.echo(json.dumps([listed(one) for one in values], indent=2, allow_nan=False))
        return
    from tracker.cli._grid_view import values_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, values_view(values, rooms.now(), console.width))


def _show_outlook(rooms: Rooms, zone: str | None, asked: dict[str, Any], *, as_json: bool) -> None:
    outlook = rooms.grid(zone, asked).outlook()
    if as_json:
        _options.print_json(outlook.to_dict())
        return
    from tracker.cli._grid_view import outlook_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, outlook_view(outlook, rooms.now(), console.width))
