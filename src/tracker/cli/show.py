"""`tracker show`: one run, with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.research.equivalents import Equivalent


@example(
    """
    tracker show last
    tracker show 9f86d081 --phases
    tracker show last --equivalents
    tracker show last --pricings
    tracker show resnet-cifar --json
    """
)
@click.command
@click.argument("run", default="last")
@click.option("--phases", is_flag=True, help="Every phase: by default long rows are shortened.")
@click.option("--equivalents", is_flag=True, help="The CO2e in familiar things, with sources.")
@click.option("--pricings", is_flag=True, help="Every way in which the run was priced.")
@_options.as_json
@_options.store
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    run: str,
    phases: bool,
    equivalents: bool,
    pricings: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Show one run: energy, CO2e, devices, phases, what is missing.

    RUN is `last` (the newest), a name, or the first characters of an id.
    """
    history = rooms.history(store)
    report = history.run(run)
    familiar = _familiar(report.carbon_g) if equivalents else ()
    if as_json:
        more = {"equivalents": [each.to_dict() for each in familiar]} if equivalents else {}
        _options.print_json(report.to_dict() | more)
        return
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - rich, not for --help

    console = screen()
    if pricings:
        from tracker.cli._pricing_view import pricings_view  # noqa: PLC0415 - the same

        show(console, pricings_view(report, rooms.now(), console.width))
        return
    from tracker.cli._report_view import report_view  # noqa: PLC0415 - the same

    # A history that keeps no curve has no such method: the view then goes without.
    curve_of = getattr(history, "power_curve", None)
    curve = curve_of(str(report.run_id)) if curve_of else ()
    lines = report_view(
        report,
        rooms.now(),
        console.width,
        curve=curve,
        every_phase=phases,
        familiar=[each.text for each in familiar],
    )
    show(console, lines)


def _familiar(carbon_g: float | None) -> Sequence[Equivalent]:
    from tracker.research.equivalents import equivalents  # noqa: PLC0415 - reads a table

    return equivalents(carbon_g)
