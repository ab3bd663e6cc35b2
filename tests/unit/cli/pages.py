"""The examples of a page: files that it shows, and commands with what they print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from tracker.cli import command
from tracker.cli._rooms import Rooms

FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def put_files(page: str, folder: Path) -> None:
    """The blocks that name a file, as ```` ```csv jobs.csv ````, into ``folder``."""
    for _, name, text in FENCE.findall(page):
        if name.strip():
            (folder / name.strip()).write_text(text, encoding="utf-8")


def sessions(page: str) -> Iterator[tuple[str, str]]:
    """Each ``$ tracker …`` of the page's console blocks, and the lines below it."""
    for language, _, text in FENCE.findall(page):
        if language == "console":
            for each in re.split(r"^\$ tracker ", text, flags=re.MULTILINE)[1:]:
                line, _, printed = each.partition("\n")
                yield line, printed.strip("\n")


def run(line: str, behind: Rooms, columns: int = 100) -> str:
    """What the command prints; ``> file`` at its end puts it into a file instead."""
    line, arrow, target = line.partition(" > ")
    environ = {"COLUMNS": str(columns)}
    result = CliRunner().invoke(
        command, shlex.split(line), obj=behind, env=environ, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    if arrow:
        Path(target.strip()).write_text(result.stdout, encoding="utf-8")
        return ""
    return result.stdout.strip("\n")
