"""Making shipped tables anew from downloaded originals.

    python -m tracker.data.refresh countries ember_2025.csv co2js.json
    python -m tracker.data.refresh aggregates co2js.json
    python -m tracker.data.refresh egrid power-profiler-subregion.geo.json
    python -m tracker.data.refresh cpu_tdp cpu_power.csv

``ember_2025.csv`` has the columns ``iso3``, ``gco2e_per_kwh`` and ``year``; ``co2js.json`` is
co2.js's ``average-intensities.json``; the third is the map of EPA's Power Profiler, which holds
rates and borders; the last is CodeCarbon's. Names, codes and what no source has are kept from the
table that is there. Nothing is downloaded here: licences want a person to look.

The other tables are made by hand, as sources.toml says of each: cloud regions and zone maps are
joined from many pages, time zones come from tzdata with corrections, fuel factors, accelerators
and published figures from papers.

Known errors of the sources are handled and printed: a value that no grid has in a year (Costa
Rica's of 2025 is negative, the Central African Republic's is 0) is refused, the year before
stands in, and where there is none, the continent. Namibia's code is the text ``NA``. A processor
whose power is two numbers run together, or 0, is left out.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

TABLE: Final = "country_intensity.csv"
LEAST_G_PER_KWH: Final = 5.0
MOST_G_PER_KWH: Final = 1400.0
"""Outside of these no country's year lies: what does is an error of the source."""

Made = tuple[dict[str, str], list[str]]
"""Texts by file name, and what was refused."""

_G_PER_KWH_OF_LB_PER_MWH: Final = 0.45359237
"""As in ``model/units.py``, of which this room knows nothing."""

_FUELS: Final = (  # noqa: SIM905 - two lines, not twelve
    "gas coal nuclear hydro wind biomass solar oil geothermal otherFossilFuel otherUnknownFuel"
).split()

STAND_INS: Final = {"CAF": "Africa"}
"""Countries of which no usable figure exists, and whose figure stands in, as co2.js writes it."""


class Figure(Struct, frozen=True):
    """One source's figure of one country, in g CO2e/kWh, life cycle."""

    g_per_kwh: float
    year: int
    source: str

    @property
    def can_be(self) -> bool:
        """Whether a grid can have it over a year."""
        return LEAST_G_PER_KWH <= self.g_per_kwh <= MOST_G_PER_KWH


def ember(text: str) -> dict[str, Figure]:
    """Ember's own figures by ISO 3166 alpha-3."""
    return {
        row["iso3"]: Figure(float(row["gco2e_per_kwh"]), int(row["year"]), f"ember-{row['year']}")
        for row in csv.DictReader(io.StringIO(text))
        if row["gco2e_per_kwh"]
    }


def co2js(text: str) -> dict[str, Figure]:
    """Ember's figures by way of co2.js, by ISO 3166 alpha-3 or the name of an area."""
    found = {}
    for code, entry in json.loads(text).items():
        figure = entry.get("emissions_intensity_gco2_per_kwh")
        if isinstance(figure, (int, float)):
            found[code] = Figure(float(figure), int(entry["year"]), "ember-co2js")
    return found


def refreshed(
    old: Iterable[Mapping[str, str]], newest: Mapping[str, Figure], older: Mapping[str, Figure]
) -> tuple[list[dict[str, str]], list[str]]:
    """The table's rows made anew, and what was refused on the way, one line each.

    Args:
        old: the rows that are there; they say which countries there are.
        newest: figures by ISO 3166 alpha-3, preferred where they can be.
        older: the same of an older edition, and of continents by name.
    """
    rows, refused = [], []
    for row in old:
        code, figure = row["iso3"], None
        for found in (newest.get(code), older.get(code)):
            if found is not None and not found.can_be:
                refused.append(f"{row['name']} {found.year}: {found.g_per_kwh:g} g/kWh")
            elif found is not None and figure is None:
                figure = found
        if figure is None and code in STAND_INS:
            area = older[STAND_INS[code]]
            figure = Figure(area.g_per_kwh, area.year, f"{area.source}:{STAND_INS[code]}")
        rows.append({**row, **_columns(figure)} if figure else dict(row))
    return rows, refused


def _columns(figure: Figure) -> dict[str, str]:
    return {
        "gco2e_per_kwh": f"{round(figure.g_per_kwh, 2):g}",
        "year": str(figure.year),
        "source": figure.source,
    }


def text_of(rows: list[dict[str, str]]) -> str:
    """The rows as the file is written."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue()


def aggregated(
    old: Iterable[Mapping[str, str]], found: Mapping[str, Figure]
) -> tuple[list[dict[str, str]], list[str]]:
    """Continents and groups anew; an area with a newer figure of another source keeps that."""
    rows = []
    for row in old:
        figure = found.get(row["area"])
        newer = figure is not None and figure.can_be and figure.year >= int(row["year"])
        rows.append({**row, **_columns(figure)} if figure and newer else dict(row))
    return rows, []


def egrid_rates(text: str) -> list[dict[str, str]]:
    """Rates, losses and mix of the nation and each subregion, of EPA's map."""
    kinds = ("national", "subregion")
    found = [one["properties"] for one in json.loads(text)["features"]]
    chosen = [one for one in found if one["type"] in kinds]
    return [_rates(one) for one in sorted(chosen, key=lambda one: (one["type"], one["name"]))]


def _rates(area: Mapping[str, Any]) -> dict[str, str]:
    co2, co2e = (
        float(area["emissionFactor"][f"{gas}EmissionRate"]["value"]) for gas in ("co2", "co2e")
    )
    mix = {f"mix_{fuel}": f"{area['fuelMix'][fuel]:g}" for fuel in _FUELS}
    return {
        "type": area["type"],
        "code": area["name"],
        "name": area["fullName"],
        "data_year": str(area["dataYear"]),
        "co2_lb_per_mwh": str(co2),
        "co2e_lb_per_mwh": str(co2e),
        "co2_g_per_kwh": str(round(co2 * _G_PER_KWH_OF_LB_PER_MWH, 3)),
        "co2e_g_per_kwh": str(round(co2e * _G_PER_KWH_OF_LB_PER_MWH, 3)),
        "grid_gross_loss": f"{area['gridLoss']['value']:g}",
        **mix,
    }


def egrid_borders(text: str) -> str:
    """The subregions' outlines, rounded to 0.01 degrees, as the file is written."""
    lines = []
    for one in json.loads(text)["features"]:
        shape = one["geometry"]
        if one["properties"]["type"] != "subregion":
            continue
        many = shape["type"] == "MultiPolygon"
        polygons = shape["coordinates"] if many else [shape["coordinates"]]
        outline = [[_ring(ring) for ring in rings] for rings in polygons]
        named = json.dumps(one["properties"]["name"])
        lines.append(f"{named}:{json.dumps(outline, separators=(',', ':'))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _ring(corners: Iterable[Sequence[float]]) -> list[float]:
    """Longitude and latitude in turn, without corners that rounding made one."""
    kept: list[float] = []
    for corner in corners:
        rounded = [round(corner[0], 2), round(corner[1], 2)]
        if kept[-2:] != rounded:
            kept += rounded
    return kept


def tdp_rows(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """Processors with a power that can be, and those that have none, one line each."""
    rows, refused = [], []
    for name, watts in list(csv.reader(io.StringIO(text)))[1:]:
        if watts.count(".") <= 1 and float(watts) > 0:
            rows.append({"name": name, "tdp_w": watts})
        else:
            refused.append(f"{name}: {watts} W")
    return rows, refused


def _countries(into: Path, of: Sequence[str]) -> Made:
    rows, refused = refreshed(_rows(into / TABLE), ember(of[0]), co2js(of[1]))
    return {TABLE: text_of(rows)}, refused


def _aggregates(into: Path, of: Sequence[str]) -> Made:
    rows, refused = aggregated(_rows(into / "aggregates.csv"), co2js(of[0]))
    return {"aggregates.csv": text_of(rows)}, refused


def _egrid(_: Path, of: Sequence[str]) -> Made:
    made = {"egrid2023_rates.csv": text_of(egrid_rates(of[0]))}
    return made | {"egrid_subregions.json": egrid_borders(of[0])}, []


def _cpu_tdp(_: Path, of: Sequence[str]) -> Made:
    rows, refused = tdp_rows(of[0])
    return {"cpu_tdp.csv": text_of(rows)}, refused


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


_WAYS: Final[Mapping[str, tuple[Callable[[Path, Sequence[str]], Made], int]]] = {
    "countries": (_countries, 2),
    "aggregates": (_aggregates, 1),
    "egrid": (_egrid, 1),
    "cpu_tdp": (_cpu_tdp, 1),
}
"""How a table is made, and of how many originals."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a table anew, and print what was refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=_WAYS)
    parser.add_argument("originals", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="the tables")
    given = parser.parse_args(arguments)
    make, wanted = _WAYS[given.table]
    if len(given.originals) != wanted:
        parser.error(f"{given.table} is made of {wanted} files")
    made, refused = make(given.into, [one.read_text(encoding="utf-8") for one in given.originals])
    for name, text in made.items():
        path = given.into / name
        same = path.exists() and path.read_text(encoding="utf-8") == text
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {'as it was' if same else 'changed; mend its entry in sources.toml'}")  # noqa: T201
    for one in refused:
        print(f"refused: {one}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
