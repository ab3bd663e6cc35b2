"""What a run is priced by, from its settings: pricings, tariff and water, wired up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from msgspec import Struct

from tracker.carbon.accountant import MARKET_BASED, make_pricing
from tracker.carbon.pue import Pue, choose
from tracker.chains import FIXED, Wish, is_asked
from tracker.model.carbon import Location, PricedStretch, Pricing
from tracker.ports import discovery

if TYPE_CHECKING:
    from tracker.assembly import Assembly
    from tracker.carbon.feed import Booked
    from tracker.model.beside import Tariff, WaterUse
    from tracker.settings import Settings


class Terms(Struct, frozen=True):
    """What a pricing is made with, apart from the intensities.

    Attributes:
        location: where the electricity is used.
        tariff: ``None`` where nobody said what it costs.
        water: ``None`` where nobody said.
    """

    location: Location
    pue: Pue
    tariff: Tariff | None
    water: WaterUse | None


def terms(assembly: Assembly, settings: Settings, location: Location) -> Terms:
    """What the settings say of the building, cost and water.

    Raises:
        SettingsError: something of it cannot be meant.
    """
    return Terms(location, pue(settings, location), tariff(assembly, settings), water(settings))


def pue(settings: Settings, location: Location) -> Pue:
    """The building's share: what was given, or published for the cloud region."""
    from tracker.data.tables import cloud_regions  # noqa: PLC0415 - reads tables

    regions = cloud_regions() if ":" in location.zone else {}
    return choose(settings.pue, settings.origins["pue"], location, regions)


def tariff(assembly: Assembly, settings: Settings) -> Tariff | None:
    """What electricity costs, if anybody said.

    Raises:
        SettingsError: what was said cannot be meant.
    """
    if settings.tariff is None:
        return None
    from tracker.carbon.tariff import parse  # noqa: PLC0415 - only where it is set

    system_zone = discovery.load("places", "time_zone").system_zone
    local = assembly.host.environ.get("TZ") or system_zone()
    return parse(settings.tariff, settings.origins["tariff"], local)


def water(settings: Settings) -> WaterUse | None:
    """Litres of water a kilowatt-hour, if anybody said.

    Raises:
        SettingsError: what was said cannot be meant.
    """
    if settings.water is None:
        return None
    from tracker.carbon.water import parse  # noqa: PLC0415 - only where it is set

    return parse(settings.water, settings.origins["water"])


def first_pricings(
    assembly: Assembly, settings: Settings, run_id: UUID, location: Location, at: datetime
) -> Iterator[Pricing]:
    """The pricings that a run begins with, by what needs no network; the grid's comes first.

    It is provisional where a provider may still be asked. A contract's figure makes a
    second one, by market.

    Raises:
        GridError: nobody has anything for that zone.
    """
    made_with = terms(assembly, settings, location)
    feed = assembly.feed(settings, location, Wish(settings.pricing), None).offline()
    booked = feed.book(at, at)
    waits = is_asked(settings.pricing) if settings.pricing else settings.online
    yield by_grid(
        assembly,
        run_id,
        made_with,
        booked,
        at=at,
        provider=settings.pricing,
        provisional=waits and location.g_per_kwh is None,
        open_end=True,
    )
    if settings.market_g_per_kwh is not None:
        yield by_market(assembly, run_id, made_with, settings.market_g_per_kwh, start=at, end=None)


def by_grid(
    assembly: Assembly,
    run_id: UUID,
    made_with: Terms,
    booked: Booked,
    *,
    at: datetime,
    provider: str | None,
    provisional: bool,
    what_if: bool = False,
    open_end: bool = False,
) -> Pricing:
    """A pricing by the intensities of a grid."""
    stretches = booked.stretches
    if open_end:
        last = stretches[-1]
        stretches = (*stretches[:-1], PricedStretch(last.start, None, last.intensity))
    return make_pricing(
        id=assembly.new_id(),
        run_id=run_id,
        made_at=at,
        location=made_with.location,
        stretches=stretches,
        pue=made_with.pue,
        provider=provider,
        what_if=what_if,
        provisional=provisional,
        tariff=made_with.tariff,
        water=made_with.water,
        notes=booked.notes,
    )


def by_market(
    assembly: Assembly,
    run_id: UUID,
    made_with: Terms,
    g_per_kwh: float,
    *,
    start: datetime,
    end: datetime | None,
) -> Pricing:
    """A pricing by the factor of the user's contract."""
    fixed = discovery.load("grid", FIXED).open(None, {"g_per_kwh": g_per_kwh})
    (value,) = fixed.intensity(FIXED, start, end or start)
    return make_pricing(
        id=assembly.new_id(),
        run_id=run_id,
        made_at=datetime.now(UTC),
        location=made_with.location,
        stretches=[PricedStretch(start, end, value)],
        pue=made_with.pue,
        basis=MARKET_BASED,
        tariff=made_with.tariff,
        water=made_with.water,
    )
