"""Models and migrations say the same, and an older store comes along with its data."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fakes.records import Sample
from tracker.errors import SchemaAhead, StoreError
from tracker.store import schema
from tracker.store.backup import back_up
from tracker.store.database import Database, open_database
from tracker.store.reader import Reader
from tracker.store.sqlite import engine_of_file
from tracker.store.upgrade import config_for, migrate, upgrade_file, upgrade_server
from tracker.store.writer import Writer

CLIENTS = 50


def migrated(path: Path, config: Config | None = None) -> Database:
    path.touch()
    database = Database(engine_of_file(path, read_only=False), str(path))
    with database.writing() as connection:
        migrate(connection, config or config_for(), "head", str(path))
    return database


def differences(database: Database) -> list[object]:
    with database.reading() as connection:
        dialect = connection.dialect.name
        belongs = {"include_object": lambda item, *_: schema.belongs(item, dialect)}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **belongs})
        return list(compare_metadata(context, schema.metadata))


def definition(path: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return sorted((kind, name, sql or "") for kind, name, sql in rows)


def test_the_program_knows_every_revision() -> None:
    script = ScriptDirectory.from_config(config_for())
    revisions = [one.revision for one in script.walk_revisions()]
    assert tuple(reversed(revisions)) == schema.REVISIONS


def test_made_from_models_and_migrated_are_one_schema(tmp_path: Path) -> None:
    with migrated(tmp_path / "migrated.db") as database:
        assert differences(database) == []
    with open_database(f"sqlite:///{tmp_path}/made.db", mode="write") as database:
        assert differences(database) == []
    assert definition(tmp_path / "migrated.db") == definition(tmp_path / "made.db")


def test_on_a_server_too(postgresql_url: str) -> None:
    upgrade_server(postgresql_url)
    upgrade_server(postgresql_url)  # a second time does nothing
    with open_database(postgresql_url, mode="write") as database:
        assert differences(database) == []
        with database.writing() as connection:
            connection.execute(schema.stamp.update().values(version_num="9999"))
    with pytest.raises(SchemaAhead):
        upgrade_server(postgresql_url)


def test_fifty_upgrades_at_once_are_one(postgresql_url: str) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            upgrade_server(postgresql_url)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(CLIENTS):
            clients.submit(upgrade)
    assert not failures
    with open_database(postgresql_url, mode="write") as database:
        assert differences(database) == []


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    with migrated(tmp_path / "runs.db") as database:
        with database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN surplus TEXT")
        assert len(differences(database)) == 1


@pytest.fixture
def next_version(tmp_path: Path) -> Config:
    """The migrations as a later version would have them: one more."""
    folder = tmp_path / "migrations"
    source = Path(str(config_for().get_main_option("script_location")))
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "next_one.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = 'next', {schema.HEAD!r}\n"
        "branch_labels = depends_on = None\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('runs') as runs:\n"
        "        runs.add_column(sa.Column('extra', sa.Text(), server_default=''))\n"
        "    op.get_bind().exec_driver_sql('-- FAIL')\n"
    )
    config = config_for()
    config.set_main_option("script_location", str(folder))
    return config


def test_an_older_store_is_upgraded_with_its_data_after_a_backup(
    tmp_path: Path, next_version: Config
) -> None:
    path, sample = tmp_path / "runs.db", Sample()
    with open_database(f"sqlite:///{path}", mode="write") as database:
        Writer(database).save(sample.records())
        before = Reader(database).records(sample.id)
    backup = upgrade_file(path, str(path), next_version)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("next",)
        ]
        assert connection.execute("SELECT extra FROM runs").fetchall() == [("",)]
    with Database(engine_of_file(path, read_only=True), "new") as database:
        assert Reader(database).records(sample.id) == before
    assert backup.parent == path.parent
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with open_database(f"sqlite:///{backup}", mode="read") as database:
        assert Reader(database).records(sample.id) == before


def test_a_failing_upgrade_leaves_the_store_as_it_was(tmp_path: Path, next_version: Config) -> None:
    path, sample = tmp_path / "runs.db", Sample()
    with open_database(f"sqlite:///{path}", mode="write") as database:
        Writer(database).save(sample.records())
    before = definition(path)
    step = Path(str(next_version.get_main_option("script_location"))) / "versions/next_one.py"
    step.write_text(step.read_text().replace("-- FAIL", "SELECT * FROM missing"))
    with pytest.raises(StoreError, match="no such table: missing"):
        upgrade_file(path, str(path), next_version)
    assert definition(path) == before
    with open_database(f"sqlite:///{path}", mode="write") as database:
        assert Reader(database).count() == 1


def test_what_alembic_refuses_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with migrated(path) as database:
        with database.writing() as connection:
            connection.execute(schema.stamp.update().values(version_num="9999"))
        with pytest.raises(StoreError, match="cannot be upgraded"), database.writing() as writing:
            migrate(writing, config_for(), "head", str(path))


def test_a_store_whose_first_migration_was_taken_back_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    migrated(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
        ).fetchall():
            connection.execute(f'DROP TABLE "{name}"')
        connection.execute("DELETE FROM alembic_version")
    with open_database(f"sqlite:///{path}", mode="write") as database:
        assert differences(database) == []
        Writer(database).save(Sample().records())
    with open_database(f"sqlite:///{path}", mode="read") as database:
        assert Reader(database).count() == 1


def test_two_upgrades_at_once_are_one(tmp_path: Path, next_version: Config) -> None:
    path = tmp_path / "runs.db"
    with open_database(f"sqlite:///{path}", mode="write") as database:
        Writer(database).save(Sample().records())
    held = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, held.execute, ["COMMIT"]).start()
    upgrade_file(path, str(path), next_version)  # waits for whoever writes
    upgrade_file(path, str(path), next_version)  # finds nothing to do
    held.close()
    assert len(list(tmp_path.glob("*.backup"))) == 2


def test_a_backup_holds_what_is_still_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_database(f"sqlite:///{path}", mode="write") as database:
        Writer(database).save(Sample().records())
        copy = back_up(path)
    with open_database(f"sqlite:///{copy}", mode="read") as database:
        assert Reader(database).count() == 1
