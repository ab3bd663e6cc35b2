"""When to start, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich.text import Text

from tracker.cli._parts import labelled
from tracker.model.display import duration_text, number_text, share_text, when_text

if TYPE_CHECKING:
    from tracker.history.grid import Advice

_NEARLY: Final = 0.005
"""What would be shown as 0 %."""

_STRETCHES: Final = 6


def advice_view(advice: Advice, now: datetime, width: int) -> list[Text]:
    """The best start, what it saves, and pause-and-resume beside it."""
    gain = advice.saves_ratio
    if gain < _NEARLY:
        title = "Start now: no later start is expected to cause less"
    else:
        title = f"Start {when_text(advice.best.at, now)}: {share_text(gain)} less than now"
    lines = [Text(title, style="bold")]
    return lines + labelled(_facts(advice, now), width)


def _facts(advice: Advice, now: datetime) -> Iterator[tuple[str, str]]:
    plan = advice.pause_and_resume
    at_once, best, paused = (
        f"{number_text(one.g_per_kwh)} g/kWh" for one in (advice.now, advice.best, plan)
    )
    yield "now", f"{at_once} over {duration_text(advice.duration_s)}"
    yield "best start", f"{best}, {when_text(advice.best.at, now)}"
    saves = f"{share_text(advice.pause_saves_ratio)} less than now"
    pauses = f"{advice.pauses} pause{'' if advice.pauses == 1 else 's'}"
    yield "or pausing", f"{paused}, {saves}, with {pauses}: {_stretches(advice, now)}"
    reach = when_text(now + timedelta(seconds=advice.within_s), now)
    end = when_text(advice.forecast_until, now)
    yield "looked at", f"starts until {reach}; the forecast ends {end}"
    basis = f"{advice.location.name}, {advice.signal}, {advice.scope}"
    yield "forecast", f"{basis}, by {advice.provider}; what comes may differ"
    if advice.attribution:
        yield "source", advice.attribution


def _stretches(advice: Advice, now: datetime) -> str:
    spans = advice.pause_and_resume.stretches
    shown = [
        f"{begin.astimezone(now.tzinfo):%H:%M}\N{EN DASH}{end.astimezone(now.tzinfo):%H:%M}"
        for begin, end in spans[:_STRETCHES]
    ]
    return ", ".join(shown) + (" …" if len(spans) > _STRETCHES else "")
