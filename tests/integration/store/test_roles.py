"""A writer needs no right to delete, and a reader none to write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url

from fakes.records import START, Sample, at
from tracker.errors import StoreError
from tracker.history.booking import book
from tracker.store import address
from tracker.store.database import Database, open_database
from tracker.store.deletion import delete_runs
from tracker.store.reader import Reader
from tracker.store.shipping import Shipment
from tracker.store.upgrade import upgrade_server
from tracker.store.writer import Writer


@pytest.fixture
def logins(postgresql_url: str, root: Path) -> Iterator[tuple[str, str]]:
    """URLs of a writer and of a reader, made by the script as the documentation says."""
    upgrade_server(postgresql_url)
    mark = uuid4().hex[:8]
    script = (root / "src/tracker/data/roles.sql").read_text()
    names = {one: f"{one}_{mark}" for one in ("tracker_writer", "tracker_reader")}
    for name, own in names.items():
        script = script.replace(name, own)
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for own in names.values():
            connection.exec_driver_sql(f"CREATE ROLE {own} LOGIN")
        for _ in range(2):  # a second time does nothing
            connection.exec_driver_sql(script)
        url = make_url(postgresql_url)
        writer, reader = (url.set(username=own) for own in names.values())
        yield (
            writer.render_as_string(hide_password=False),
            reader.render_as_string(hide_password=False),
        )
        for own in names.values():
            connection.exec_driver_sql(f"DROP OWNED BY {own}")
            connection.exec_driver_sql(f"DROP ROLE {own}")
    engine.dispose()


def shipped(tmp_path: Path, server: Database, sample: Sample, *, delete: bool = False) -> None:
    target = address.identity(make_url(str(server.engine.url)))
    with open_database(f"sqlite:///{tmp_path}/runs.db", mode="write") as local:
        if delete:
            delete_runs(local, [sample.id], at(60))
        else:
            Writer(local, target).save(sample.records())
        Shipment(
            local, server, target, now=lambda: START, is_gone=lambda _: True, add_up=book
        ).ship()


def test_a_writer_ships_runs_and_cannot_delete_them(
    tmp_path: Path, logins: tuple[str, str]
) -> None:
    sample = Sample()
    with open_database(logins[0], mode="write") as server:
        shipped(tmp_path, server, sample)
        shipped(tmp_path, server, sample)
        assert len(Reader(server).records(sample.id)) == len(sample.records())
        for table in ("runs", "segments", "intervals", "pricings", "tombstones"):
            with pytest.raises(StoreError, match="permission denied"), server.writing() as open_:
                open_.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        with pytest.raises(StoreError, match="permission denied"), server.writing() as open_:
            open_.exec_driver_sql("UPDATE alembic_version SET version_num = '0'")


def test_a_writers_deletion_is_a_mark_and_the_owner_removes_the_run(
    tmp_path: Path, logins: tuple[str, str], postgresql_url: str
) -> None:
    from tracker.store.pruning import bury_again  # noqa: PLC0415 - here alone

    sample = Sample()
    with open_database(logins[0], mode="write") as server:
        shipped(tmp_path, server, sample)
        shipped(tmp_path, server, sample, delete=True)
    with open_database(postgresql_url, mode="write") as server:
        assert Reader(server).count() == 1
        assert bury_again(server) == 1
        assert Reader(server).count() == 0


def test_a_reader_reads(tmp_path: Path, logins: tuple[str, str]) -> None:
    sample = Sample()
    with open_database(logins[0], mode="write") as server:
        shipped(tmp_path, server, sample)
    with open_database(logins[1], mode="read") as server:
        assert len(Reader(server).records(sample.id)) == len(sample.records())
        with pytest.raises(StoreError, match="permission denied"):
            Writer(server).save([sample.run])
