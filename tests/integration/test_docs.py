"""What is written down is true: programs run, verbs exist, links lead somewhere."""

from __future__ import annotations

import doctest
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
TRACKER = Path(sys.executable).with_name("tracker")

FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
INDENTED = re.compile(r"^    (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
FRAGMENT = "fragment"
"""A block opened by ```` ```python fragment ```` leaves out what its reader has."""


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def programs() -> list[tuple[str, str, bool]]:
    """Where each Python block stands, its text, and whether it is a whole program."""
    found = []
    for page in PAGES:
        for number, (language, more, text) in enumerate(FENCE.findall(page.read_text())):
            if language == "python":
                found.append((f"{page_name(page)}-{number}", text, more.strip() != FRAGMENT))
    return found


def code_of(page: Path) -> str:
    """Everything on a page that is set as code."""
    text = page.read_text()
    fenced = [block for _, _, block in FENCE.findall(text)]
    return "\n".join([*fenced, *CODE_SPAN.findall(text), *INDENTED.findall(text)])


def mentioned_verbs(page: Path) -> set[str]:
    said = re.findall(r"^(?:\$ )?tracker ([a-z]+)(?![a-z.])", code_of(page), re.MULTILINE)
    return set(said)


def verbs() -> set[str]:
    """One file a verb."""
    return {path.stem for path in (ROOT / "src/tracker/cli").glob("[!_]*.py")}


@pytest.mark.parametrize(("where", "text", "whole"), programs(), ids=lambda value: str(value)[:40])
def test_a_program_runs_or_at_least_compiles(
    tmp_path: Path, where: str, text: str, whole: bool
) -> None:
    compile(text, where, "exec")
    if whole:
        done = subprocess.run(
            [sys.executable, "-c", text],
            cwd=tmp_path,
            env=os.environ | {"TRACKER_STORE": f"sqlite:///{tmp_path / 'runs.db'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def modules_with_examples() -> list[str]:
    """Modules whose docstrings show an example; links are followed, as Python does."""
    found = []
    for folder in (ROOT / "src/tracker", *(ROOT / "src/tracker").iterdir()):
        for path in folder.glob("*.py"):
            if ">>> " in path.read_text():
                parts = path.relative_to(ROOT / "src").with_suffix("").parts
                found.append(".".join(part for part in parts if part != "__init__"))
    return sorted(found)


@pytest.mark.parametrize("name", modules_with_examples())
def test_a_docstrings_example_does_what_it_shows(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0


def test_the_readme_begins_with_a_whole_program() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:50])
    assert [where for where, _, whole in programs() if whole and where.startswith("README")]
    for needed in ("```python", "make demo", "make test", "pip install"):
        assert needed in first_screen


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_verb_that_a_page_names_exists(page: Path) -> None:
    assert mentioned_verbs(page) - verbs() == set()


def test_every_verb_is_on_some_page() -> None:
    assert verbs() - set().union(*(mentioned_verbs(page) for page in PAGES)) == set()


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_a_verbs_help_shows_an_example(verb: str) -> None:
    done = subprocess.run([TRACKER, verb, "--help"], capture_output=True, text=True, check=True)
    assert f"tracker {verb}" in done.stdout.partition("Usage:")[2].partition("\n")[2]


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    local = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {
        path.name for path in (ROOT / "src/tracker").iterdir() if (path / "__init__.py").exists()
    }
    assert [room for room in sorted(rooms) if not re.search(rf"\b{room}\b", text)] == []


def test_the_glossary_is_sorted() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert words == sorted(words, key=str.lower)
    assert len(words) > 20


@pytest.mark.parametrize("target", ["demo", "test", "test-long", "check", "bench", "clean"])
def test_make_has_the_target_and_lists_it(target: str) -> None:
    listed = subprocess.run(
        ["make", "--silent"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"make {target} " in listed.stdout
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)


def test_make_says_when_python_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.version_info = (3, 9)\n"
        'sys.version = "3.9.2 (old)"\n'
        'exec(sys.argv[2])\' "$@"\n'
    )
    old.chmod(0o755)
    done = subprocess.run(
        ["make", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "3.9.2" in done.stderr
    assert not (tmp_path / "venv").exists()
