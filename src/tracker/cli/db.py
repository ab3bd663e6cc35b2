"""`tracker db`: the store's own affairs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli import _options
from tracker.cli._verbs import example
from tracker.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


@click.command
@_options.as_json
@_options.store
def _status(store: str | None, *, as_json: bool) -> None:
    """Say where the store is, its schema, and how much is in it; nothing is changed."""
    from tracker.cli._db_view import lines, to_dict  # noqa: PLC0415 - not for --help
    from tracker.store.condition import examine  # noqa: PLC0415 - imports SQLAlchemy

    found = examine(_url(store))
    if as_json:
        _options.print_json(to_dict(found))
        return
    for line in lines(found):
        click.echo(line)


@click.command
@_options.store
def _upgrade(store: str | None) -> None:
    """Make a server's schema, or bring it to this version's.

    A SQLite file needs no such command: the next run upgrades it, after a backup beside it.
    Here it is done at once. Several at a time wait for each other.
    """
    from tracker.store import address, database  # noqa: PLC0415 - imports SQLAlchemy

    url = _url(store)
    if address.is_sqlite(url):
        database.open_database(_text(url), mode="write").close()
    else:
        from tracker.store.upgrade import upgrade_server  # noqa: PLC0415 - imports Alembic

        upgrade_server(_text(url))
    click.echo(f"{address.for_people(url)}: its schema is this version's")


@click.command
@click.option("--to", "target", type=click.Path(path_type=Path), help="Default: beside the store.")
@_options.store
def _backup(store: str | None, target: Path | None) -> None:
    """Copy a SQLite store while runs go on. A server is backed up with pg_dump."""
    from tracker.store import address, backup, network  # noqa: PLC0415 - imports SQLAlchemy

    url = _url(store)
    if not address.is_sqlite(url):
        raise StoreError(
            f"store {address.for_people(url)}: a server is backed up by its own means: pg_dump"
        )
    click.echo(str(backup.back_up(network.placed(address.file_of(url)), target)))


@click.command
@_options.store
def _compact(store: str | None) -> None:
    """Make slots of 5 minutes of those of 10 s, of segments that ended a day ago.

    Energy and carbon stay the same. A local store does it by itself; what is to be on a
    server too is left until it is there.
    """
    from tracker.history.status import Vantage  # noqa: PLC0415 - not for --help
    from tracker.store.compaction import compact  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.store.database import open_database  # noqa: PLC0415 - the same

    with open_database(_text(_url(store)), mode="write") as database:
        done = compact(database, datetime.now(UTC), Vantage.here().is_gone)
    click.echo(f"{done.segments} segments: {done.rows_before} slots became {done.rows_after}")


@click.command
@click.option("--older-than", "age", metavar="AGE", help="Began before then: 365d, 2025-01.")
@click.option("--project", metavar="NAME", help="Only runs of this project.")
@click.option("--keep-totals", is_flag=True, help="Delete phases, metrics, events and slots only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options.store
def _prune(
    *, store: str | None, age: str | None, project: str | None, keep_totals: bool, yes: bool
) -> None:
    """Delete runs that are over, by age or project; asks first.

    With --keep-totals a run stays with its energy by device and its carbon, and loses what
    lies below. A run that is to be on a server is pruned here only when it is there, and
    stays there.
    """
    from tracker.history.dates import instant  # noqa: PLC0415 - not for --help
    from tracker.store.database import open_database  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.store.pruning import bury_again, prunable, prune  # noqa: PLC0415 - the same

    if age is None and project is None:
        raise SettingsError("say which runs: --older-than 365d, --project NAME, or both")
    before = instant(age, "--older-than", datetime.now().astimezone()) if age else None
    now = datetime.now(UTC)
    with open_database(_text(_url(store)), mode="write") as database:
        bury_again(database)
        found = prunable(database, now, before=before, project=project)
        what = "Reduce to their totals" if keep_totals else "Delete"
        if found and not yes:
            click.confirm(f"{what}: {len(found)} runs of {database.url_for_people}?", abort=True)
        prune(database, found, now, keep_totals=keep_totals)
    click.echo(f"{len(found)} runs {'reduced to their totals' if keep_totals else 'deleted'}")


@click.command
@_options.store
def _vacuum(store: str | None) -> None:
    """Give back to the disk what deleted rows took; runs under way wait meanwhile."""
    from tracker.store.condition import vacuum  # noqa: PLC0415 - imports SQLAlchemy
    from tracker.store.database import open_database  # noqa: PLC0415 - the same

    with open_database(_text(_url(store)), mode="write") as database:
        before, after = vacuum(database)
    click.echo(f"{before / 1e6:.1f} MB became {after / 1e6:.1f} MB")


def _url(store: str | None) -> URL:
    from tracker.assembly import Assembly  # noqa: PLC0415 - not for --help
    from tracker.store import address  # noqa: PLC0415 - imports SQLAlchemy

    return address.parse(Assembly.of_this_process().settings({"store": store}).store)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


_COMMANDS = {
    "backup": _backup,
    "compact": _compact,
    "prune": _prune,
    "status": _status,
    "upgrade": _upgrade,
    "vacuum": _vacuum,
}
command = example(
    """
    tracker db status
    tracker db upgrade --store postgresql+psycopg://ada@db.example.org/runs
    tracker db prune --older-than 365d --keep-totals
    """
)(click.Group("db", _COMMANDS, help="A store's schema, size, backup and upkeep."))
