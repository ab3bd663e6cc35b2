"""``tracker db`` on files; servers are in tests/integration/store."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.records import Sample
from tracker.cli import main
from tracker.store.database import open_database
from tracker.store.writer import Writer


def db(url: str, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["db", *arguments, "--store", url])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def upgrade(url: str) -> int:
    return db(url, "upgrade")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with a run of March 2026."""
    url = f"sqlite:///{tmp_path}/runs.db"
    with open_database(url, mode="write") as database:
        Writer(database).save(Sample().records())
    return url


def test_status_says_what_is_there(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert db(store, "status") == 0
    said = capsys.readouterr().out
    assert "schema    current" in said
    assert "runs      1" in said
    assert db(store, "status", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["rows"]["intervals"], found["waiting"]) == ("current", 4, [])
    assert found["size_bytes"] > 0


def test_status_of_nothing_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert db(f"sqlite:///{tmp_path}/runs.db", "status") == 0
    assert "schema    empty" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_backup_is_a_store(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert db(store, "backup") == 0
    beside = capsys.readouterr().out.strip()
    assert db(f"sqlite:///{beside}", "status") == 0
    assert "runs      1" in capsys.readouterr().out
    assert db(store, "backup", "--to", beside) == 1
    assert "File exists; name another file" in capsys.readouterr().err


def test_prune_asks_and_deletes(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = [sys.executable, "-m", "tracker", "db", "prune", "--older-than", "1d", "--store", store]
    asked = subprocess.run(line, input="n\n", capture_output=True, text=True, check=False)
    assert asked.returncode == 130
    assert "Delete: 1 runs of sqlite:///" in asked.stdout
    assert db(store, "prune", "--older-than", "1d", "--keep-totals", "--yes") == 0
    assert "1 runs reduced to their totals" in capsys.readouterr().out
    assert db(store, "prune", "--project", "vision", "--yes") == 0
    assert db(store, "prune", "--project", "vision", "--yes") == 0
    assert "0 runs deleted" in capsys.readouterr().out


def test_prune_wants_to_know_which(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert db(store, "prune") == 1
    assert "--older-than 365d" in capsys.readouterr().err


def test_compact_and_vacuum(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert db(store, "compact") == 0
    assert db(store, "vacuum") == 0
    said = capsys.readouterr().out
    assert "1 segments: 4 slots became 2" in said
    assert "MB became" in said


def test_it_makes_the_schema_of_a_new_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "runs.db"
    assert upgrade(f"sqlite:///{path}") == 0
    assert "its schema is this version's" in capsys.readouterr().out
    assert path.exists()


def test_a_newer_store_is_refused_and_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "runs.db"
    upgrade(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert upgrade(f"sqlite:///{path}") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "newer" in error
    assert path.read_bytes() == before
