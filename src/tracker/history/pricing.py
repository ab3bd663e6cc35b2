"""A stored run priced anew: another choice is another pricing, and none is overwritten.

A provisional pricing is filled with the figures that have come meanwhile, and frozen once all
its minutes have one that will not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from msgspec import Struct

from tracker.carbon import location as locations
from tracker.carbon.accountant import with_stretches
from tracker.carbon.pue import Pue
from tracker.chains import FIXED, TABLE, Wish, is_asked
from tracker.errors import GridError, SettingsError
from tracker.history.booking import book_some
from tracker.history.carbon import current_of, priced
from tracker.history.figures import Figures, energy_between, figures_of
from tracker.history.listing import by_run
from tracker.history.status import Vantage
from tracker.model.carbon import Location, Pricing, Scope, Signal
from tracker.model.report import PricingReport
from tracker.model.run import RunStatus
from tracker.pricing import Terms, by_grid, by_market, pue, tariff, water
from tracker.store.database import Database
from tracker.store.found import RunRecords
from tracker.store.intensities import StoredIntensities
from tracker.store.reader import Reader
from tracker.store.writer import Writer

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.carbon.feed import Feed
    from tracker.settings import Settings


_AT_ONCE: Final = 200
"""Runs in memory."""

_Kind = TypeVar("_Kind", Signal, Scope)


class PricingChoice(Struct, frozen=True):
    """What a run is to be priced by; ``None`` leaves it as the run's own pricing has it.

    Attributes:
        provider: the grid provider, by name.
        signal: ``average`` or ``marginal``.
        scope: ``lifecycle`` or ``direct``.
        pue: facility energy over IT energy.
        market_g_per_kwh: a contract's factor: a pricing by market.
        at_region: another place: a what-if, never current.
        location: a correction of where the run was.
        tariff: what the electricity cost.
        water: litres a kilowatt-hour.
        online: whether the network may be asked; by default only what the run or this
            choice names.
    """

    provider: str | None = None
    signal: str | None = None
    scope: str | None = None
    pue: float | None = None
    market_g_per_kwh: float | None = None
    at_region: str | None = None
    location: str | None = None
    tariff: str | None = None
    water: str | None = None
    online: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen: then what is provisional is completed."""
        return all(
            getattr(self, name) is None for name in self.__struct_fields__ if name != "online"
        )


class Priced(Struct, frozen=True):
    """What became of a run.

    Attributes:
        action: ``added``, ``completed`` (frozen now), ``filled`` (still provisional) or
            ``unchanged``.
        pricing: the pricing that it concerns.
        carbon_before_g: of the current pricing before, or ``None``.
    """

    run_id: UUID
    short_id: str
    name: str
    action: str
    pricing: PricingReport
    carbon_before_g: float | None


class Repricer:
    """Prices the runs of a store anew.

    Args:
        assembly: wires the providers.
        database: opened for writing, or for reading where nothing is to be kept.
        dry_run: keep nothing.
    """

    def __init__(self, assembly: Assembly, database: Database, *, dry_run: bool = False) -> None:
        self._assembly = assembly
        self._database = database
        self._dry_run = dry_run
        self._reader = Reader(database)
        self._cache = StoredIntensities(database)
        self._settings: dict[PricingChoice, Settings] = {}
        self._feeds: dict[tuple[Location, Wish], Feed] = {}

    def price(self, selectors: Iterable[str | UUID], choice: PricingChoice) -> tuple[Priced, ...]:
        """Price runs by a choice, or complete what is provisional of them.

        Raises:
            RunNotFound: one is not there, or there are several.
            SettingsError: something in the choice cannot be meant.
            GridError: nobody has the intensities.
            StoreError: the store cannot be read or written.
        """
        ids = [one if isinstance(one, UUID) else self._reader.find(one) for one in selectors]
        return tuple(self._price(ids, choice))

    def complete(self, limit: int, *, online: bool | None = None) -> tuple[Priced, ...]:
        """Fill the provisional pricings of the newest runs that wait for figures.

        What nobody has stays provisional, and a run that cannot be priced holds up no other.

        Raises:
            StoreError: the store cannot be read or written.
        """
        ids, choice = self._reader.provisional(limit), PricingChoice(online=online)
        done = self._price(ids, choice, passed_over=(GridError, SettingsError))
        return tuple(one for one in done if one.action != "unchanged")

    def _price(
        self,
        run_ids: Sequence[UUID],
        choice: PricingChoice,
        passed_over: tuple[type[Exception], ...] = (),
    ) -> Iterator[Priced]:
        """Runs priced, many of them read and written at once."""
        for start in range(0, len(run_ids), _AT_ONCE):
            records = by_run(self._reader.runs(run_ids[start : start + _AT_ONCE]))
            vantage = Vantage.here()
            kept: list[Pricing] = []
            told: list[Priced] = []
            for of in records.values():
                try:
                    figures = figures_of(self._reader, of, vantage)
                    made = self._made(of, figures, choice)
                except passed_over:
                    continue
                kept += (one for action, one in made if action != "unchanged")
                everything = [*(one for _, one in made), *of.pricings]
                told += (self._told(of, figures, *one, everything) for one in made)
            if kept and not self._dry_run:
                Writer(self._database).save(kept)
                book_some(self._database, list({one.run_id: None for one in kept}))
            yield from told

    def _made(
        self, records: RunRecords, figures: Figures, choice: PricingChoice
    ) -> list[tuple[str, Pricing]]:
        if choice.is_empty:
            return list(self._completed(records, figures, choice))
        return [("added", self._new(records, figures, choice))]

    def _told(
        self,
        records: RunRecords,
        figures: Figures,
        action: str,
        pricing: Pricing,
        everything: list[Pricing],
    ) -> Priced:
        current = current_of(list({one.id: one for one in reversed(everything)}.values()))
        report = priced(
            pricing,
            figures.total,
            energy_between(self._reader, records),
            current=current is not None and current.id == pricing.id,
            until=figures.stands.last_seen_at,
        )
        run, before = figures.run, figures.carbon
        grams = before.carbon_g if before else None
        return Priced(run.id, run.short_id, run.name, action, report, grams)

    def _completed(
        self, records: RunRecords, figures: Figures, choice: PricingChoice
    ) -> Iterator[tuple[str, Pricing]]:
        waiting = [one for one in records.pricings if one.provisional]
        if not waiting or figures.stands.status is RunStatus.RUNNING:
            current = current_of(records.pricings)
            yield from [("unchanged", current)] if current else []
        for pricing in waiting:
            if figures.stands.status is not RunStatus.RUNNING:
                yield self._filled(pricing, figures, choice)

    def _filled(
        self, pricing: Pricing, figures: Figures, choice: PricingChoice
    ) -> tuple[str, Pricing]:
        named = None if pricing.provider == TABLE else pricing.provider
        online = choice.online is not False  # a provisional pricing is one that may be asked for
        settings = self._settings_with(PricingChoice())
        feed = self._feed(settings, pricing.location, Wish(named, online=online))
        booked = feed.book(pricing.stretches[0].start, figures.stands.last_seen_at)
        filled = with_stretches(
            pricing,
            booked.stretches,
            provider=feed.chain[0].name,
            provisional=not booked.settled,
            notes=booked.notes,
        )
        return ("completed" if booked.settled else "filled"), filled

    def _feed(self, settings: Settings, location: Location, wish: Wish) -> Feed:
        """One for all runs of a place; within one command the settings are the same."""
        key = location, wish
        if key not in self._feeds:
            self._feeds[key] = self._assembly.feed(settings, location, wish, self._cache)
        return self._feeds[key]

    def _settings_with(self, choice: PricingChoice) -> Settings:
        if choice not in self._settings:
            written = {"pue": choice.pue, "tariff": choice.tariff, "water": choice.water}
            self._settings[choice] = self._assembly.settings(written)
        return self._settings[choice]

    def _new(self, records: RunRecords, figures: Figures, choice: PricingChoice) -> Pricing:
        current = current_of(records.pricings)
        settings = self._settings_with(choice)
        made_with = self._terms(settings, choice, current)
        start, end = figures.run.started_at, figures.stands.last_seen_at
        if choice.market_g_per_kwh is not None:
            return by_market(
                self._assembly,
                figures.run.id,
                made_with,
                locations.checked_g_per_kwh(choice.market_g_per_kwh, "--market-g-per-kwh"),
                start=start,
                end=end,
            )
        wish = self._wish(settings, choice, current)
        feed = self._feed(settings, made_with.location, wish)
        booked = feed.book(start, end)
        running = figures.stands.status is RunStatus.RUNNING
        return by_grid(
            self._assembly,
            figures.run.id,
            made_with,
            booked,
            at=datetime.now(UTC),
            provider=feed.chain[0].name,
            provisional=running or not booked.settled,
            what_if=choice.at_region is not None,
        )

    def _wish(self, settings: Settings, choice: PricingChoice, current: Pricing | None) -> Wish:
        provider = choice.provider
        online = settings.online or (provider is not None and is_asked(provider))
        if provider is None and current is not None and choice.at_region is None:
            kept = choice.signal is None and choice.scope is None and choice.location is None
            provider = current.provider if kept and current.provider != FIXED else None
        return Wish(
            provider,
            signal=_one_of(Signal, choice.signal, "signal"),
            scope=_one_of(Scope, choice.scope, "scope"),
            online=online if choice.online is None else choice.online,
        )

    def _terms(self, settings: Settings, choice: PricingChoice, current: Pricing | None) -> Terms:
        """The choice's, else those of the run's current pricing, else the settings'."""
        elsewhere = choice.at_region or choice.location
        if elsewhere is not None:
            option = "--at-region" if choice.at_region else "--location"
            location = self._assembly.parsed_location(elsewhere, option)
        elif current is not None:
            location = current.location
        else:
            location = self._assembly.location(settings)
        if current is None:
            return Terms(
                location,
                pue(settings, location),
                tariff(self._assembly, settings),
                water(settings),
            )
        kept = choice.pue is None and elsewhere is None
        return Terms(
            location,
            Pue(current.pue, current.pue_source) if kept else pue(settings, location),
            current.tariff if choice.tariff is None else tariff(self._assembly, settings),
            current.water if choice.water is None else water(settings),
        )


def _one_of(kinds: type[_Kind], text: str | None, what: str) -> _Kind | None:
    try:
        return None if text is None else kinds(text)
    except ValueError as error:
        known = ", ".join(kinds)
        raise SettingsError(f"{what} = {text!r}: must be one of {known}") from error
