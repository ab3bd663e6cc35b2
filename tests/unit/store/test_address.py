"""Where a store is, and what is said where it cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import SettingsError
from tracker.store import address


def test_the_default_store_lies_in_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert address.default_url() == f"sqlite:///{tmp_path}/emissions-tracker/runs.db"


def test_a_relative_file_is_seen_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert address.file_of(address.parse("sqlite:///a/../runs.db")) == tmp_path / "runs.db"


@pytest.mark.parametrize("url", ["", None])
def test_no_url_is_the_default(url: str | None) -> None:
    assert address.is_sqlite(address.parse(url))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("runs.db", "not a URL"),
        ("sqlite", "not a URL"),
        ("mysql://ada:secret@host/db", "cannot be opened by this program"),
        ("nonsense://x", "cannot be opened"),
        ("sqlite://runs.db", "three slashes: sqlite:///runs.db"),
        ("postgresql://host:port/db", "not a URL"),
    ],
)
def test_what_is_no_store_is_refused(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        address.parse(url)
    assert "secret" not in str(refused.value)


def test_a_password_is_never_shown() -> None:
    url = address.parse("postgresql://ada:secret@host:5432/db?password=secret2&sslmode=require")
    assert address.for_people(url) == "postgresql+psycopg://ada:***@host:5432/db"
