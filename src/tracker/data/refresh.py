"""Making the shipped tables of yearly intensities anew from downloaded originals.

    python -m tracker.data.refresh ember_2025.csv co2js.json --into src/tracker/data

``ember_2025.csv`` has the columns ``iso3``, ``gco2e_per_kwh`` and ``year``; ``co2js.json`` is
co2.js's ``average-intensities.json``. Names, codes and what neither source has are kept from
the table that is there. Nothing is downloaded here: licences want a person to look.

Known errors of the sources are handled and printed: a value that no grid has in a year (Costa
Rica's of 2025 is negative, the Central African Republic's is 0) is refused, the year before
stands in, and where there is none, the continent. Namibia's code is the text ``NA``.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

TABLE: Final = "country_intensity.csv"
LEAST_G_PER_KWH: Final = 5.0
MOST_G_PER_KWH: Final = 1400.0
"""Outside of these no country's year lies: what does is an error of the source."""

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


def main() -> None:
    """Write the table anew, and print what was refused."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ember", type=Path, help="Ember's yearly figures, CSV")
    parser.add_argument("co2js", type=Path, help="co2.js's average-intensities.json")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="the tables")
    given = parser.parse_args()
    path = given.into / TABLE
    with path.open(encoding="utf-8") as lines:
        old = list(csv.DictReader(lines))
    rows, refused = refreshed(
        old,
        ember(given.ember.read_text(encoding="utf-8")),
        co2js(given.co2js.read_text(encoding="utf-8")),
    )
    path.write_text(text_of(rows), encoding="utf-8")
    changed = sum(one != other for one, other in zip(old, rows, strict=True))
    print(f"{path}: {changed} of {len(rows)} rows changed; mend retrieved in sources.toml")  # noqa: T201
    for one in refused:
        print(f"refused: {one}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
