from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import SettingsError
from tracker.settings import BUILT_IN, Settings, TrackOptions, resolve


def resolved(folder: Path, environ: dict[str, str] | None = None, **options: object) -> Settings:
    return resolve(options, environ or {}, folder, folder / "no-user-folder")


def test_every_option_has_a_built_in_value() -> None:
    assert set(BUILT_IN) == set(TrackOptions.__annotations__)


def test_the_first_place_that_gives_a_value_wins(tmp_path: Path) -> None:
    project, user = tmp_path / "project", tmp_path / "user"
    (project / "deep").mkdir(parents=True)
    user.mkdir()
    (project / "tracker.toml").write_text('location = "DE"\nproject = "file"\npue = 1.2\n')
    (user / "tracker.toml").write_text('location = "IT"\nshow = "line"\n')
    environ = {"TRACKER_LOCATION": "FR", "TRACKER_PROJECT": "environment"}
    settings = resolve({"location": "GB", "project": None}, environ, project / "deep", user)
    assert (settings.location, settings.origins["location"]) == ("GB", "argument")
    assert (settings.project, settings.origins["project"]) == ("environment", "TRACKER_PROJECT")
    assert (settings.pue, settings.origins["pue"]) == (1.2, str(project / "tracker.toml"))
    assert (settings.show, settings.origins["show"]) == ("line", str(user / "tracker.toml"))
    assert (settings.interval_s, settings.origins["interval_s"]) == (1.0, "built in")


def test_pyproject_holds_a_table_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tracker]\ntags = {lr = "3e-4"}\n')
    assert resolved(tmp_path).tags == {"lr": "3e-4"}


def test_a_pyproject_without_the_table_does_not_end_the_search(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text('project = "outer"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\n")
    assert resolved(inner).project == "outer"


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("TRACKER_INTERVAL_S", "2.5", "interval_s", 2.5),
        ("TRACKER_ONLINE", "1", "online", True),
        ("TRACKER_ONLINE", "off", "online", False),
        ("TRACKER_TAGS", "a=1,b=x=y", "tags", {"a": "1", "b": "x=y"}),
        ("TRACKER_DEVICES", "gpu, cpu:*", "devices", ("gpu", "cpu:*")),
    ],
)
def test_the_environment_is_text_and_read_as_the_settings_type(
    tmp_path: Path, name: str, text: str, key: str, value: object
) -> None:
    assert getattr(resolved(tmp_path, {name: text}), key) == value


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("interval_s", 0, "at least 0.1"),
        ("interval_s", -1.0, "at least 0.1"),
        ("interval_s", float("nan"), "at least 0.1"),
        ("pue", 0.9, "at least 1"),
        ("pue", "1.2", "a number"),
        ("store", "runs.db", "sqlite:///runs.db"),
        ("show", "bar", '"line" or "nothing"'),
        ("devices", ["tpu"], "no kind of device 'tpu'"),
        ("devices", ["cpu:*", "cpu,dram"], "no kind of device 'cpu,dram'"),
        ("tags", {"a": 1}, "tags"),
        ("online", "maybe", "online"),
        ("attribution", "me", '"machine" or "process"'),
        ("remainder_ratio", -0.1, "between 0 and 2"),
        ("remainder_ratio", 20.0, "0.2 is a fifth"),
        ("remainder_ratio", float("nan"), "between 0 and 2"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_name_and_value(
    tmp_path: Path, key: str, value: object, words: str
) -> None:
    with pytest.raises(SettingsError, match=key) as caught:
        resolve({key: value}, {}, tmp_path, tmp_path)
    assert words in str(caught.value)
    assert "argument" in str(caught.value)


def test_an_unknown_argument_is_refused_with_near_matches(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean location"):
        resolved(tmp_path, locaton="FR")


def test_an_unknown_key_in_a_file_is_refused_with_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text("intervall_s = 1\n")
    with pytest.raises(SettingsError) as caught:
        resolved(tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "tracker.toml") in message
    assert "intervall_s" in message
    assert "did you mean interval_s" in message


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text("location = FR\n")
    with pytest.raises(SettingsError, match=r"tracker\.toml: not valid TOML.*line 1"):
        resolved(tmp_path)


def test_a_table_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\ntracker = 3\n")
    with pytest.raises(SettingsError, match="must be a table"):
        resolved(tmp_path)


def test_a_variable_that_is_nearly_ours_is_refused_and_others_are_left(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TRACKER_LOCATON; did you mean TRACKER_LOCATION"):
        resolved(tmp_path, {"TRACKER_LOCATON": "FR"})
    with pytest.raises(SettingsError, match="did you mean TRACKER_INTERVAL_S"):
        resolved(tmp_path, {"TRACKER_INTERVAL": "2"})
    assert resolved(tmp_path, {"TRACKER_TEST_POSTGRES": "x", "TRACKER_IPMI": "1"}).project == ""
