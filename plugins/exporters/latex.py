r"""A sentence and a table for a paper in LaTeX; plain ``tabular`` and ``\hline``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from tracker.exporters import _document, _facts, _words
from tracker.exporters._document import Table
from tracker.model.device import DeviceKind
from tracker.model.display import duration_text, number_text
from tracker.model.statement import Statement
from tracker.model.text import harmless

SUFFIX: Final = ".tex"
_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "\N{EN DASH}": "--",
    "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "\N{REPLACEMENT CHARACTER}": "?",
}
_MOST_ROWS: Final = 20


def write(report: Statement, target: BinaryIO) -> None:
    """A sentence, a table of devices or runs, and what to know of the figures."""
    _words.put(target, "\n".join(_lines(report)) + "\n")


def plain(text: str) -> str:
    """``text`` as LaTeX sets it, without anything that would be obeyed."""
    return "".join(_SPECIAL.get(sign, sign) for sign in harmless(text)).replace(
        "CO2e", r"CO\textsubscript{2}e"
    )


def _lines(report: Statement) -> Iterator[str]:
    yield f"% {_document.colophon(report)}"
    yield plain(_sentence(report))
    if report.development is not None:
        yield plain(f"With their development, {_document.ratio_text(report.development)}.")
    yield ""
    yield from _table(report)
    yield ""
    yield r"{\footnotesize"
    yield from (plain(f"{label}: {text}.") + "\n" for label, text in _words.notes(report))
    yield "}"


def _sentence(report: Statement) -> str:
    hours = _facts.device_hours(report, DeviceKind.GPU)
    held = "" if hours is None else f" ({number_text(hours)} GPU-hours)"
    took = duration_text(_facts.duration_s(report))
    what = f"The {len(report.runs)} runs of {report.title}" if report.project else report.title
    hardware = _words.hardware(report) or _words.open_field("hardware")
    return (
        f"{what} took {took}{held} on {hardware} and used {_words.energy(report.energy_j)}; "
        f"{_words.read_share(report)}. This caused {_words.carbon(report.carbon_g)} "
        f"of CO2e. Making the hardware: {_words.embodied(report)}."
    )


def _table(report: Statement) -> Iterator[str]:
    table = _runs(report) if report.project else _devices(report)
    yield r"\begin{table}[ht]"
    yield r"\centering"
    yield rf"\caption{{Energy of {plain(report.title)}, with ranges of about 95\,\%.}}"
    places = ("r" if at in table.right else "l" for at in range(len(table.heads)))
    yield rf"\begin{{tabular}}{{{''.join(places)}}}"
    yield r"\hline"
    yield _row(table.heads)
    yield r"\hline"
    yield from map(_row, table.rows[:-1])
    yield r"\hline"
    yield _row(table.rows[-1])
    yield r"\hline"
    yield r"\end{tabular}"
    yield r"\end{table}"


def _row(cells: Sequence[str]) -> str:
    return rf"{' & '.join(map(plain, cells))} \\"


def _devices(report: Statement) -> Table:
    """Devices of the one run; the last row is the sum."""
    rows = [cells[:5] for cells in _document.devices(report).rows]
    total = ("all", "in the total", *_document.energies(report.energy_j), "")
    return Table(("kind", "device", "energy", "range", "method"), (*rows, total), (2, 3))


def _runs(report: Statement) -> Table:
    """Those that used most, the others summed, and all."""
    runs = sorted(_facts.counted(report), key=lambda run: -(run.energy_j or 0.0))
    cells = [_document.run_cells(run) for run in runs[:_MOST_ROWS]]
    rows = [(cell[1], *cell[4:]) for cell in cells]
    if len(runs) > len(rows):
        rows.append((f"{len(runs) - len(rows)} others", "", "", "", ""))
    took = duration_text(_facts.duration_s(report))
    mass = _document.masses(report.carbon_g)[0]
    rows.append(("all", took, *_document.energies(report.energy_j), mass))
    return Table(("run", "duration", "energy", "range", "CO2e"), tuple(rows), (1, 2, 3, 4))
