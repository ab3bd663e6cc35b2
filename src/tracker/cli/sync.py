"""`tracker sync`: take to the server what is still on this machine alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import _options
from tracker.cli._verbs import example
from tracker.errors import StoreError

if TYPE_CHECKING:
    from tracker.store.outbox import Waiting
    from tracker.store.shipping import Shipped


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
    """Take to the server the runs that are still on this machine alone.

    A run whose store is a server is written here first and taken there while it runs. What
    did not get there, because the server was away or the process was killed, goes with the
    next run, or now.
    """
    shipped = None if only_status else _ship(_server(store), take_all=take_all)
    if shipped is None and not only_status:
        click.echo("A run under way on this machine is taking everything there.", err=True)
    waiting = _waiting()
    if as_json:
        _options.print_json(to_dict(shipped, waiting))
    else:
        for line in _lines(shipped, waiting):
            click.echo(line)
    if shipped is not None and shipped.refused:
        raise StoreError("; ".join(shipped.refused))


def _server(store: str | None) -> str:
    from tracker.assembly import Assembly  # noqa: PLC0415 - not for --help
    from tracker.model.store_url import is_server  # noqa: PLC0415 - with it

    server = Assembly.of_this_process().settings({"store": store}).store
    if not is_server(server):
        raise StoreError(
            "no server to take runs to: TRACKER_STORE names none. Name one: "
            "tracker sync --store postgresql+psycopg://user@host/database"
        )
    return server


def _ship(server: str, *, take_all: bool) -> Shipped | None:
    from tracker.assembly import Assembly  # noqa: PLC0415 - not for --help
    from tracker.history.booking import book  # noqa: PLC0415 - the same
    from tracker.history.status import Vantage  # noqa: PLC0415 - the same

    vantage = Vantage.here()
    session = Assembly.of_this_process().open_session(server, vantage.is_gone, book)
    try:
        if take_all:
            session.enlist_all()
        return session.ship()
    finally:
        session.close()


def _waiting() -> tuple[Waiting, ...]:
    from tracker.store import outbox  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.store.database import exists, open_database  # noqa: PLC0415 - the same

    if not exists(None):
        return ()
    with open_database(None, mode="read") as database:
        return outbox.waiting(database)


def to_dict(shipped: Shipped | None, waiting: Sequence[Waiting]) -> dict[str, Any]:
    """What ``--json`` prints."""
    from tracker.model.plain import plain  # noqa: PLC0415 - not for --help

    return {
        "shipped_runs": shipped.runs if shipped else None,
        "shipped_rows": shipped.rows if shipped else None,
        "refused": list(shipped.refused) if shipped else [],
        "waiting": [
            {"target": one.target, "runs": one.runs, "rows": one.rows, "since": plain(one.since)}
            for one in waiting
        ],
    }


def _lines(shipped: Shipped | None, waiting: Sequence[Waiting]) -> list[str]:
    lines = []
    if shipped is not None:
        lines.append(f"{shipped.runs} runs, {shipped.rows} rows taken to the server.")
    for one in waiting:
        since = f", the oldest of {one.since:%Y-%m-%d %H:%M} UTC" if one.since else ""
        lines.append(f"Waiting for {one.target}: {one.runs} runs, {one.rows} rows{since}.")
    return lines if waiting else [*lines, "Nothing waits."]
