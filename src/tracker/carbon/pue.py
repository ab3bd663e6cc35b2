"""The building's share: facility energy over IT energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.model.carbon import Location

if TYPE_CHECKING:
    from tracker.data.tables import CloudRegion


class Pue(Struct, frozen=True):
    """Power usage effectiveness.

    Attributes:
        ratio: facility energy over IT energy, at least 1.
        source: who says so, for people.
    """

    ratio: float
    source: str


def choose(
    given: float | None, origin: str, location: Location, regions: Mapping[str, CloudRegion]
) -> Pue:
    """What was given, else what is published for the cloud region, else 1.0.

    1.0 adds nothing. It is right for a machine in an office and low for a data centre,
    whose average was 1.54 in 2025 (Uptime Institute); that is for its users to state, since
    the machine cannot tell where it stands.

    Args:
        given: the caller's own figure, or ``None``.
        origin: who gave it: ``argument``, ``TRACKER_PUE``, a file's name.
        location: a cloud region may have a published figure.
        regions: cloud regions by code (``tables.cloud_regions()``).

    Raises:
        SettingsError: the given figure is below 1 or not finite.
    """
    if given is not None:
        return Pue(_checked(given, origin), origin)
    region = regions.get(location.zone)
    if region is None:
        return Pue(1.0, "not given")
    if region.pue is None:
        return Pue(1.0, f"not given, and none is published for {region.code}")
    return Pue(region.pue, f"published for {region.code}, {region.pue_year}")


def _checked(ratio: float, origin: str) -> float:
    if not (math.isfinite(ratio) and ratio >= 1):
        raise SettingsError(
            f"pue = {ratio!r} ({origin}): must be a number of at least 1,"
            " as a facility uses no less than its computers"
        )
    return ratio
