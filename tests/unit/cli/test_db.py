"""``tracker db upgrade`` on files; servers are in tests/integration/store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tracker.cli import main


def upgrade(url: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["db", "upgrade", "--store", url])
    code = ended.value.code
    assert isinstance(code, int)
    return code


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
