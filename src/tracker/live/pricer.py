"""A run's pricing filled with the grid's own figures while it runs, on the fetcher's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from tracker.carbon.accountant import with_stretches
from tracker.chains import Wish
from tracker.errors import TrackerError
from tracker.live.process import importing
from tracker.model.carbon import PricedStretch, Pricing
from tracker.pricing import pue

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.carbon.feed import Feed, Link
    from tracker.model.beside import PricingNote
    from tracker.settings import Settings
    from tracker.store.database import Database

_LOG = logging.getLogger("tracker")

GUESSED: Final = ("time zone", "default")
"""Origins of a location that nobody stated."""

LEAST_PAUSE: Final = timedelta(minutes=5)
MOST_PAUSE: Final = timedelta(minutes=30)

Note = Callable[[str, str, str], None]
"""Takes an event's kind, subject and message."""


class Pricer:
    """Asks the providers of one run's zone again and again, and prices the run anew.

    Args:
        assembly: wires providers and store.
        settings: of the run.
        pricing: what the run began with; provisional.
        reprice: takes the pricing as it stands now.
        note: takes what could not be fetched.
    """

    def __init__(
        self,
        assembly: Assembly,
        settings: Settings,
        pricing: Pricing,
        reprice: Callable[[Pricing], None],
        note: Note,
    ) -> None:
        self._assembly = assembly
        self._settings = settings
        self._pricing = pricing
        self._reprice = reprice
        self._note = note
        self._feed: Feed | None = None

    def __call__(self) -> float | None:
        """One round: ask, price anew, and say in how many seconds to come again."""
        feed = self._feed
        if feed is None:
            feed = self._feed = importing(self._prepared)()
            self._say_who_is_asked(feed.chain)
        if all(link.timeless for link in feed.chain):
            return None
        now = datetime.now(UTC)
        booked = feed.book(self._pricing.stretches[0].start, now)
        last = booked.stretches[-1]
        self._pricing = with_stretches(
            self._pricing,
            [*booked.stretches[:-1], PricedStretch(last.start, None, last.intensity)],
            provider=feed.chain[0].name,
            provisional=True,
            notes=booked.notes,
        )
        self._reprice(self._pricing)
        self._tell(booked.notes)
        step = min(link.facts.step for link in feed.chain if not link.timeless)
        return min(max(step, LEAST_PAUSE), MOST_PAUSE).total_seconds()

    def _prepared(self) -> Feed:
        import requests  # noqa: F401, PLC0415 - here, where forks wait for imports

        from tracker.store.intensities import StoredIntensities  # noqa: PLC0415 - SQLAlchemy

        database = self._database()
        cache = None if database is None else StoredIntensities(database)
        self._find_place()
        wish = Wish(self._settings.pricing, online=True)
        return self._assembly.feed(self._settings, self._pricing.location, wish, cache)

    def _find_place(self) -> None:
        """A cloud's metadata knows better than a time zone; a setting knows best."""
        if self._settings.location is not None or self._pricing.location.origin not in GUESSED:
            return
        found = self._assembly.located_online()
        if found is not None:
            share = pue(self._settings, found)
            self._pricing = replace(
                self._pricing, location=found, pue=share.ratio, pue_source=share.source
            )

    def _database(self) -> Database | None:
        """Where answers are kept; without a store they are only used."""
        try:
            first = self._assembly.first_store(self._settings.store)
            return self._assembly.open_store(first, write=True)
        except TrackerError as error:
            _LOG.debug("no cache for carbon intensities: %s", error)
            return None

    def _say_who_is_asked(self, chain: Iterable[Link]) -> None:
        asked = [
            f"{link.name} ({self._host_of(link)}) for {link.zone}"
            for link in chain
            if not link.timeless
        ]
        if asked:
            _LOG.warning("online: carbon intensity is asked of %s", ", then ".join(asked))
        else:
            _LOG.warning(
                "online: nobody serves %s without a key; the yearly table prices this run",
                self._pricing.location.zone,
            )

    def _host_of(self, link: Link) -> str:
        options = self._settings.grid.get(link.name)
        url = (options.url if options else None) or link.facts.home_url
        return urlsplit(url).hostname or url

    def _tell(self, notes: Iterable[PricingNote]) -> None:
        for note in notes:
            self._note("price-fallback", note.provider, f"{note.zone}: {note.reason}")
