"""`tracker watch`: a run while it runs, from any terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms, RunReader
from tracker.cli._verbs import example
from tracker.errors import RunNotFound, StoreError

if TYPE_CHECKING:
    from tracker.model.report import RunReport


@example(
    """
    tracker watch
    tracker watch resnet-cifar --interval 5
    """
)
@click.command
@click.argument("run", required=False)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="Between two looks at the store.",
)
@_options.store
@click.pass_obj
def command(rooms: Rooms, /, *, run: str | None, interval_s: float, store: str | None) -> None:
    """Follow a run while it runs: power, energy, CO2e, phases.

    RUN is a name or the first characters of an id; without it, the newest that is running.
    Only the store is read, so leaving this view does nothing to the run. When the run
    ends, its report is printed.
    """
    history = rooms.history(store)
    selector = run or _newest_running(history)
    from tracker.cli._live_view import follow  # noqa: PLC0415 - rich, not for --help

    follow(_reports(history, selector, rooms, interval_s), rooms.now)


def _newest_running(history: RunReader) -> str:
    running = history.runs(status="running", limit=1)
    if not running:
        raise RunNotFound(
            "no run is running; start one, or see `tracker runs` for those that ended"
        )
    return str(running[0].run_id)


def _reports(
    history: RunReader, selector: str, rooms: Rooms, interval_s: float
) -> Iterator[RunReport]:
    """The run as it is in the store, again and again; the last one is not running."""
    report = history.run(selector)
    yield report
    while report.status.value == "running":
        rooms.sleep(interval_s)
        try:
            report = history.run(str(report.run_id))
        except StoreError as error:
            if not error.transient:
                raise
            continue  # somebody else holds the store: look again
        yield report
