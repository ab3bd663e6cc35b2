"""The country whose time zone this machine keeps: a guess that asks nobody.

A container or a cluster that keeps UTC says nothing, and then this way says nothing: it
never names a country by default.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

from tracker.data import tables
from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.ports.fetch import Fetch

ORIGIN = "time zone"


def system_zone() -> str | None:
    """The IANA name of the system's time zone, or ``None`` where it cannot be told."""
    import tzlocal  # noqa: PLC0415 - only where no location is set

    return quietly(tzlocal.get_localzone_name)


def quietly(ask: Callable[[], str | None]) -> str | None:
    """The answer of ``ask``, or ``None`` if it fails; what it warns of is not heard.

    tzlocal warns of a stale ``/etc/timezone`` and raises where files disagree. Neither is
    news to somebody who trains a model.
    """
    logger = logging.getLogger("tzlocal")
    logger.addFilter(_silence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ask()
    except Exception:  # noqa: BLE001 - whatever it is, the time zone is not known
        return None
    finally:
        logger.removeFilter(_silence)


def _silence(_: logging.LogRecord) -> bool:
    return False


def locate(
    host: Host,
    fetch: Fetch | None,  # noqa: ARG001 - the port's; a time zone needs no network
    *,
    system: Callable[[], str | None] = system_zone,
) -> Location | None:
    """The country of ``TZ``, or where that is not set, of the system's time zone.

    Args:
        host: its environment may hold ``TZ``.
        fetch: not used.
        system: tells the system's time zone.

    Returns:
        ``None`` for UTC, ``Etc/…``, an abbreviation, an unknown name, and for the few
        territories of which the yearly table has no figure.
    """
    name = host.environ.get("TZ") or system() or ""
    code = tables.time_zone_countries().get(_plain(name), "")
    country = tables.countries().get(code)
    if country is None:
        return None
    return Location(zone=code, name=country.name, origin=ORIGIN)


def _plain(name: str) -> str:
    # TZ may also be written ":Europe/Paris" or as the path of a file.
    return name.removeprefix(":").rpartition("zoneinfo/")[2].strip()
