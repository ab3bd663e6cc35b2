"""The page is whole, asks for nothing and draws what it was given."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from fakes.statements import project, statement, written
from tracker.exporters import _svg
from tracker.exporters._svg import Bar
from tracker.model.statement import Statement
from unit.cli.examples import report

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Every element and its attributes, and whether each that opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, style: str | None = None) -> int:
        return sum(
            one == tag and (style is None or attributes.get("class") == style)
            for one, attributes in self.found
        )


@pytest.mark.parametrize("of", [statement(), project()], ids=["run", "project"])
def test_it_is_whole_and_asks_for_nothing(of: Statement) -> None:
    text = written("html", of)
    page = Page(text)
    assert page.open == []
    assert page.count("html") == 1
    for tag, attributes in page.found:
        assert tag not in {"script", "link", "img", "iframe", "object"}
        assert not {"src", "href", "onload", "style"} & set(attributes)
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text


def test_a_run_has_its_power_its_devices_and_its_epochs() -> None:
    page = Page(written("html", statement()))
    assert page.count("svg") == 3
    assert page.count("path", "line") == 1
    assert page.count("rect", "bar") == 2 + 3
    assert page.count("rect", "bar within") == 1
    assert "12.3 Wh" in page.text
    assert "In familiar things" in page.text


def test_a_project_has_its_runs_and_its_development() -> None:
    page = Page(written("html", project()))
    assert page.count("svg") == 2
    assert page.count("rect", "bar failed") == 1 + 1
    assert page.count("rect", "bar final") == 1
    assert "failed red" in page.text
    assert "all runs took 3 times (2.99\N{EN DASH}3.01) the final runs' energy" in page.text


def test_a_long_history_is_cut_and_says_so() -> None:
    runs = tuple(report(short_id=f"{at:08x}", energy_j=float(at + 1)) for at in range(300))
    page = Page(written("html", project(runs=runs)))
    assert "the newest 200" in page.text
    assert page.count("svg") == 2


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0.0, []),
        (float("nan"), []),
        (100.0, [0, 25, 50, 75, 100]),
        (0.07, [0, 0.02, 0.04, 0.06, 0.08]),
    ],
)
def test_ticks_are_round_and_hold_the_largest(largest: float, ticks: list[float]) -> None:
    assert _svg._ticks(largest) == pytest.approx(ticks)


def test_a_bar_is_as_long_as_its_value_says() -> None:
    picture = _svg.bars("two", [Bar("a", 1, 1, 1, "1"), Bar("b", 2, 2, 2, "2")])
    widths = [float(part.split('"')[0]) for part in picture.split('width="')[1:]]
    assert widths[1] == pytest.approx(2 * widths[0])


def test_a_curve_of_one_point_is_none() -> None:
    assert _svg.curve("power", [(0.0, 5.0)], str, str) == ""
