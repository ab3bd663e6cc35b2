"""Energy, CO2e and cost of a run from its hardware and hours.

Every method has the same frame, and a file of its own in ``methods`` fills it::

    energy   = hours * power                  kWh, of the computers
    facility = energy * PUE                   kWh, what the building draws
    CO2e     = facility * carbon intensity    g
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Final, Protocol

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.model.plain import plain
from tracker.model.units import lb_from_g
from tracker.research import embodied as embodied_carbon
from tracker.research import methods
from tracker.research.figure import Figure, product, total
from tracker.research.job import Job, check

DEFAULT_METHOD: Final = "ours"
USD_PER_KWH: Final = Figure.exactly(0.12, "Strubell et al. 2019, note 9")
"""Price of electricity where none is given."""
MOST_KWH: Final = 1e14
"""More than the world generates in a year."""
MOST_USD_PER_KWH: Final = 1e6


class Part(Struct, frozen=True):
    """What draws a part of the power.

    Attributes:
        power: mean draw in W, of all of its kind together.
        note: how it was obtained.
    """

    name: str
    power: Figure
    note: str


class Power(Struct, frozen=True):
    """What a job draws.

    Attributes:
        parts: for people.
        whole: their sum in W; its range is not that of a sum where parts go together.
    """

    parts: tuple[Part, ...]
    whole: Figure

    @classmethod
    def of(cls, *parts: Part) -> Power:
        """Parts that are independent."""
        return cls(parts, total(*(part.power for part in parts)))

    def without_range(self) -> Power:
        """The values alone."""
        parts = (Part(part.name, part.power.without_range(), part.note) for part in self.parts)
        return Power(tuple(parts), self.whole.without_range())


class Supply(Struct, frozen=True):
    """Where the electricity comes from.

    Attributes:
        grid: carbon intensity at the job's location in g/kWh; ``None`` where it is not known.
        fixed_grid: an intensity that replaces a method's own, in g/kWh, or ``None``.
        fixed_pue: a PUE that replaces a method's own, or ``None``.
        usd_per_kwh: the electricity's price.
    """

    grid: Figure | None = None
    fixed_grid: Figure | None = None
    fixed_pue: Figure | None = None
    usd_per_kwh: Figure = USD_PER_KWH


class Method(Protocol):
    """What a file of ``methods`` holds."""

    FORMULA: str
    EDITION: str
    SOURCE: str
    RANGED: bool
    GRID: Figure | None

    def power(self, job: Job) -> Power:
        """What a job draws; raises SettingsError where the method cannot say."""

    def pue(self, job: Job) -> Figure:
        """The PUE where none is given."""


class Estimate(Struct, frozen=True):
    """What a job takes, by one method.

    Attributes:
        ranged: whether the method gives a range; if not, low and high are the value.
        power: what draws, in W.
        energy: kWh of the computers.
        facility: kWh with the PUE.
        grid: g/kWh.
        carbon: g CO2e of the electricity.
        cloud_usd: lowest and highest price of the accelerators' hours, or ``None``.
        electricity_usd: price of the facility's energy.
        embodied: g CO2e of making the hardware, this job's share of its life, or ``None``
            where the hardware is not known; never a part of ``carbon``.
    """

    job: Job
    method: str
    formula: str
    edition: str
    source: str
    ranged: bool
    power: Power
    energy: Figure
    pue: Figure
    facility: Figure
    grid: Figure
    carbon: Figure
    cloud_usd: tuple[float, float] | None
    electricity_usd: Figure
    embodied: Figure | None

    def to_dict(self) -> dict[str, Any]:
        """The estimate as JSON values; low and high are ``None`` where there is no range."""
        ranges = {
            "power_w": self.power.whole,
            "energy_kwh": self.energy,
            "pue": self.pue,
            "facility_kwh": self.facility,
            "g_per_kwh": self.grid,
            "carbon_g": self.carbon,
            "electricity_usd": self.electricity_usd,
        }
        values: dict[str, Any] = {
            "name": self.job.name,
            "method": self.method,
            "hours": self.job.total_hours,
            "gpu": self.job.gpu,
            "gpus": self.job.gpus,
            "measured_as": self.job.measured_as or None,
        }
        values |= {name: _plain(figure, self.ranged) for name, figure in ranges.items()}
        values["co2_lb"] = _plain(self.carbon.times(lb_from_g(1)), self.ranged)
        low, high = self.cloud_usd or (None, None)
        values |= {"usd_low": low, "usd_high": high}
        values["embodied_g"] = None if self.embodied is None else _plain(self.embodied, ranged=True)
        values["parts"] = [
            {"name": part.name, "power_w": _plain(part.power, self.ranged), "note": part.note}
            for part in self.power.parts
        ]
        values |= {"formula": self.formula, "edition": self.edition, "source": self.source}
        return values


def method_names() -> tuple[str, ...]:
    """The methods there are, as ``--method`` takes them."""
    found = (module.name for module in pkgutil.iter_modules(methods.__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def method_named(name: str) -> Method:
    """The method of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in method_names():
        raise SettingsError(f"no method {name!r}; there are: {', '.join(method_names())}")
    module: Any = importlib.import_module(f"tracker.research.methods.{name.replace('-', '_')}")
    return module  # type: ignore[no-any-return]  # a module that fits the protocol


def estimate(job: Job, supply: Supply, method: str = DEFAULT_METHOD) -> Estimate:
    """What ``job`` takes.

    Args:
        job: hardware and hours.
        supply: grid, PUE and price of the electricity.
        method: one of ``method_names()``.

    Raises:
        SettingsError: the job cannot be meant, the method lacks a figure it needs, or no
            carbon intensity is known.
    """
    chosen = method_named(method)
    _check_price(supply.usd_per_kwh.value)
    power = chosen.power(check(job))
    pue, grid = supply.fixed_pue or chosen.pue(job), _grid(supply, chosen, method)
    if not chosen.RANGED:
        power = power.without_range()
        pue, grid = pue.without_range(), grid.without_range()
    energy = power.whole.times(job.total_hours / 1000)
    facility = _meant(job, product(energy, pue))
    return Estimate(
        job=job,
        method=method,
        formula=chosen.FORMULA,
        edition=chosen.EDITION,
        source=chosen.SOURCE,
        ranged=chosen.RANGED,
        power=power,
        energy=energy,
        pue=pue,
        facility=facility,
        grid=grid,
        carbon=product(energy, pue, grid),
        cloud_usd=_cloud_usd(job),
        electricity_usd=product(facility, supply.usd_per_kwh),
        embodied=embodied_carbon.share_of(job),
    )


def _grid(supply: Supply, chosen: Method, method: str) -> Figure:
    grid = supply.fixed_grid or chosen.GRID or supply.grid
    if grid is None:
        raise SettingsError(
            f"the method {method!r} needs a carbon intensity: give a location or a grid factor"
        )
    return grid


def _meant(job: Job, facility: Figure) -> Figure:
    if facility.value < MOST_KWH:
        return facility
    raise SettingsError(
        f"{job.name}: {facility.value:.3g} kWh is more than the world generates in a year;"
        " look at hours, counts, watts and PUE"
    )


def _check_price(usd_per_kwh: float) -> None:
    if not 0 <= usd_per_kwh <= MOST_USD_PER_KWH:
        raise SettingsError(f"usd_per_kwh = {usd_per_kwh:g}: must be 0 or more, up to a million")


def _cloud_usd(job: Job) -> tuple[float, float] | None:
    board = job.accelerator
    price = job.usd_per_h or (board.usd_per_h if board else None)
    if price is None or not job.gpus:
        return None
    hours = job.gpus * job.total_hours
    return price[0] * hours, price[1] * hours


def _plain(figure: Figure, ranged: bool) -> dict[str, Any]:
    low, high = (figure.low, figure.high) if ranged else (None, None)
    values: dict[str, Any] = plain({"value": figure.value, "low": low, "high": high})
    return values | {"source": figure.source} if figure.source else values
