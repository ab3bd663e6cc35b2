"""`tracker db`: the store's own affairs."""

from __future__ import annotations

import click

from tracker.cli import _options
from tracker.cli._verbs import example


@click.command
@_options.store
def _upgrade(store: str | None) -> None:
    """Make a server's schema, or bring it to this version's.

    A SQLite file needs no such command: the next run upgrades it, after a backup beside it.
    Here it is done at once.
    """
    from tracker.assembly import Assembly  # noqa: PLC0415 - not for --help
    from tracker.store import address, database  # noqa: PLC0415 - imports SQLAlchemy

    url = address.parse(store or Assembly.of_this_process().settings({}).store)
    if address.is_sqlite(url):
        database.open_database(str(url), mode="write").close()
    else:
        from tracker.store.upgrade import upgrade_server  # noqa: PLC0415 - imports Alembic

        upgrade_server(url.render_as_string(hide_password=False))
    click.echo(f"{address.for_people(url)}: its schema is this version's")


command = example("tracker db upgrade --store postgresql+psycopg://ada@db.example.org/runs")(
    click.Group("db", {"upgrade": _upgrade}, help="Upgrade a store to this version's schema.")
)
