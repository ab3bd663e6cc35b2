"""`tracker sync`: what was left for later: figures of the grid, and copies on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from tracker.cli import _options
from tracker.cli._verbs import example
from tracker.errors import StoreError

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.store.outbox import Waiting
    from tracker.store.shipping import Shipped

_MOST_RUNS: Final = 1000


@example(
    """
    tracker sync --status
    tracker sync --store postgresql+psycopg://ada@db.example.org/runs
    """
)
@click.command
@click.option("--status", "only_status", is_flag=True, help="Only say what waits; ask no server.")
@click.option("--all", "take_all", is_flag=True, help="Take runs too that were made without it.")
@_options.as_json
@_options.store
def command(*, only_status: bool, take_all: bool, as_json: bool, store: str | None) -> None:
    """Do what was left for later.

    Where the network is allowed (TRACKER_ONLINE=1), pricings that wait for the grid's figures
    get them. Then the runs that are still on this machine alone are taken to the server.

    A run whose store is a server is written here first and taken there while it runs. What
    did not get there, because the server was away or the process was killed, goes with the
    next run, or now.
    """
    priced, shipped = (None, None) if only_status else _done(store, take_all=take_all)
    waiting = _waiting()
    if as_json:
        _options.print_json(to_dict(priced, shipped, waiting))
    else:
        for line in _lines(priced, shipped, waiting):
            click.echo(line)
    if shipped is not None and shipped.refused:
        raise StoreError("; ".join(shipped.refused))


def _done(store: str | None, *, take_all: bool) -> tuple[int | None, Shipped | None]:
    """How many pricings got figures, and what was shipped; ``None`` for what was not tried."""
    from tracker.assembly import Assembly  # noqa: PLC0415 - not for --help
    from tracker.model.store_url import is_server  # noqa: PLC0415 - with it

    assembly = Assembly.of_this_process()
    settings = assembly.settings({"store": store})
    server = settings.store
    if not is_server(server) and (take_all or not settings.online):
        raise StoreError(
            "no server to take runs to: TRACKER_STORE names none. Name one: "
            "tracker sync --store postgresql+psycopg://user@host/database; the grid's figures "
            "are asked for by TRACKER_ONLINE=1 tracker sync"
        )
    priced = _price(assembly, server) if settings.online else None
    return priced, _ship(assembly, server, take_all=take_all) if is_server(server) else None


def _price(assembly: Assembly, store: str | None) -> int:
    from tracker.history.pricing import Repricer  # noqa: PLC0415 - imports SQLAlchemy

    with assembly.open_store(assembly.first_store(store), write=True) as database:
        return len(Repricer(assembly, database).complete(_MOST_RUNS, online=True))


def _ship(assembly: Assembly, server: str, *, take_all: bool) -> Shipped | None:
    from tracker.history.booking import book  # noqa: PLC0415 - the same
    from tracker.history.status import Vantage  # noqa: PLC0415 - the same

    vantage = Vantage.here()
    session = assembly.open_session(server, vantage.is_gone, book)
    try:
        if take_all:
            session.enlist_all()
        shipped = session.ship()
    finally:
        session.close()
    if shipped is None:
        click.echo("A run under way on this machine is taking everything there.", err=True)
    return shipped


def _waiting() -> tuple[Waiting, ...]:
    from tracker.store import outbox  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.store.database import exists, open_database  # noqa: PLC0415 - the same

    if not exists(None):
        return ()
    with open_database(None, mode="read") as database:
        return outbox.waiting(database)


def to_dict(
    priced: int | None, shipped: Shipped | None, waiting: Sequence[Waiting]
) -> dict[str, Any]:
    """What ``--json`` prints."""
    from tracker.model.plain import plain  # noqa: PLC0415 - not for --help

    return {
        "priced": priced,
        "shipped_runs": shipped.runs if shipped else None,
        "shipped_rows": shipped.rows if shipped else None,
        "refused": list(shipped.refused) if shipped else [],
        "waiting": [
            {"target": one.target, "runs": one.runs, "rows": one.rows, "since": plain(one.since)}
            for one in waiting
        ],
    }


def _lines(priced: int | None, shipped: Shipped | None, waiting: Sequence[Waiting]) -> list[str]:
    lines = [] if priced is None else [f"{priced} pricings got figures of the grid."]
    if shipped is not None:
        lines.append(f"{shipped.runs} runs, {shipped.rows} rows taken to the server.")
    for one in waiting:
        since = f", the oldest of {one.since:%Y-%m-%d %H:%M} UTC" if one.since else ""
        lines.append(f"Waiting for {one.target}: {one.runs} runs, {one.rows} rows{since}.")
    return lines if waiting else [*lines, "No run waits to be taken to a server."]
