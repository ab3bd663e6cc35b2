from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import ExportError
from tracker.research.plot import save
from tracker.research.points import Point, Points
from tracker.research.project import Projection, project

POINTS = tuple(
    Point(f"n{k}", 2012 + k, 0.4 * 0.8**k * (1.02 if k % 2 else 0.98), 10.0 ** (17 + k))
    for k in range(10)
)


def projection(*, frontier: bool = False, targets: tuple[float, ...] = (0.05,)) -> Projection:
    return project(Points("results.csv", POINTS, {}), targets, frontier=frontier)


@pytest.mark.parametrize("frontier", [False, True])
def test_an_svg_holds_points_fit_interval_and_targets(tmp_path: Path, frontier: bool) -> None:
    path = tmp_path / "projection.svg"
    save(projection(frontier=frontier), path)
    text = path.read_text(encoding="utf-8")

    # matplotlib draws letters as shapes and keeps the text beside them.
    for said in ("polynomial", "exponential", "fit, n = 10", "0.05: 10^", "log10 of training FLOP"):
        assert f"<!-- {said}" in text


def test_the_same_projection_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one.svg", "other.svg"):
        save(projection(), tmp_path / name)

    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_png_without_targets(tmp_path: Path) -> None:
    path = tmp_path / "projection.PNG"
    save(projection(targets=()), path)

    assert path.read_bytes().startswith(b"\x89PNG")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"a plot is svg or png"):
        save(projection(), tmp_path / "projection.jpeg")


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written: No such file"):
        save(projection(), tmp_path / "absent" / "projection.svg")
