"""A report as one HTML page: no script, no request, its plots as SVG within it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _page, _svg, _words
from tracker.exporters._document import Notes, Section, Table
from tracker.exporters._svg import Bar, escaped
from tracker.model.display import (
    UNKNOWN,
    duration_text,
    energy_text,
    power_text,
)
from tracker.model.report import PhaseReport, RunReport
from tracker.model.run import RunStatus
from tracker.model.statement import Statement
from tracker.model.units import j_from_kwh

SUFFIX: Final = ".html"
_LEAST_POINTS: Final = 3
_MOST_RUNS: Final = 200
_STYLES: Final = {
    RunStatus.FAILED: "bar failed",
    RunStatus.INTERRUPTED: "bar interrupted",
    RunStatus.RUNNING: "bar running",
}
_COLOURS: Final = {
    RunStatus.FAILED: "red",
    RunStatus.INTERRUPTED: "amber",
    RunStatus.RUNNING: "green",
}
_UNITS_J: Final = tuple(j_from_kwh(kwh) for kwh in (1e-3, 1.0, 1e3, 1e6))
"""Wh, kWh, MWh and GWh, in which energies are shown from 1 kJ on."""


def write(report: Statement, target: BinaryIO) -> None:
    """Figures, plots, tables, and how the figures came about."""
    _words.put(target, "".join(_parts(report)))


def _parts(report: Statement) -> Iterator[str]:
    yield _page.head(escaped(report.title))
    yield f"<h1>{escaped(report.title)}</h1>\n"
    yield f'<p class="subtitle">{escaped(_document.subtitle(report))}</p>\n'
    for section in _document.sections(report):
        plots = "".join(_plots(report, section.title))
        yield _section(section, plots, as_cards=section.title == "Figures")
    yield f"<footer>{escaped(_document.colophon(report))}</footer>\n</main>\n</body>\n</html>\n"


def _section(section: Section, plots: str, *, as_cards: bool) -> str:
    blocks = "".join(
        _notes(block) if isinstance(block, Notes) else _cards(block) if as_cards else _table(block)
        for block in section.blocks
    )
    return f"<section>\n<h2>{escaped(section.title)}</h2>\n{plots}{blocks}</section>\n"


def _cards(block: Table) -> str:
    return f'<div class="cards">{"".join(map(_card, block.rows))}</div>\n'


def _card(cells: tuple[str, ...]) -> str:
    name, figure, extent, what = map(escaped, cells)
    shown = "" if extent == UNKNOWN else f'<div class="range">{extent}</div>'
    return (
        f'<div class="card"><div class="name">{name}</div><div class="figure">{figure}</div>'
        f'{shown}<div class="what">{what}</div></div>'
    )


def _table(block: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=right' if at in block.right else ''}>{escaped(cell)}</{tag}>"
            for at, cell in enumerate(cells)
        )

    rows = "\n".join(f"<tr>{row(cells, 'td')}</tr>" for cells in block.rows)
    heads = f"<thead><tr>{row(block.heads, 'th')}</tr></thead>"
    return f'<div class="wide"><table>{heads}\n<tbody>{rows}</tbody></table></div>\n'


def _notes(block: Notes) -> str:
    pairs = "\n".join(
        f"<dt>{escaped(label)}</dt><dd>{escaped(text)}</dd>" for label, text in block.pairs
    )
    return f"<dl>{pairs}</dl>\n"


def _plots(report: Statement, title: str) -> Iterator[str]:
    """The plots that stand at the head of a section."""
    if title == "Devices":
        yield _figure("Mean power", _power(report))
        yield _figure("Energy by device", _devices(report.runs[0]))
    elif title == "Phases":
        yield from _phases(report.runs[0].phases)
    elif title == "Runs" and len(report.runs) > 1:
        yield _figure(_runs_caption(report), _runs(report))
    elif title == "Development":
        yield _figure("Energy by what became of the runs", _development(report))


def _figure(caption: str, plot: str) -> str:
    if not plot:
        return ""
    return f"<figure><figcaption>{escaped(caption)}</figcaption>{plot}</figure>\n"


def _power(report: Statement) -> str:
    if len(report.power_w) < _LEAST_POINTS:
        return ""
    start = report.power_w[0][0]
    points = [((at - start).total_seconds(), power_w) for at, power_w in report.power_w]
    return _svg.curve("mean power over time", points, power_text, duration_text)


def _devices(run: RunReport) -> str:
    rows = [
        Bar(
            f"{_facts.KIND_NAMES[device.kind]} {device.name}",
            device.energy_j,
            device.low_j,
            device.high_j,
            energy_text(device.energy_j),
            "bar" if device.in_total else "bar within",
        )
        for device in run.devices
    ]
    return _svg.bars("energy by device", rows)


def _phases(phases: tuple[PhaseReport, ...]) -> Iterator[str]:
    """Phases that come again and again, such as epochs, side by side."""
    outer = [phase for phase in phases if phase.parent is None and phase.energy_j is not None]
    for name in dict.fromkeys(phase.name for phase in outer):
        rows = [
            Bar(
                f"{name} {phase.index}",
                phase.energy_j or 0.0,
                phase.low_j or 0.0,
                phase.high_j or 0.0,
                energy_text(phase.energy_j),
            )
            for phase in outer
            if phase.name == name
        ]
        if len(rows) >= _LEAST_POINTS:
            plot = _columns(f"energy by {name}", rows)
            yield _figure(f"Energy by {name}", plot)


def _runs(report: Statement) -> str:
    runs = sorted(_facts.counted(report), key=lambda run: run.started_at)[-_MOST_RUNS:]
    rows = [
        Bar(
            f"{run.name} {run.short_id}",
            run.energy_j or 0.0,
            run.energy_low_j or 0.0,
            run.energy_high_j or 0.0,
            f"{energy_text(run.energy_j)}, {run.status.value}",
            _STYLES.get(run.status, "bar"),
        )
        for run in runs
    ]
    return _columns("energy by run", rows)


def _columns(title: str, rows: list[Bar]) -> str:
    largest_j = max((row.value for row in rows), default=0.0)
    unit_j = max((unit for unit in _UNITS_J if unit <= largest_j), default=1.0)
    return _svg.columns(title, rows, unit_j, energy_text)


def _runs_caption(report: Statement) -> str:
    """What the plot shows, and what a colour repeats of the table."""
    runs = _facts.counted(report)
    newest = f", the newest {_MOST_RUNS}" if len(runs) > _MOST_RUNS else ""
    statuses = {run.status for run in runs}
    colours = [f"{status} {colour}" for status, colour in _COLOURS.items() if status in statuses]
    return f"Energy by run, in order of start{newest}" + "".join(f"; {each}" for each in colours)


def _development(report: Statement) -> str:
    found = report.development
    groups = (*found.groups, found.whole) if found else ()
    rows = [
        Bar(
            f"{group.name}, {group.runs}",
            group.energy_j.value,
            group.energy_j.low,
            group.energy_j.high,
            energy_text(group.energy_j.value),
            f"bar {group.name}",
        )
        for group in groups
        if group.energy_j is not None
    ]
    return _svg.bars("energy by group of runs", rows)
