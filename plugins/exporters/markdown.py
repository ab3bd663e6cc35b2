"""A report as a Markdown page (CommonMark with tables)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _markdown, _words
from tracker.exporters._document import Notes, Section, Table
from tracker.model.statement import Statement

SUFFIX: Final = ".md"


def write(report: Statement, target: BinaryIO) -> None:
    """Figures, devices or runs, phases, and how the figures came about."""
    _words.put(target, "\n".join(_lines(report)))


def _lines(report: Statement) -> Iterator[str]:
    yield f"# {_markdown.plain(report.title)}\n"
    yield f"{_markdown.plain(_document.subtitle(report))}.\n"
    for section in _document.sections(report):
        yield from _section(section)
    yield f"{_markdown.plain(_document.colophon(report))}\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    for block in section.blocks:
        yield _table(block) if isinstance(block, Table) else _notes(block)


def _table(block: Table) -> str:
    return _markdown.table(block.heads, block.rows, block.right)


def _notes(block: Notes) -> str:
    return "\n".join(_markdown.note(label, text) for label, text in block.pairs) + "\n"
