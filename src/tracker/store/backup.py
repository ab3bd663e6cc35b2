"""A copy of a SQLite store, made while others write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tracker.errors import StoreError
from tracker.store.sqlite import connect_read_only


def back_up(path: Path, target: Path | None = None) -> Path:
    """Copy a store, its log included, for its user alone.

    Args:
        path: the store's file.
        target: where to; by default a file beside it, with the time in its name.

    Returns:
        The copy.

    Raises:
        StoreError: there is something at ``target`` already, or it cannot be written.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    copy = target or path.with_name(f"{path.name}.{stamp}.backup")
    try:
        copy.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise StoreError(f"backup {copy}: {error.strerror}; name another file") from error
    with connect_read_only(path) as source, closing(sqlite3.connect(copy)) as target_file:
        source.backup(target_file)
    return copy
