"""Published estimates, recomputed from the inputs that were published beside them.

kWh = W * hours * PUE / 1000;  CO2 = kWh * carbon intensity;  USD = count * hours * price
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from tracker.data import studies
from tracker.data.studies import PublishedFigure
from tracker.errors import SettingsError
from tracker.model.units import lb_from_g
from tracker.research.estimate import USD_PER_KWH

_G_PER_T: Final = 1e6

TITLES: Final = {
    "strubell-1": "Strubell et al. 2019, table 1: CO2 of familiar consumption and of training",
    "strubell-3": "Strubell et al. 2019, table 3: energy, CO2 and cloud cost of training",
    "strubell-4": "Strubell et al. 2019, table 4: cost of a project's research and development",
    "patterson-1": "Patterson et al. 2021, table 1: one model, other hardware and places",
    "patterson-4": "Patterson et al. 2021, table 4: energy and gross CO2 of large models",
    "bloom": "Luccioni et al. 2022: life cycle of BLOOM's training",
}

_BLOOM_GPU_HOURS: Final = 1_082_990
_BLOOM_LIFE_H: Final = 6 * 8760 * 0.85
_BLOOM_GPU_KG: Final = 150.0
_BLOOM_SERVER_KG: Final = 2500.0
_BLOOM_GPUS_A_SERVER: Final = 8


class Figures(Struct, frozen=True):
    """Energy with PUE in kWh, CO2 in lb, cost in USD; ``None`` where there is none.

    Attributes:
        usd_low: at the pre-emptible price of an accelerator's hour.
        usd_high: at the on-demand price.
        electricity_usd: what the energy costs; published in ``strubell-4`` alone.
    """

    kwh: float | None = None
    co2_lb: float | None = None
    usd_low: float | None = None
    usd_high: float | None = None
    electricity_usd: float | None = None

    def to_dict(self, *, electricity: bool) -> dict[str, float | None]:
        """The figures as JSON values; the electricity's cost only where a table has it."""
        values = {
            "kwh": self.kwh,
            "co2_lb": self.co2_lb,
            "usd_low": self.usd_low,
            "usd_high": self.usd_high,
        }
        return values | {"electricity_usd": self.electricity_usd} if electricity else values


class Recomputed(Struct, frozen=True):
    """A published row beside what its inputs give.

    Attributes:
        reproduces: whether every published figure is within its tolerance of the computed
            one; ``None`` for what the study only cites.
        note: what is to be known of the row.
    """

    name: str
    published: Figures
    computed: Figures
    reproduces: bool | None
    note: str


class Table(Struct, frozen=True):
    """A published table, recomputed."""

    name: str
    title: str
    rows: tuple[Recomputed, ...]

    @property
    def has_electricity(self) -> bool:
        """Whether the table published what the electricity costs."""
        return any(row.published.electricity_usd is not None for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """``rows[{name, published, computed, reproduces, note}]`` as JSON values."""
        electricity = self.has_electricity
        return {
            "table": self.name,
            "title": self.title,
            "rows": [
                {
                    "name": row.name,
                    "published": row.published.to_dict(electricity=electricity),
                    "computed": row.computed.to_dict(electricity=electricity),
                    "reproduces": row.reproduces,
                    "note": row.note,
                }
                for row in self.rows
            ],
        }


class Constants(Struct, frozen=True):
    """What replaces the authors' own constants in every row; ``None`` keeps theirs."""

    pue: float | None = None
    g_per_kwh: float | None = None
    usd_per_kwh: float = USD_PER_KWH.value


def table_names() -> tuple[str, ...]:
    """The tables there are."""
    return tuple(TITLES)


def table(name: str, constants: Constants | None = None) -> Table:
    """A published table with every row recomputed.

    Raises:
        SettingsError: there is no such table, or the constants cannot be meant.
    """
    if name not in TITLES:
        raise SettingsError(f"no table {name!r}; there are: {', '.join(TITLES)}")
    used = constants or Constants()
    _check(used)
    rows: list[Recomputed] = []
    for row in studies.published():
        if row.table == name:
            rows.append(_recomputed(row, _computed(row, used, rows)))
    return Table(name, TITLES[name], tuple(rows))


def _check(constants: Constants) -> None:
    pue, grid, price = constants.pue, constants.g_per_kwh, constants.usd_per_kwh
    if pue is not None and not (math.isfinite(pue) and pue >= 1):
        raise SettingsError(f"pue = {pue:g}: must be at least 1")
    if grid is not None and not (math.isfinite(grid) and grid >= 0):
        raise SettingsError(f"grid factor = {grid:g} g/kWh: must be 0 or more")
    if not (math.isfinite(price) and price >= 0):
        raise SettingsError(f"price = {price:g} USD/kWh: must be 0 or more")


def _computed(row: PublishedFigure, used: Constants, before: Sequence[Recomputed]) -> Figures:
    if row.rule == "cited":
        return Figures()
    if row.rule == "sum":
        return Figures(co2_lb=math.fsum(each.computed.co2_lb or 0.0 for each in before))
    if row.rule == "bloom-embodied":
        return Figures(co2_lb=lb_from_g(bloom_embodied_g()))
    usd_low, usd_high = _cloud_usd(row)
    kwh = _kwh(row, used)
    if kwh is None:
        return Figures(usd_low=usd_low, usd_high=usd_high)
    g_per_kwh = row.g_per_kwh if used.g_per_kwh is None else used.g_per_kwh
    carbon_lb = None if g_per_kwh is None else lb_from_g(kwh * g_per_kwh)
    return Figures(kwh, carbon_lb, usd_low, usd_high, kwh * used.usd_per_kwh)


def _kwh(row: PublishedFigure, used: Constants) -> float | None:
    power_w = row.whole_w
    if power_w is None and row.each_w is not None:
        power_w = row.each_w * (row.count or 1)
    pue = row.pue if used.pue is None else used.pue
    if power_w is None or row.hours is None or pue is None:
        return None
    return power_w * row.hours * pue / 1000


def _cloud_usd(row: PublishedFigure) -> tuple[float | None, float | None]:
    if row.usd_per_h is None or row.hours is None:
        return None, None
    hours = row.hours * (row.count or 1)
    return row.usd_per_h[0] * hours, row.usd_per_h[1] * hours


def bloom_embodied_g() -> float:
    """Embodied CO2e of BLOOM's final training in grams.

    1,082,990 GPU-hours; 150 kg a GPU and 2,500 kg a server of 8 GPUs, each written off over 6
    years in use for 85 % of the time (Luccioni et al. 2022).
    """
    gpu_kg_per_h = _BLOOM_GPU_KG / _BLOOM_LIFE_H
    server_kg_per_h = _BLOOM_SERVER_KG / _BLOOM_LIFE_H / _BLOOM_GPUS_A_SERVER
    return _BLOOM_GPU_HOURS * (gpu_kg_per_h + server_kg_per_h) * 1000


def _recomputed(row: PublishedFigure, computed: Figures) -> Recomputed:
    usd_low, usd_high = row.usd or (None, None)
    published = Figures(row.kwh, _lb(row, row.co2), usd_low, usd_high, row.electricity_usd)
    pairs = (
        (published.kwh, computed.kwh, row.kwh_tolerance),
        (published.co2_lb, computed.co2_lb, _lb(row, row.co2_tolerance)),
        (published.usd_low, computed.usd_low, row.usd_tolerance),
        (published.usd_high, computed.usd_high, row.usd_tolerance),
        (published.electricity_usd, computed.electricity_usd, 0.5),
    )
    reproduces = None if row.rule == "cited" else all(_agree(*pair) for pair in pairs)
    return Recomputed(row.name, published, computed, reproduces, row.note)


def _agree(published: float | None, computed: float | None, tolerance: float | None) -> bool:
    if published is None:
        return True
    if computed is None:
        return False
    # What the computer's own rounding moves is no difference.
    return abs(published - computed) <= (tolerance or 0.0) + 1e-9 * abs(published)


def _lb(row: PublishedFigure, co2: float | None) -> float | None:
    if co2 is None or row.co2_unit == "lb":
        return co2
    return lb_from_g(co2 * _G_PER_T)


# --- the later corrections of the architecture search -------------------------------------

_LB_PER_P100_HOUR: Final = 0.2855296
"""189.43 W a P100 (GPU, CPU and memory) * PUE 1.58 * 0.954 lb/kWh / 1000: Patterson et al.
2021, appendix C."""
_STEPS: Final = 979e6


class Correction(Struct, frozen=True):
    """A later estimate of the architecture search of 626,155 lb.

    Attributes:
        times_less: how many times smaller it is.
        why: what was wrong with the first one.
    """

    what: str
    co2_lb: float
    times_less: float
    why: str


def search_corrections() -> tuple[Correction, ...]:
    """What became of the 626,155 lb: Patterson et al. 2021, appendices C and D."""
    first_lb = 8 * _STEPS * 0.00028 * _LB_PER_P100_HOUR
    proxy_lb = _STEPS * 0.00012 * _LB_PER_P100_HOUR
    ran_g = 6.8 * 24 * 200 * 208 * 1.10 / 1000 * 431
    ran_lb = lb_from_g(ran_g)
    return (
        Correction(
            "the search on its proxy task, by the study's own method",
            proxy_lb,
            first_lb / proxy_lb,
            "the search trained a small proxy model on one accelerator, not the full one on eight",
        ),
        Correction(
            "the search as it ran",
            ran_lb,
            first_lb / ran_lb,
            "200 TPU v2 for 6.8 days in a data centre with a PUE of 1.10, not P100 at 1.58",
        ),
    )
