"""Addresses and keys of the providers: where they may stand, and where a key may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import SettingsError
from tracker.grid_settings import GridOptions
from tracker.settings import resolve

KEY = "s3cret-key"


def options(
    folder: Path,
    environ: dict[str, str] | None = None,
    *,
    project: str = "",
    user: str = "",
    name: str = "table",
) -> GridOptions:
    (folder / "user").mkdir()
    (folder / "project").mkdir()
    (folder / "project/tracker.toml").write_text(project)
    (folder / "user/tracker.toml").write_text(user)
    return resolve({}, environ or {}, folder / "project", folder / "user").grid[name]


def test_nothing_is_set_by_default(tmp_path: Path) -> None:
    assert resolve({}, {}, tmp_path, tmp_path).grid == {}


def test_the_environment_comes_before_the_project_and_that_before_the_user(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        {"TRACKER_GRID_TABLE_KEY": KEY},
        project='[grid.table]\nurl = "https://mirror.example/v4"\nkey = "project"\n',
        user='[grid.table]\nurl = "https://other.example"\nkey = "user"\n',
    )
    assert (found.key, found.key_origin) == (KEY, "TRACKER_GRID_TABLE_KEY")
    assert found.url == "https://mirror.example/v4"
    assert found.url_origin == str(tmp_path / "project/tracker.toml")


def test_a_pyproject_has_it_below_its_own_table(tmp_path: Path) -> None:
    text = '[tool.tracker.grid.table]\nurl = "http://localhost:8000"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    found = resolve({}, {}, tmp_path, tmp_path).grid["table"]
    assert found.for_plugin() == {"url": "http://localhost:8000"}


@pytest.mark.parametrize("where", ["environment", "user"])
def test_a_key_goes_to_an_address_that_is_the_users_own(tmp_path: Path, where: str) -> None:
    url = "https://mirror.example"
    environ = {"TRACKER_GRID_TABLE_KEY": KEY}
    user = f'[grid.table]\nurl = "{url}"\n'
    if where == "environment":
        environ, user = environ | {"TRACKER_GRID_TABLE_URL": url}, ""
    assert options(tmp_path, environ, user=user).for_plugin() == {"url": url, "key": KEY}


@pytest.mark.parametrize("key_in", ["environment", "user", "project"])
def test_no_key_goes_to_an_address_that_a_project_names(tmp_path: Path, key_in: str) -> None:
    table = f'[grid.table]\nkey = "{KEY}"\n'
    project = '[grid.table]\nurl = "https://evil.example"\n'
    found = options(
        tmp_path,
        {"TRACKER_GRID_TABLE_KEY": KEY} if key_in == "environment" else {},
        project=project + (f'key = "{KEY}"\n' if key_in == "project" else ""),
        user=table if key_in == "user" else "",
    ).for_plugin()
    assert "key" not in found
    assert found["url"] == "https://evil.example"
    assert "is not sent to https://evil.example" in found["key_problem"]
    assert KEY not in found["key_problem"]


def test_a_key_is_not_in_repr(tmp_path: Path) -> None:
    settings = resolve({}, {"TRACKER_GRID_TABLE_KEY": KEY}, tmp_path, tmp_path)
    assert settings.grid["table"].key == KEY
    assert KEY not in repr(settings)


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert resolve({}, {"TRACKER_GRID_TABLE_KEY": ""}, tmp_path, tmp_path).grid == {}


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("TRACKER_GRID_TABEL_KEY", "x", "no grid provider 'tabel'; did you mean table?"),
        ("TRACKER_GRID_TABLE_TOKEN", "x", "must end in _URL or _KEY"),
        ("TRACKER_GRID_KEY", "x", "no grid provider ''"),
        ("TRACKER_GRID_TABLE_KEY", "  ", "not empty"),
        ("TRACKER_GRID_TABLE_KEY", "a\nX-Other: b", "characters that no key has"),
        ("TRACKER_GRID_TABLE_URL", "mirror.example", "write https://host/path"),
        ("TRACKER_GRID_TABLE_URL", "ftp://mirror.example", "write https://host/path"),
        ("TRACKER_GRID_TABLE_URL", "https://", "write https://host/path"),
        ("TRACKER_GRID_TABLE_URL", "https://[::1", "write https://host/path"),
        ("TRACKER_GRID_TABLE_URL", "https://a:70000", "write https://host/path"),
        ("TRACKER_GRID_TABLE_URL", "http://10.0.0.7/v4", "10.0.0.7 is another machine"),
        ("TRACKER_GRID_TABLE_URL", "https://ada:pw123@a.example", "neither user, password"),
        ("TRACKER_GRID_TABLE_URL", "https://a.example/?key=pw123", "neither user, password"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve({}, {variable: value}, tmp_path, tmp_path)
    assert variable in str(caught.value)
    assert words in str(caught.value)
    assert "pw123" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grid = 3", "must be a table of providers"),
        ("[grid]\ntable = 3", "must be a table with url and key"),
        ("[grid.tabel]\nurl = 'https://a.example'", "did you mean table?"),
        ("[grid.table]\nurll = 'https://a.example'", "unknown key 'urll'; known: url, key"),
        ("[grid.table]\nkey = 3", "must be text"),
    ],
)
def test_a_file_is_refused_by_its_path(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "tracker.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        resolve({}, {}, tmp_path, tmp_path)
    assert str(tmp_path / "tracker.toml") in str(caught.value)
    assert words in str(caught.value)
