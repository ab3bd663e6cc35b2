"""A format that reports are written in: one file in ``plugins/exporters/``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Protocol

from tracker.model.statement import Statement


class ExporterPlugin(Protocol):
    """A module in ``plugins/exporters/``; the format's name is the file's, dashes for ``_``.

    A module may also define

    * ``SUFFIX``: how its files end, ``".md"``: a file so named is written by it;
    * ``NEEDS_RECORDS``: true where it is to be read back, and ``Statement.records`` filled;
    * ``FIELDS``: fields that no store can fill, with what each means. A person may fill
      them, and what nobody filled is left visibly open.
    """

    def write(self, report: Statement, target: BinaryIO) -> None:
        """Write the report, whole; text as UTF-8.

        Args:
            report: one run, or the runs of a project.
            target: a file, or standard output; whoever opened it closes it.

        Raises:
            ExportError: the report cannot be written in this format.
            PluginError: a package that the format needs is missing.
        """


def suffix(plugin: object) -> str:
    """How the format's files end, or the empty text."""
    return getattr(plugin, "SUFFIX", "")


def fields(plugin: object) -> Mapping[str, str]:
    """The fields that a person may fill, each with its meaning."""
    return getattr(plugin, "FIELDS", {})


def needs_records(plugin: object) -> bool:
    """Whether the format writes what the store keeps, and not the reports alone."""
    return bool(getattr(plugin, "NEEDS_RECORDS", False))
