"""What goes into a paper: LaTeX that holds together, and the checklist's text."""

from __future__ import annotations

import re

import pytest

from fakes.statements import project, statement, written
from tracker.exporters.latex import plain
from tracker.model.statement import Statement
from unit.cli.examples import report


@pytest.mark.parametrize("of", [statement(), project()], ids=["run", "project"])
def test_latex_closes_what_it_opens_and_its_rows_are_even(of: Statement) -> None:
    text = written("latex", of)
    assert text.count("{") == text.count("}")
    assert re.findall(r"\\begin{(\w+)}", text) == ["table", "tabular"]
    assert re.findall(r"\\end{(\w+)}", text) == ["tabular", "table"]
    places = re.search(r"\\begin{tabular}{(\w+)}", text)
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert places is not None
    assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {len(places[1])}
    assert not re.findall(r"(?<!\\)[#$]", text)


def test_latex_says_it_in_a_sentence() -> None:
    text = written("latex", statement())
    assert "used 12.3 Wh (11.5--13.2 Wh); all of the energy was measured." in text
    assert r"690 mg (520--870 mg) of CO\textsubscript{2}e" in text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a_b & 5 % #1 $x {y}", r"a\_b \& 5 \% \#1 \$x \{y\}"),
        (r"C:\run^2~", r"C:\textbackslash{}run\textasciicircum{}2\textasciitilde{}"),
        ("1\N{EN DASH}2 g CO2e", r"1--2 g CO\textsubscript{2}e"),
    ],
)
def test_latex_obeys_no_text(given: str, shown: str) -> None:
    assert plain(given) == shown


def test_a_long_table_is_cut_and_says_so() -> None:
    runs = tuple(report(short_id=f"{at:08x}", name=f"run-{at}") for at in range(30))
    text = written("latex", project(runs=runs))
    assert "10 others" in text
    assert text.count(r"\\") == 20 + 3


def test_the_checklist_has_each_run_and_all() -> None:
    text = written("neurips", project())
    assert "Answer: [open: Yes, No or NA" in text
    assert text.count("\nRun bert-") == 3
    assert "Run bert-final (00000001): 2 min 31 s, 0.0420 GPU-hours." in text
    assert "In total: 7 min 34 s, 0.126 GPU-hours." in text
    assert "1 final, 1 tuning, 1 failed; all runs took 3 times" in text


def test_the_checklist_leaves_the_project_open_where_nobody_said() -> None:
    assert "Whole project: [open: whether the research" in written("neurips", statement())
