"""What `tracker grid` and `tracker when` ask: one place, one wish, one store as memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tracker.assembly import Assembly
from tracker.chains import Wish
from tracker.errors import SettingsError, StoreError
from tracker.history.dates import instant
from tracker.history.grid import Advice, GridDesk, Outlook
from tracker.model.carbon import CarbonIntensity, Location, Scope, Signal

if TYPE_CHECKING:
    from tracker.store.database import Database

DAY = timedelta(days=1)


class GridRoom:
    """Questions about one zone.

    Args:
        zone: as a location is written; this machine's by default.
        asked: what the line says: ``provider``, ``signal``, ``scope``, ``online``, ``store``.
        by_itself: whether the question alone allows the network.
    """

    def __init__(
        self, zone: str | None, asked: Mapping[str, Any], *, by_itself: bool = False
    ) -> None:
        self._assembly = Assembly.of_this_process()
        self._settings = self._assembly.settings({"store": asked.get("store")})
        self._location = self._located(zone)
        provider, online = asked.get("provider"), asked.get("online")
        signal, scope = asked.get("signal"), asked.get("scope")
        allowed = by_itself or provider is not None or self._settings.online
        self._wish = Wish(
            provider or self._settings.pricing,
            signal=Signal(signal) if signal else None,
            scope=Scope(scope) if scope else None,
            online=allowed if online is None else online,
            alone=provider is not None,
        )

    def _located(self, zone: str | None) -> Location:
        if zone is None:
            return self._assembly.location(self._settings)
        return self._assembly.parsed_location(zone, "ZONE")

    def between(self, start: str | None, end: str | None) -> Sequence[CarbonIntensity]:
        """The intensities from ``start`` (a day ago by default) to ``end`` (now by default).

        Raises:
            SettingsError: a time cannot be meant.
            GridError: there are none; the message names provider and zone.
        """
        now = datetime.now().astimezone()
        until = now.astimezone(UTC) if end is None else instant(end, "--end", now)
        begin = until - DAY if start is None else instant(start, "--start", now)
        if begin >= until:
            raise SettingsError(f"--start {start} is not before --end {end or 'now'}")
        with self._desk() as desk:
            return desk.between(self._location, self._wish, begin, until)

    def outlook(self) -> Outlook:
        """Now, and what is expected.

        Raises:
            SettingsError: there is no such provider.
            GridError: nobody has anything for the zone.
        """
        with self._desk() as desk:
            return desk.outlook(self._location, self._wish)

    def advice(self, duration: timedelta, within: timedelta) -> Advice:
        """When to start.

        Raises:
            SettingsError: there is no such provider.
            GridError: there is no forecast, or it is too short.
        """
        with self._desk() as desk:
            return desk.advice(self._location, self._wish, duration, within)

    @contextmanager
    def _desk(self) -> Iterator[GridDesk]:
        database = self._memory()
        try:
            yield GridDesk(self._assembly, self._settings, database)
        finally:
            if database is not None:
                database.close()

    def _memory(self) -> Database | None:
        """The store, if it can be written; a question does not need one."""
        try:
            first = self._assembly.first_store(self._settings.store)
            return self._assembly.open_store(first, write=True)
        except StoreError:
            return None
