"""Taking in runs that this program exported, or that another tool recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from tracker.errors import ImportRefused
from tracker.history.booking import book
from tracker.history.foreign import records_of_foreign
from tracker.model.run import Record, Run
from tracker.ports import discovery
from tracker.ports.importer import ours
from tracker.store.portable import records_of
from tracker.store.reader import Reader
from tracker.store.writer import Writer

if TYPE_CHECKING:
    from tracker.store.database import Database

HEAD_CHARACTERS: Final = 4000
_OWN: Final = (".json", ".jsonl")
_NAMESPACE: Final = UUID("6f0d6a70-7e0c-4c1e-9d1b-9b6f2f6a1c55")
"""Of the ids that runs get which have none of their own."""

Changes = Mapping[str, Any]


class Imported(Struct, frozen=True):
    """What came of an import.

    Attributes:
        taken: runs that are in the store now.
        known: how many were there already, and stayed as they are.
    """

    taken: tuple[Run, ...]
    known: int


class Importer:
    """Reads files and keeps their runs.

    Args:
        database: opened for writing.
        project: for all runs, instead of what the files say.
        tags: for all runs, beside their own.
    """

    def __init__(
        self, database: Database, project: str | None = None, tags: Mapping[str, str] | None = None
    ) -> None:
        self._database = database
        self._reader = Reader(database)
        self._project = project
        self._tags = dict(tags or {})

    def take(self, paths: Iterable[Path], tool: str | None, *, dry: bool = False) -> Imported:
        """Keep the runs of files; a run that is there already is not touched.

        Args:
            paths: files, and folders of files of which a tool recognises some.
            tool: whose files they are; recognised, if not given.
            dry: keep nothing, and tell what would be kept.

        Raises:
            ImportRefused: a file is not recognised, or damaged; nothing of it is kept.
            StoreError: the store cannot be written.
        """
        taken: list[Run] = []
        seen: set[UUID] = set()
        known = 0
        for path in _files(paths):
            for records in list(_runs_of(path, tool)):
                run = next(one for one in records if isinstance(one, Run))
                if run.id in seen or self._is_there(run.id):
                    known += 1
                    continue
                seen.add(run.id)
                changed = self._changed(run)
                if not dry:
                    self._keep([changed if one is run else one for one in records], run.id)
                taken.append(changed)
        return Imported(tuple(taken), known)

    def _is_there(self, run_id: UUID) -> bool:
        return bool(self._reader.runs([run_id]).runs)

    def _changed(self, run: Run) -> Run:
        project = run.project if self._project is None else self._project
        return replace(run, project=project, tags={**run.tags, **self._tags})

    def _keep(self, records: Sequence[Record], run_id: UUID) -> None:
        writer = Writer(self._database)
        writer.save(records)
        writer.save(self._reader.find_overlaps(run_id))  # with runs that were here already
        book(self._database, run_id)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if _is_of_interest(each))
        elif not path.is_file():
            raise ImportRefused(f"{path}: there is no such file")
        else:
            yield path


def _is_of_interest(path: Path) -> bool:
    return path.is_file() and (path.suffix in _OWN or bool(_recognised(path)))


def _head(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(HEAD_CHARACTERS)
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror}") from error


def _recognised(path: Path) -> Sequence[str]:
    plugins = {name: discovery.load("importers", name) for name in discovery.own_names("importers")}
    return ours(plugins, path, _head(path))


def _runs_of(path: Path, tool: str | None) -> Iterator[list[Record]]:
    """The records of each run of a file."""
    if tool is None and path.suffix in _OWN:
        yield from _own(path)
        return
    names = (tool,) if tool is not None else _recognised(path)
    if not names:
        known = ", ".join(discovery.own_names("importers"))
        raise ImportRefused(f"{path}: not recognised; say --from, one of {known}")
    plugin = discovery.load("importers", names[0])
    for found in plugin.read(path):
        run_id = found.run_id or uuid5(_NAMESPACE, f"{names[0]}\n{found.key}")
        yield records_of_foreign(found, run_id, names[0], path.name, datetime.now(UTC))


def _cause(error: Exception) -> str:
    return f"no {error} in it" if isinstance(error, KeyError) else str(error)


def _own(path: Path) -> Iterator[list[Record]]:
    """Runs of this program's JSON or JSON Lines."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            runs = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            runs = list(json.loads(text)["runs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImportRefused(
            f"{path}: no export of this program ({_cause(error)}); "
            "`tracker export --format json` writes one"
        ) from error
    for number, each in enumerate(runs, 1):
        tables = each.get("records") if isinstance(each, dict) else None
        if not isinstance(tables, dict) or not tables.get("runs"):
            raise ImportRefused(f"{path}, run {number}: it has no records to make a run of")
        yield records_of(tables, f"{path}, run {number}")
