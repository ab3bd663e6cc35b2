"""What can go wrong, as one tree.

    TrackerError
    ├── SettingsError            the caller wrote something that cannot be meant
    ├── BudgetExceeded           raised only inside ``epochs()``
    ├── PluginError              a plugin, or the package it needs, is missing or broken
    ├── SourceError
    │   ├── SourceUnavailable    not here, and that is fine
    │   ├── SourceReadError      try again at the next tick
    │   └── SourceGone           close this device, keep what it has
    ├── GridError
    │   ├── GridUnavailable      the provider cannot be asked now
    │   ├── ZoneUnknown          the provider has no such zone
    │   └── IntensityMissing     the zone has no value for that time
    ├── StoreError
    │   ├── SchemaBehind         older than this program: upgrade the store
    │   ├── SchemaAhead          newer than this program: upgrade the program
    │   └── RunNotFound          no run, or several, of that name
    ├── ExportError              the report could not be written there
    └── ImportRefused            a file cannot be taken in as runs

A message names the thing, what was found and what to do.
"""

from __future__ import annotations


class TrackerError(Exception):
    """The root of every error that this package raises on purpose."""


class SettingsError(TrackerError):
    """An argument, option, variable or settings file says something that cannot be meant."""


class BudgetExceeded(TrackerError):
    """The run used up its energy or carbon budget; raised only inside ``epochs()``."""


class PluginError(TrackerError):
    """A plugin was not found, does not load, or lacks the package it needs."""


class SourceError(TrackerError):
    """A source of energy readings did not do what was asked."""


class SourceUnavailable(SourceError):
    """The source is not here, and that is fine.

    Args:
        message: what was looked for and what was found.
        fix: what a person can do to enable it, as commands; empty where nothing
            can be done. A source with a fix is worth one line to the user.
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class SourceReadError(SourceError):
    """This reading failed; the next tick may succeed."""


class SourceGone(SourceError):
    """The device will not answer again: close it and keep what it has given."""


class GridError(TrackerError):
    """A grid provider did not give an intensity."""


class GridUnavailable(GridError):
    """The provider cannot be asked now.

    Args:
        message: whom, what was found and what to do; without any secret.
        status: HTTP status, where there was an answer.
        answer: the begin of its text, secrets taken out.
        retry_after_s: how long to wait before asking again, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        answer: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer
        self.retry_after_s = retry_after_s


class ZoneUnknown(GridError):
    """The provider has no such zone."""


class IntensityMissing(GridError):
    """The zone has no intensity for the time that was asked for."""


class StoreError(TrackerError):
    """The store cannot be opened, read or written.

    Args:
        message: which store, what was found and what to do.
        transient: somebody else holds it just now; the same call may succeed later.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class SchemaBehind(StoreError):
    """The store is older than this program and does not upgrade by itself."""


class SchemaAhead(StoreError):
    """The store was written by a newer program; it is left untouched."""


class RunNotFound(StoreError):
    """No run answers to that id or name, or several do."""


class ExportError(TrackerError):
    """The report could not be written to its target."""


class ImportRefused(TrackerError):
    """A file holds no runs that this program can take in."""
