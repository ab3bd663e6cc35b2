"""A provider of carbon intensity: one file in ``plugins/grid/``.

A provider translates zone, request and answer, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from msgspec import Struct

from tracker.model.carbon import CarbonIntensity, Scope, Signal
from tracker.ports.fetch import Fetch


class RateLimit(Struct, frozen=True):
    """So many calls in so many seconds, over all processes of this machine.

    Attributes:
        ban_s: for how long it shuts out who asks more, where it does not say so itself.
    """

    calls: int
    per_s: float
    ban_s: float | None = None


class GridFacts(Struct, frozen=True):
    """What is known of a provider before it is opened; a plugin's ``FACTS``.

    Attributes:
        home_url: where it is asked if no other ``url`` is set; empty if it asks nobody.
        needs_key: whether it answers nothing without one.
        key_hint: how to come by a key, and its form where that is not plain.
        experimental: rests on something unverified, so it is never chosen by itself.
        free_zones: zones it serves without a key and for which it may be chosen by itself.
        signals: those it has; the first is its default.
        scopes: those that can be asked for as ``options["scope"]``; the first is its default.
        forecasts: whether it has a ``forecast``.
        takes_coordinates: whether it finds its zone by latitude and longitude.
        step: the length of one of its values.
        batch: one call may as well ask for this much: whoever caches asks so wide.
        final_after: a value that is older than this is final; a younger one may be revised.
        rate_limit: kept by ``Fetch``; ``None`` where none is published.
        attribution: what its licence wants to be shown beside a figure.
    """

    home_url: str = ""
    needs_key: bool = False
    key_hint: str = ""
    experimental: bool = False
    free_zones: frozenset[str] = frozenset()
    signals: tuple[Signal, ...] = (Signal.AVERAGE,)
    scopes: tuple[Scope, ...] = (Scope.UNKNOWN,)
    forecasts: bool = False
    takes_coordinates: bool = False
    step: timedelta = timedelta(hours=1)
    batch: timedelta = timedelta(days=1)
    final_after: timedelta = timedelta(days=2)
    rate_limit: RateLimit | None = None
    attribution: str = ""


class Grid(Protocol):
    """An opened provider."""

    signal: Signal
    scope: Scope

    def zones(self) -> Mapping[str, str]:
        """The zones that it knows without asking, with their names for people.

        It may understand others too: its own codes, or those a wide provider lists online.
        """

    def intensity(self, zone: str, start: datetime, end: datetime) -> Sequence[CarbonIntensity]:
        """The intensities that touch ``start`` to ``end`` (UTC), in order of time.

        None lies twice over the same instant, but a stretch may be missing: at the end,
        where the provider has not published yet, or within, where it has nothing sound.

        Raises:
            ZoneUnknown: not one of its zones.
            IntensityMissing: nothing for that time.
            GridUnavailable: it cannot be asked now.
        """


@runtime_checkable
class ForecastingGrid(Grid, Protocol):
    """A provider that also looks ahead."""

    def forecast(self, zone: str) -> Sequence[CarbonIntensity]:
        """What it expects from now on, in order of time; every value is ``estimated``.

        Raises:
            ZoneUnknown: not one of its zones.
            IntensityMissing: no forecast for the zone.
            GridUnavailable: it cannot be asked now.
        """


class GridPlugin(Protocol):
    """A module in ``plugins/grid/``; it may define ``FACTS: GridFacts``."""

    def open(self, fetch: Fetch | None, options: Mapping[str, object]) -> Grid:
        """Prepare the provider; no network yet.

        Args:
            fetch: how to ask; ``None`` where no network is allowed.
            options: the provider's own settings: ``url`` and ``key`` (or ``key_problem``,
                why there is none), ``scope``, and ``now`` for a test's clock.

        Raises:
            SettingsError: an option that cannot be meant.
        """


def facts_of(plugin: object) -> GridFacts:
    """What a plugin module says of itself."""
    facts: GridFacts = getattr(plugin, "FACTS", GridFacts())
    return facts
