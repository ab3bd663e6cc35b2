"""Opening a store: made, refused, read only; nothing is harmed."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes.records import Sample, run
from tracker.errors import SchemaAhead, SchemaBehind, StoreError
from tracker.store.database import Database, open_database, open_memory
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.schema import HEAD
from tracker.store.sqlite import engine_of_file
from tracker.store.writer import Writer


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def make(path: Path, *records: object) -> None:
    with open_database(url_of(path), mode="write") as database:
        if records:
            Writer(database).save(records)  # type: ignore[arg-type]


def content(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def test_a_new_store_is_its_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "runs.db"
    old_mask = os.umask(0)
    try:
        make(path, *Sample().records())
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_a_store_is_set_up_as_the_design_says(tmp_path: Path) -> None:
    with open_database(url_of(tmp_path / "runs.db"), mode="write") as database:
        with database.reading() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            stamp = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        assert stamp == HEAD
    assert found["journal_mode"] == "wal"
    assert (found["synchronous"], found["foreign_keys"]) == (1, 1)
    assert int(found["busy_timeout"] or 0) >= 1000


def test_a_new_store_needs_no_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from tracker.store.database import open_database;"
        f"open_database({url_of(tmp_path / 'runs.db')!r}, mode='write').close();"
        "sys.exit('alembic' in sys.modules or 'sqlalchemy.dialects.postgresql' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_foreign_keys_are_kept(tmp_path: Path) -> None:
    orphan = Sample()
    with (
        open_database(url_of(tmp_path / "runs.db"), mode="write") as database,
        pytest.raises(StoreError, match="FOREIGN KEY") as refused,
    ):
        Writer(database).save([orphan.segment])
    assert not refused.value.transient


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    good, orphan = Sample(), Sample()
    with open_database(url_of(tmp_path / "runs.db"), mode="write") as database:
        with pytest.raises(StoreError):
            Writer(database).save([*good.records(), orphan.segment])
        assert Reader(database).count() == 0


def test_a_reader_makes_no_store(tmp_path: Path) -> None:
    for path in (tmp_path / "runs.db", tmp_path / "no" / "runs.db"):
        with pytest.raises(StoreError, match=r"there is none yet.*tracker run"):
            open_database(url_of(path), mode="read")
    assert not list(tmp_path.iterdir())


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    make(path, run("kept"))
    before = content(tmp_path)[path.name]
    with open_database(url_of(path), mode="read") as database:
        with pytest.raises(StoreError, match=r"readonly.*check the owner"):
            Writer(database).save([run("more")])
        assert Reader(database).count() == 1
    assert content(tmp_path)[path.name] == before


@pytest.mark.parametrize("mode", ["read", "write"])
@pytest.mark.parametrize(
    ("bytes_", "said"),
    [
        (b"no database at all", "not a SQLite database"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "not a database|malformed"),
    ],
)
def test_a_file_that_is_no_database_is_left_alone(
    tmp_path: Path, bytes_: bytes, said: str, mode: str
) -> None:
    path = tmp_path / "runs.db"
    path.write_bytes(bytes_)
    with pytest.raises(StoreError, match=said):
        open_database(url_of(path), mode=mode)  # type: ignore[arg-type]
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"runs.db": bytes_}


def test_a_power_cut_costs_what_came_after_the_last_checkpoint(tmp_path: Path) -> None:
    path, left = tmp_path / "runs.db", tmp_path / "left.db"
    make(path)
    with (
        open_database(url_of(path), mode="write") as database,
        open_database(url_of(path), mode="read") as reader,
        reader.reading() as connection,  # who reads holds nobody up
    ):
        Writer(database).save([run("before")])
        Reader(reader).newest(Filter(), 10)
        database.checkpoint()
        Writer(database).save([run("after")])
        left.write_bytes(path.read_bytes())  # the log is what the disk need not have taken
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    with open_database(url_of(left), mode="read") as database:
        found = [
            Reader(database).run(key)[0].runs[0].name
            for key in Reader(database).newest(Filter(), 10)
        ]
    assert found == ["before"]


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_folder_is_no_store(tmp_path: Path, mode: str) -> None:
    with pytest.raises(StoreError, match="directory"):
        open_database(url_of(tmp_path), mode=mode)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["read", "write"])
def test_another_programs_database_is_left_alone(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "browser.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = content(tmp_path)
    with pytest.raises(StoreError, match="a database of another program"):
        open_database(url_of(path), mode=mode)  # type: ignore[arg-type]
    assert content(tmp_path) == before


def stamped(path: Path, revision: str) -> None:
    make(path, run("kept"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_newer_store_is_left_alone(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "runs.db"
    stamped(path, "9999")
    before = content(tmp_path)[path.name]
    with pytest.raises(SchemaAhead, match=r"newer version.*pip install --upgrade"):
        open_database(url_of(path), mode=mode)  # type: ignore[arg-type]
    assert content(tmp_path)[path.name] == before


def as_nobody(program: str, *, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run Python without root's rights; root may write anywhere."""
    drop = "import os; os.geteuid() or (os.setgroups([]), os.setgid(65534), os.setuid(65534));"
    return subprocess.run(
        [python, "-c", f"import tracker.store.database, tracker.store.writer\n{drop}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that ``nobody`` can reach, unlike pytest's own."""
    import tempfile  # noqa: PLC0415 - here alone

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


TRY = """
from tracker.errors import StoreError
try:
    tracker.store.database.open_database({url!r}, mode={mode!r}).close()
except StoreError as error:
    print(error)
else:
    print("opened")
"""


def test_a_folder_that_may_not_be_written(open_folder: Path) -> None:
    for path in (open_folder / "runs.db", open_folder / "below" / "runs.db"):
        done = as_nobody(TRY.format(url=url_of(path), mode="write"))
        assert "Permission denied" in done.stdout, done.stderr
        assert "--store or TRACKER_STORE" in done.stdout
    assert not list(open_folder.iterdir())


def test_a_store_in_a_folder_that_may_not_be_written_can_be_read(open_folder: Path) -> None:
    path = open_folder / "runs.db"
    make(path, run("kept"))
    path.chmod(0o644)
    assert sorted(one.name for one in open_folder.iterdir()) == ["runs.db"]
    done = as_nobody(TRY.format(url=url_of(path), mode="read"))
    assert done.stdout.strip() == "opened", done.stderr + done.stdout


def test_a_store_that_is_locked_is_a_passing_trouble(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    make(path)
    engine = engine_of_file(path, read_only=False, busy_timeout_s=0.05)
    with (
        Database(engine, "the store") as database,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as refused:
            Writer(database).save([run()])
        assert refused.value.transient
        assert Reader(database).count() == 0  # who reads is not kept waiting
        other.execute("ROLLBACK")
        Writer(database).save([run()])
        assert Reader(database).count() == 1


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    with open_database(url_of(tmp_path / "runs.db"), mode="write") as database:
        with database.reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"full.*Make room") as refused:
            Writer(database).save([run("x" * 5000) for _ in range(50)])
        assert not refused.value.transient
        assert Reader(database).newest(Filter(), 1) == ()


def test_memory_is_shared_by_threads() -> None:
    with open_memory() as database:
        writer, reader = Writer(database), Reader(database)
        failures: list[BaseException] = []

        def write(number: int) -> None:
            try:
                for index in range(25):
                    writer.save([run(f"{number}-{index}")])
                    reader.count()
            except BaseException as error:  # noqa: BLE001 - shown below
                failures.append(error)

        threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert reader.count() == 100


def test_a_database_in_memory_by_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_database("sqlite://", mode="write") as database:
        Writer(database).save([run()])
        assert Reader(database).count() == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b", "c#d", "20% é", "😀", "q'\"&mode=ro"])
def test_a_folder_with_odd_characters(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "runs.db"
    make(path, run())
    assert path.exists()
    with open_database(url_of(path), mode="read") as database:
        assert Reader(database).count() == 1


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://ada:secret@/db?host={tmp_path}"
    with pytest.raises(StoreError, match=r"store postgresql.*ada:\*\*\*@/db") as refused:
        open_database(url, mode="write")
    assert "secret" not in str(refused.value)


def test_a_server_is_never_upgraded_by_itself(postgresql_url: str) -> None:
    for mode in ("read", "write"):
        with pytest.raises(SchemaBehind, match="tracker db upgrade --store postgresql"):
            open_database(postgresql_url, mode=mode)
