"""Correcting what people got wrong about their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec.structs import replace

from tracker.errors import SettingsError
from tracker.history.opening import Opening
from tracker.model.run import NAME_LENGTH

if TYPE_CHECKING:
    from tracker.history.importing import Imported
    from tracker.history.pricing import Priced
    from tracker.model.run import Run


class Editing(Opening):
    """Tags, names and notes of runs changed, runs deleted and taken in."""

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
            SettingsError: a name that nobody could see, or that means another run.
            StoreError: nothing was changed.
        """
        if name.strip() in {"", "last"}:
            raise SettingsError(f"name = {name!r}: must be a text, and not `last`, the newest run")
        new = {"name": name[:NAME_LENGTH]} | ({} if project is None else {"project": project})
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

    def price(
        self,
        *selectors: str | UUID,
        dry_run: bool = False,
        **choice: Any,  # noqa: ANN401 - the fields of PricingChoice, each with its own type
    ) -> tuple[Priced, ...]:
        """Price runs by another choice, or complete what is provisional of them.

        Args:
            selectors: each ``last``, a unique name, an id, or the first characters of a short id.
            dry_run: keep nothing.
            choice: ``provider``, ``signal``, ``scope``, ``location``, ``pue``,
                ``market_g_per_kwh``, ``at_region`` (a what-if), ``tariff``, ``water``,
                ``online``, as ``history.pricing.PricingChoice`` has them. None: complete it.

        Raises:
            RunNotFound: there is none, or there are several.
            SettingsError: something in the choice cannot be meant.
            GridError: nobody has the intensities.
            StoreError: the store cannot be read or written.
        """
        from tracker.assembly import Assembly  # noqa: PLC0415 - not for `import tracker`
        from tracker.history.pricing import PricingChoice, Repricer  # noqa: PLC0415 - SQLAlchemy

        assembly, wanted = Assembly.of_this_process(), PricingChoice(**choice)
        with self._open("read" if dry_run else "write") as (database, _):
            return Repricer(assembly, database, dry_run=dry_run).price(selectors, wanted)

    def take_in(
        self,
        *paths: str | Path,
        tool: str | None = None,
        project: str | None = None,
        tags: Mapping[str, str] | None = None,
        dry: bool = False,
    ) -> Imported:
        """Keep the runs of files: of this program's JSON, or of another tool's record.

        A run that is here already stays as it is.

        Args:
            paths: files, or folders of them.
            tool: ``codecarbon``, ``carbontracker`` or ``eco2ai``; recognised, if not given.
            project: for all of them, instead of what the files say.
            tags: for all of them, beside their own.
            dry: keep nothing, and tell what would be kept.

        Raises:
            ImportRefused: a file is not recognised, or damaged; nothing of it is kept.
            StoreError: the store cannot be written.
        """
        from tracker.history.importing import Importer  # noqa: PLC0415 - imports SQLAlchemy

        with self._open("write") as (database, _):
            return Importer(database, project, tags).take(map(Path, paths), tool, dry=dry)

    def complete_pricings(
        self, *, limit: int = 1000, online: bool | None = None
    ) -> tuple[Priced, ...]:
        """Complete the provisional pricings of the newest runs that wait for figures.

        Raises:
            StoreError: the store cannot be read or written.
        """
        from tracker.assembly import Assembly  # noqa: PLC0415 - not for `import tracker`
        from tracker.history.pricing import Repricer  # noqa: PLC0415 - SQLAlchemy

        with self._open("write") as (database, _):
            return Repricer(Assembly.of_this_process(), database).complete(limit, online=online)

    def _edit(self, selector: str | UUID, change: Callable[[Run], Run]) -> None:
        from tracker.store.editing import edit_run  # noqa: PLC0415 - imports SQLAlchemy

        with self._open("write") as (database, reader):
            edit_run(database, reader.find(str(selector)), change)
