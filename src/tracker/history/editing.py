"""Correcting what people got wrong about their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec.structs import replace

from tracker.errors import SettingsError
from tracker.history.opening import Opening

if TYPE_CHECKING:
    from tracker.model.run import Run


class Editing(Opening):
    """Tags, names and notes of runs changed, and runs deleted."""

    def tag(
        self, selector: str | UUID, tags: Mapping[str, str], *, remove: Iterable[str] = ()
    ) -> None:
        """Give a run tags, or other values of tags, and take some away.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: nothing was changed.
        """
        gone = set(remove)

        def change(run: Run) -> Run:
            kept = {key: value for key, value in run.tags.items() if key not in gone}
            return replace(run, tags=kept | {key: str(value) for key, value in tags.items()})

        self._edit(selector, change)

    def rename(self, selector: str | UUID, name: str, *, project: str | None = None) -> None:
        """Give a run another name and, if it is given, another project.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: nothing was changed.
        """
        new = {"name": name} | ({} if project is None else {"project": project})
        self._edit(selector, lambda run: replace(run, **new))

    def note(self, selector: str | UUID, text: str) -> None:
        """Write something about a run; an empty text takes the note away.

        Raises:
            RunNotFound: there is none, or there are several.
            StoreError: nothing was changed.
        """
        self._edit(selector, lambda run: replace(run, note=text))

    def delete(self, selector: str | UUID) -> None:
        """Delete a run and all that lies below it; copies elsewhere follow.

        Raises:
            RunNotFound: there is none, or there are several.
            SettingsError: it is running.
            StoreError: nothing was deleted.
        """
        from tracker.history.listing import lines_of  # noqa: PLC0415 - imports SQLAlchemy
        from tracker.history.status import Vantage  # noqa: PLC0415 - with it
        from tracker.model.run import RunStatus  # noqa: PLC0415 - with it
        from tracker.store.deletion import delete_runs  # noqa: PLC0415 - with it

        with self._open("write") as (database, reader):
            (line,) = lines_of(reader, [reader.find(str(selector))], Vantage.here())
            run = line.summary
            if run.status is RunStatus.RUNNING:
                raise SettingsError(
                    f"run {run.name} ({run.short_id}) is running: stop it before it is deleted"
                )
            delete_runs(database, [run.run_id], datetime.now(UTC))

    def _edit(self, selector: str | UUID, change: Callable[[Run], Run]) -> None:
        from tracker.store.editing import edit_run  # noqa: PLC0415 - imports SQLAlchemy

        with self._open("write") as (database, reader):
            edit_run(database, reader.find(str(selector)), change)
