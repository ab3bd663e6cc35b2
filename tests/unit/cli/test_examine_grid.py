"""What doctor says of the grid's providers, with and without a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.assembly import Assembly
from tracker.cli._examine import examine
from tracker.model.examination import Examination, GridExamination
from tracker.settings import resolve

KEY = "s3cret-key"


def examined(folder: Path, environ: dict[str, str]) -> Examination:
    store = {"TRACKER_STORE": f"sqlite:///{folder / 'runs.db'}", "TRACKER_LOCATION": "FR"}
    settings = resolve({}, store | environ, folder, folder)
    return examine(Assembly.of_this_process(store | environ), settings)


def grid(found: Examination, name: str) -> GridExamination:
    return next(one for one in found.grid if one.name == name)


def test_what_lacks_a_key_is_not_usable_and_says_how_to_come_by_one(tmp_path: Path) -> None:
    found = grid(examined(tmp_path, {}), "eia")
    assert not found.usable
    assert found.needs_network
    assert "register.php" in found.reason
    assert found.fix == "export TRACKER_GRID_EIA_KEY=..."
    assert grid(examined(tmp_path, {}), "uk_carbon").usable
    assert not grid(examined(tmp_path, {}), "table").needs_network


def test_a_key_makes_it_usable_and_is_not_shown(tmp_path: Path) -> None:
    found = examined(tmp_path, {"TRACKER_GRID_EIA_KEY": KEY})
    assert grid(found, "eia").usable
    (setting,) = (one for one in found.settings if one.name == "grid.eia.key")
    assert (setting.value, setting.origin) == ("set", "TRACKER_GRID_EIA_KEY")
    assert KEY not in repr(found)


@pytest.mark.parametrize("text", ['[grid.eia]\nurl = "https://mirror.example"\n'])
def test_a_key_that_is_held_back_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "tracker.toml").write_text(text)
    environ = {"TRACKER_GRID_EIA_KEY": KEY}
    store = {"TRACKER_STORE": f"sqlite:///{tmp_path / 'runs.db'}", "TRACKER_LOCATION": "FR"}
    settings = resolve({}, store | environ, tmp_path, tmp_path / "nowhere")
    found = grid(examine(Assembly.of_this_process(store | environ), settings), "eia")
    assert not found.usable
    assert "is not sent to https://mirror.example" in found.reason
    assert found.fix == ""
