"""A zone's grid in the terminal: now, ahead as a small chart, and who can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.text import Text

from tracker.cli._parts import heading, intensity_text, labelled, wrapped
from tracker.cli._table import Column, Row, table
from tracker.model.carbon import CarbonIntensity
from tracker.model.display import number_text, when_text
from tracker.model.text import harmless, sparkline

if TYPE_CHECKING:
    from tracker.data.tables import Provenance
    from tracker.history.grid import Outlook, ProviderOutlook

_SPARKS: Final = 48
_PROVIDERS: Final = (
    Column("provider", weight=100),
    Column("for this zone", weight=90),
    Column("signal", weight=60),
    Column("scope", weight=50),
    Column("forecast", weight=70),
    Column("attribution", weight=20, least=12, style="dim"),
)
_VALUES: Final = (
    Column("from", weight=100),
    Column("to", weight=50),
    Column("g/kWh", weight=95, right=True),
    Column("range", weight=40, right=True, style="dim"),
    Column("zone", weight=60),
    Column("provider", weight=70),
    Column("", weight=30),
)


def outlook_view(outlook: Outlook, now: datetime, width: int) -> list[Text]:
    """The zone, its intensity, the forecast and the providers."""
    location, value = outlook.location, outlook.now
    lines = [heading(harmless(location.name)).append(f"  {location.zone}", style="not bold dim")]
    lines += labelled(_now(value, now), width)
    lines += _forecast(outlook, now, width)
    for note in outlook.notes:
        lines += wrapped(note, width, indent=2, style="yellow")
    lines += [Text(), heading("Who can be asked")]
    rows = [_provider(one) for one in outlook.providers if one.serves]
    lines += table(_PROVIDERS, rows, width, indent=2)
    return lines


def _now(value: CarbonIntensity, now: datetime) -> Iterator[tuple[str, str]]:
    yield "now", intensity_text(value.g_per_kwh, value.low, value.high)
    estimated = ", estimated" if value.estimated else ""
    yield "basis", f"{value.signal}, {value.scope}{estimated}"
    if value.fetched_at is not None:
        begin, end = (at.astimezone(now.tzinfo) for at in (value.valid_from, value.valid_to))
        yield "valid", f"{begin:%H:%M} to {end:%H:%M}"
    yield "source", f"{value.source} ({value.provider})"


def _forecast(outlook: Outlook, now: datetime, width: int) -> list[Text]:
    values = outlook.forecast
    if not values:
        return []
    figures = [one.g_per_kwh for one in values]
    least = min(values, key=lambda one: one.g_per_kwh)
    drawn = sparkline(figures, min(_SPARKS, max(width - 30, 8)))
    extent = f"{number_text(min(figures))}\N{EN DASH}{number_text(max(figures))} g/kWh"
    pairs = [
        ("forecast", f"{drawn}  {extent}"),
        ("", f"until {when_text(values[-1].valid_to, now)}, by {outlook.forecast_by}"),
        ("lowest", f"{number_text(least.g_per_kwh)} g/kWh, {when_text(least.valid_from, now)}"),
    ]
    return labelled(pairs, width)


def _provider(one: ProviderOutlook) -> Row:
    use = "ready" if one.usable else "needs a key"
    return {
        "provider": one.name,
        "for this zone": f"{use}, experimental" if one.experimental else use,
        "signal": one.signal,
        "scope": one.scope,
        "forecast": "yes" if one.forecasts else "",
        "attribution": harmless(one.attribution),
    }


def values_view(values: Sequence[CarbonIntensity], now: datetime, width: int) -> list[Text]:
    """A line an interval, in the zone of whoever looks."""
    rows: list[Row] = [
        {
            "from": f"{one.valid_from.astimezone(now.tzinfo):%Y-%m-%d %H:%M}",
            "to": f"{one.valid_to.astimezone(now.tzinfo):%H:%M}",
            "g/kWh": number_text(one.g_per_kwh),
            "range": f"{number_text(one.low)}\N{EN DASH}{number_text(one.high)}",
            "zone": harmless(one.zone),
            "provider": harmless(one.provider),
            "": "estimated" if one.estimated else "",
        }
        for one in values
    ]
    sources = dict.fromkeys(one.source for one in values)
    credit = [line for source in sources for line in wrapped(source, width, indent=0, style="dim")]
    return [*table(_VALUES, rows, width), *credit]


def sources_view(sources: Mapping[str, Provenance], width: int) -> list[Text]:
    """Each shipped table with source, edition, licence and what was changed."""
    lines = []
    for name, one in sources.items():
        lines.append(heading(name))
        pairs = [
            ("what", one.title),
            ("source", one.source),
            ("edition", one.edition),
            ("licence", one.licence),
            ("retrieved", one.retrieved),
            *(("changed", change) for change in one.changes),
        ]
        lines += labelled(pairs, width)
    return lines
