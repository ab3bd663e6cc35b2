"""Where what an exporter writes goes: a file, whole or not at all, or standard output."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import click

from tracker.errors import ExportError
from tracker.model.statement import Statement
from tracker.ports.exporter import ExporterPlugin


def export(plugin: ExporterPlugin, statement: Statement, path: Path | None) -> None:
    """Write a statement; a file that is there is replaced once the new one is whole.

    Args:
        plugin: the format.
        statement: what is written.
        path: ``None`` for standard output.

    Raises:
        ExportError: the format cannot hold it, or the file cannot be written.
    """
    buffer = io.BytesIO()
    plugin.write(statement, buffer)
    if path is None:
        click.echo(buffer.getvalue(), nl=False)
        return
    try:
        _replace(path, buffer.getvalue())
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: nothing to replace
        path.write_bytes(content)
        return
    path = path.resolve()  # where a link leads
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        written.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
