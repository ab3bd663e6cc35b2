"""Runs as a table of pandas or polars, whichever is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import asdict

from tracker.errors import PluginError, SettingsError
from tracker.model.report import RunSummary

LIBRARIES: Final = ("pandas", "polars")


def frame_of(runs: Iterable[RunSummary], library: str | None) -> Any:  # noqa: ANN401 - either's own
    """A row a run; columns as the fields of ``RunSummary``, and ``tag_KEY`` for each tag.

    Args:
        runs: in the order of the rows.
        library: ``pandas`` or ``polars``; the first that is installed, if not given.

    Raises:
        SettingsError: there is no such library.
        PluginError: it is not installed.
    """
    chosen = _library(library)
    rows = [_row(run) for run in runs]
    columns = dict.fromkeys(name for row in rows for name in row) or _empty()
    table = {name: [row.get(name) for row in rows] for name in columns}
    return importlib.import_module(chosen).DataFrame(table)


def _library(name: str | None) -> str:
    if name is not None and name not in LIBRARIES:
        raise SettingsError(f"library = {name!r}: must be one of {', '.join(LIBRARIES)}")
    wanted = LIBRARIES if name is None else (name,)
    for each in wanted:
        if importlib.util.find_spec(each) is not None:
            return each
    raise PluginError(
        f"a frame needs {' or '.join(wanted)}, and neither is installed: pip install {wanted[0]}"
        if name is None
        else f"a frame needs {name}, which is not installed: pip install {name}"
    )


def _row(run: RunSummary) -> dict[str, Any]:
    row = {name: value for name, value in asdict(run).items() if name != "tags"}
    tags = {f"tag_{key}": value for key, value in run.tags.items()}
    return row | {"run_id": str(run.run_id), "status": run.status.value} | tags


def _empty() -> dict[str, None]:
    return {name: None for name in RunSummary.__struct_fields__ if name != "tags"}
