"""Grid, PUE and price for an estimate: flags, a run's pricing, or where the machine stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.model.carbon import MAX_G_PER_KWH
from tracker.research.figure import Figure

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.research.estimate import Supply
    from tracker.research.job import Job

_FACTOR: Final = re.compile(r"(?P<number>\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)(?P<unit>lb|kg|g)?(?:/kwh)?")
_G_PER: Final = {"g": 1.0, "kg": 1000.0, "lb": 453.59237}
_OURS: Final = "ours"


class Wishes(Struct, frozen=True):
    """What the line says of the electricity; ``None`` where it says nothing."""

    location: str | None
    pue: float | None
    g_per_kwh: float | None
    usd_per_kwh: float | None


def g_per_kwh_of(text: str) -> float:
    """A grid factor in g/kWh: ``0.954`` (lb/kWh, as the study writes it), ``433 g/kWh``.

    Raises:
        SettingsError: it cannot be read, or no grid has it.
    """
    plain = "".join(text.split()).casefold()
    found = _FACTOR.fullmatch(plain)
    if not found:
        raise SettingsError(
            f"--grid-factor {text!r}: no figure; write 0.954 (lb/kWh), '433 g/kWh', '0.433 kg/kWh'"
        )
    g_per_kwh = float(found["number"]) * _G_PER[found["unit"] or "lb"]
    if g_per_kwh > MAX_G_PER_KWH:
        unit = "" if found["unit"] else " A figure without a unit is in lb/kWh."
        raise SettingsError(
            f"--grid-factor {text!r}: {g_per_kwh:,.0f} g/kWh is more than any grid has.{unit}"
        )
    return g_per_kwh


def supply_for(job: Job, wishes: Wishes, method: str, like: RunReport | None) -> Supply:
    """Where a job's electricity comes from.

    A location that was written, in the line or beside the job, replaces a method's own grid;
    that of the machine only serves methods that have none.

    Raises:
        SettingsError: location or PUE cannot be meant.
    """
    from tracker.research.estimate import USD_PER_KWH, Supply  # noqa: PLC0415 - not for --help

    written = job.location or wishes.location
    grid, pue = _of_place(written, job.pue or wishes.pue, method, like)
    if wishes.g_per_kwh is not None:
        grid = Figure.exactly(wishes.g_per_kwh, "as given")
    fixed = grid if written or wishes.g_per_kwh is not None else None
    price = wishes.usd_per_kwh
    return Supply(
        grid=grid,
        fixed_grid=fixed,
        fixed_pue=pue,
        usd_per_kwh=USD_PER_KWH if price is None else Figure.exactly(price, "as given"),
    )


def _of_place(
    written: str | None, pue: float | None, method: str, like: RunReport | None
) -> tuple[Figure, Figure | None]:
    given = None if pue is None else Figure.exactly(pue, "as given")
    pricing = like.pricing if like is not None else None
    if pricing is not None and written is None:
        figures = (pricing.g_per_kwh_mean, pricing.g_per_kwh_low, pricing.g_per_kwh_high)
        source = f"{pricing.zone_name or pricing.zone}, as the run was priced"
        measured = Figure.exactly(pricing.pue, f"of the run, {pricing.pue_source}")
        return Figure(*figures, source), given or (measured if method == _OURS else None)
    return _of_settings(written, pue, given, method)


def _of_settings(
    written: str | None, pue: float | None, given: Figure | None, method: str
) -> tuple[Figure, Figure | None]:
    from tracker.assembly import Assembly  # noqa: PLC0415 - every room behind it

    assembly = Assembly.of_this_process()
    settings = assembly.settings({"location": written, "pue": pue})
    location = assembly.location(settings)
    found = assembly.intensity_now(settings, location)  # no network for an estimate
    source = f"{location.name}: {found.source}"
    grid = Figure(found.g_per_kwh, found.low, found.high, source)
    if given is not None or method != _OURS:
        return grid, given
    from tracker.pricing import pue as pue_of  # noqa: PLC0415 - with the rest

    own = pue_of(settings, location)
    known = settings.pue is not None or own.source.startswith("published")
    return grid, Figure.exactly(own.ratio, own.source) if known else None
