"""The one place that wires: live, history and cli ask it for sources, providers and store."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import Struct

from tracker.carbon.feed import Feed
from tracker.chains import Wish, chain_for
from tracker.errors import GridError, PluginError, SettingsError, ZoneUnknown
from tracker.model.carbon import CarbonIntensity, Location, Pricing
from tracker.model.host import Host
from tracker.model.store_url import is_server
from tracker.ports import discovery
from tracker.ports.fetch import Fetch
from tracker.ports.grid import Grid, GridFacts, facts_of
from tracker.sampling.clock import Clock, SystemClock
from tracker.sampling.selection import Refusal, Selection, select
from tracker.settings import Settings, resolve

if TYPE_CHECKING:
    from tracker.carbon.fetch import World
    from tracker.ports.cache import IntensityCache
    from tracker.ports.logger import LoggerTarget
    from tracker.sampling.processes import ProcessTree
    from tracker.store.database import Database
    from tracker.store.session import Session
    from tracker.store.shipping import AddUp, IsGone


class Assembly(Struct, frozen=True):
    """The machine and the clock that everything is wired to.

    Attributes:
        host: where hardware is looked for.
        clock: tells the time.
    """

    host: Host
    clock: Clock

    @classmethod
    def of_this_process(cls, environ: Mapping[str, str] = os.environ) -> Assembly:
        """The real machine, or what ``TRACKER_SYSFS`` says of it."""
        clock = SystemClock()
        host = Host(
            sys_path=Path(environ.get("TRACKER_SYSFS") or "/sys"),
            proc_path=Path(environ.get("TRACKER_PROCFS") or "/proc"),
            environ=environ,
            monotonic_ns=clock.monotonic_ns,
            modules=sys.modules,
        )
        return cls(host, clock)

    def settings(self, options: Mapping[str, Any]) -> Settings:
        """Arguments, environment and files, merged.

        Raises:
            SettingsError: one of them cannot be meant.
        """
        return resolve(options, self.host.environ, Path.cwd())

    def new_id(self) -> UUID:
        """A UUIDv7: ids in order of time, with a random end (RFC 9562, section 5.7)."""
        unix_ms = self.clock.unix_ns() // 1_000_000
        random = int.from_bytes(os.urandom(10), "big")  # no seed of the training's in it
        version_7, variant_2 = 0x7 << 76, 0b10 << 62
        free = ~(0xF << 76 | 0b11 << 62)
        return UUID(int=unix_ms << 80 | random & free | version_7 | variant_2)

    def script_name(self) -> str:
        """What the running program is called."""
        name = Path(sys.argv[0]).stem if sys.argv else ""
        return name if name not in {"", "-c", "-m", "-"} else "python"

    def parent_id(self) -> UUID | None:
        """The run of the ``tracker run`` that started this process."""
        text = self.host.environ.get("TRACKER_PARENT", "")
        try:
            return UUID(text) if text else None
        except ValueError:
            return None

    # --- energy -------------------------------------------------------------------------

    def open_sources(self, wanted: Sequence[str] | None = None) -> Selection:
        """Open every source that is here; one that does not load is a refusal.

        Args:
            wanted: the setting ``devices``; runs that share the sources filter for themselves.
        """
        plugins, broken = {}, []
        for name in discovery.own_names("sources"):
            try:
                plugins[name] = discovery.load("sources", name)
            except PluginError as error:
                broken.append(Refusal(name, str(error), "", broken=True))
        selection = select(plugins, self.host, wanted)
        selection.refusals.extend(broken)
        return selection

    def process_tree(self) -> ProcessTree:
        """This process and all that it starts, for runs that count their share alone."""
        from tracker.sampling.processes import ProcessTree  # noqa: PLC0415 - hardly ever needed

        return ProcessTree(self.host.proc_path, os.getpid(), self.clock.monotonic_ns)

    # --- carbon -------------------------------------------------------------------------

    def location(self, settings: Settings) -> Location:
        """Where the electricity is used.

        Raises:
            SettingsError: the setting names no zone.
        """
        from tracker.carbon.location import choose  # noqa: PLC0415 - reads tables

        if settings.location is not None:
            return self.parsed_location(settings.location, settings.origins["location"])
        places = [discovery.load("places", name) for name in discovery.own_names("places")]
        return choose(None, [place.locate(self.host, None) for place in places])

    def located_online(self) -> Location | None:
        """Where a cloud's metadata service says that this machine stands.

        Only a machine whose firmware names a cloud is asked about; never on a caller's thread.
        """
        from tracker.carbon.fetch import for_place  # noqa: PLC0415 - only where it is online

        for name in discovery.own_names("places"):
            found: Location | None = discovery.load("places", name).locate(
                self.host, for_place(name)
            )
            if found is not None and found.origin != "time zone":
                return found
        return None

    def parsed_location(self, text: str, origin: str) -> Location:
        """What somebody wrote, as a location.

        Raises:
            SettingsError: it names no zone.
        """
        from tracker.carbon.location import parse  # noqa: PLC0415 - reads tables

        return parse(text, self._grid("table", {}).zones(), origin, self._likely_country)

    def _likely_country(self) -> Location | None:
        """That of the machine's time zone."""
        found: Location | None = discovery.load("places", "time_zone").locate(self.host, None)
        return found

    def _grid(self, name: str, options: Mapping[str, object]) -> Grid:
        grid: Grid = discovery.load("grid", name).open(None, options)
        return grid

    def open_grid(
        self,
        name: str,
        settings: Settings,
        *,
        online: bool,
        more: Mapping[str, object] | None = None,
        world: World | None = None,
    ) -> Grid:
        """A grid provider with its address and key, and with the network if that is allowed.

        Args:
            name: the plugin's.
            settings: hold the provider's ``url`` and ``key``, if any is set.
            online: whether it may ask; who calls decides that, not the settings.
            more: further options: ``scope``.
            world: time, chance and whom to tell; the real ones by default.

        Raises:
            PluginError: there is no provider of that name.
            SettingsError: an option that cannot be meant.
        """
        plugin = discovery.load("grid", name)
        options = settings.grid[name].for_plugin() if name in settings.grid else {}
        facts = facts_of(plugin)
        asks = online and bool(facts.home_url or options.get("url"))
        fetch = self._fetch(name, facts, options, world) if asks else None
        grid: Grid = plugin.open(fetch, options | dict(more or {}))
        return grid

    def _fetch(
        self, name: str, facts: GridFacts, options: Mapping[str, str], world: World | None
    ) -> Fetch:
        from tracker.carbon import fetch  # noqa: PLC0415 - only where the network is asked

        return fetch.for_provider(
            name,
            url=options.get("url") or facts.home_url,
            key=options.get("key"),
            limit=facts.rate_limit,
            folder=self._cache_folder(),
            world=world,
        )

    def _cache_folder(self) -> Path:
        from platformdirs import user_cache_path  # noqa: PLC0415 - only for the network

        home = self.host.environ.get("XDG_CACHE_HOME")
        return Path(home) / "emissions-tracker" if home else user_cache_path("emissions-tracker")

    def check_price(self, settings: Settings, location: Location) -> None:
        """Whether a run can be priced so; nobody is asked.

        Raises:
            SettingsError: there is no such provider, it does not know the location, or what
                was said of cost or water cannot be meant.
        """
        from tracker.pricing import terms  # noqa: PLC0415 - not for `import tracker`

        terms(self, settings, location)
        shown = f"pricing = {settings.pricing!r} ({settings.origins['pricing']})"
        try:
            if settings.pricing is not None:
                discovery.load("grid", settings.pricing)
            if location.g_per_kwh is not None and settings.pricing not in {None, "fixed"}:
                raise ZoneUnknown("a figure of your own is not asked of a provider")
            self.intensity_now(settings, location)
        except PluginError as error:
            raise SettingsError(f"{shown}: {error}") from error
        except GridError as error:
            raise SettingsError(
                f"{shown} cannot price location {location.name}: {error}"
            ) from error

    def intensity_now(self, settings: Settings, location: Location) -> CarbonIntensity:
        """The figure for this moment that needs no network.

        Raises:
            SettingsError: there is no provider of the name that was chosen.
            GridError: it has nothing for that zone.
        """
        now = datetime.now(UTC)
        feed = self.feed(settings, location, Wish(settings.pricing), None).offline()
        return feed.book(now, now).stretches[0].intensity

    def feed(
        self,
        settings: Settings,
        location: Location,
        wish: Wish,
        cache: IntensityCache | None,
        *,
        wide: bool = True,
    ) -> Feed:
        """The providers for a location as one.

        Raises:
            SettingsError: there is no such provider, or none has what is wished for.
        """
        return Feed(
            chain_for(self, settings, location, wish), cache, lambda: datetime.now(UTC), wide=wide
        )

    def price(
        self, run_id: UUID, location: Location, settings: Settings, at: datetime
    ) -> tuple[Pricing, ...]:
        """The pricings that a run begins with, the grid's first; nobody is asked.

        Raises:
            GridError: nobody has anything for that zone.
        """
        from tracker.pricing import first_pricings  # noqa: PLC0415 - not for `import tracker`

        return tuple(first_pricings(self, settings, run_id, location, at))

    # --- loggers ------------------------------------------------------------------------

    def loggers(self, settings: Settings) -> list[LoggerTarget]:
        """The experiment loggers that ``log_to`` asks for; none is opened yet.

        Raises:
            SettingsError: there is no logger of that name, or none takes that object.
        """
        if not settings.log_to:
            return []
        from tracker.ports.logger import found  # noqa: PLC0415 - only where it is asked for

        try:
            return found(settings.log_to)
        except PluginError as error:
            raise SettingsError(f"log_to ({settings.origins['log_to']}): {error}") from error

    # --- store --------------------------------------------------------------------------

    def open_store(self, url: str | None, *, write: bool) -> Database:
        """The store at a URL, or the user's own.

        Raises:
            StoreError: it cannot be opened; nothing in it was touched.
        """
        from tracker.store.database import open_database  # noqa: PLC0415 - imports SQLAlchemy

        mounts = self.host.proc_path / "self/mountinfo"
        return open_database(url, mode="write" if write else "read", mounts=mounts)

    def first_store(self, url: str | None) -> str | None:
        """Where a run is written first: of a server's runs that is the user's own store."""
        return None if is_server(url) else url

    def target(self, url: str | None) -> str | None:
        """The server that is to get a run too, without user and password; ``None`` for none.

        Raises:
            SettingsError: no URL.
        """
        if not is_server(url):
            return None
        from tracker.store.address import identity, read  # noqa: PLC0415 - imports SQLAlchemy

        return identity(read(url))

    def open_session(self, server: str, is_gone: IsGone, add_up: AddUp) -> Session:
        """The user's own store and a server, to take what waits from the one to the other.

        Raises:
            PluginError: a package is missing.
            StoreError: the user's own store cannot be opened.
        """
        from tracker.store.session import Session  # noqa: PLC0415 - imports SQLAlchemy

        return Session(None, server, is_gone, add_up)

    def open_memory(self) -> Database:
        """A store in memory, for a run that cannot be kept."""
        from tracker.store.database import open_memory  # noqa: PLC0415 - imports SQLAlchemy

        return open_memory()
