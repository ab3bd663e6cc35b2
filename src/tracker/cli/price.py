"""`tracker price`: stored runs priced by another choice, or completed."""

from __future__ import annotations

from typing import Any

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example


@example(
    """
    tracker price last
    tracker price --waiting
    tracker price last --provider uk_carbon
    tracker price 9f86d081 --market-g-per-kwh 12
    tracker price last --at-region aws:eu-north-1 --dry-run
    """
)
@click.command
@click.argument("runs", metavar="RUN...", nargs=-1)
@click.option("--waiting", is_flag=True, help="Complete every run that waits for figures.")
@click.option("--provider", metavar="NAME", help="The grid provider; it may be asked then.")
@click.option("--signal", type=click.Choice(["average", "marginal"]), help="Which kilowatt-hour.")
@click.option("--scope", type=click.Choice(["lifecycle", "direct"]), help="Which emissions.")
@click.option("--location", metavar="WHERE", help="Where the run was, if that was not right.")
@click.option("--pue", type=float, metavar="RATIO", help="Facility over IT energy, at least 1.")
@click.option(
    "--market-g-per-kwh",
    type=float,
    metavar="G",
    help="Your contract's intensity: a pricing by market, beside the one by location.",
)
@click.option(
    "--at-region",
    metavar="WHERE",
    help="What it would have been there; never becomes the run's own.",
)
@click.option("--tariff", metavar="PRICE", help="'0.25 EUR/kWh, 22:00-06:00 0.15'.")
@click.option("--water", metavar="LITRES", help="'0.3 L/kWh, grid 1.8 L/kWh'.")
@click.option("--online/--offline", default=None, help="Whether the network may be asked.")
@click.option("--dry-run", is_flag=True, help="Show it, and keep nothing.")
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    runs: tuple[str, ...],
    waiting: bool,
    dry_run: bool,
    as_json: bool,
    store: str | None,
    **choice: Any,  # noqa: ANN401 - the fields of history.pricing.PricingChoice by their names
) -> None:
    """Price runs by another choice, or complete what was provisional.

    Without an option, pricings that wait for the grid's figures get them; they are frozen
    once no figure can change any more. With one, a pricing is added: none is overwritten.

    RUN is `last` (the newest), a name, or the first characters of an id.
    """
    chosen = any(value is not None for name, value in choice.items() if name != "online")
    if waiting == bool(runs) or (waiting and (chosen or dry_run)):
        raise click.UsageError("name the runs, or --waiting alone for all that are provisional")
    done = rooms.price(store, runs, choice, dry_run=dry_run)
    if as_json:
        from tracker.model.plain import plain  # noqa: PLC0415 - not for --help

        _options.print_json({"pricings": plain(done)})
        return
    from tracker.cli._pricing_view import price_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen()
    show(console, price_view(done, console.width, dry_run=dry_run))
