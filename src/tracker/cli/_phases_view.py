"""Phases as a tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text

from tracker.cli._parts import heading
from tracker.cli._table import Column, Row, bar, table
from tracker.model.display import carbon_text, duration_text, energy_text, number_text
from tracker.model.report import PhaseReport
from tracker.model.text import harmless

_ENDS_SHOWN: Final = 5
"""Of a long row of namesakes, so many at its begin and at its end are shown."""

_SHORTENED_FROM: Final = 13
_BAR_COLUMNS: Final = 12
_COLUMNS: Final = (
    Column("phase", weight=100, least=12),
    Column("duration", weight=80, right=True),
    Column("energy", weight=90, right=True),
    Column("CO2e", weight=30, right=True),
    Column("bar", weight=40),
    Column("metrics", weight=60, least=16, style="dim"),
)

_Children = Mapping[int | None, Sequence[int]]


def phases_view(
    phases: Sequence[PhaseReport], width: int, *, every_phase: bool = False
) -> list[Text]:
    """The phases in order of start, below the phase around them; empty without phases."""
    if not phases:
        return []
    children: defaultdict[int | None, list[int]] = defaultdict(list)
    for position, phase in enumerate(phases):
        children[phase.parent].append(position)
    tree = _Tree(phases, children, every_phase=every_phase)
    return [heading("Phases"), *table(_COLUMNS, list(tree.rows()), width, heads=False, indent=2)]


class _Tree:
    """Walks the phases and makes a row of each."""

    def __init__(
        self, phases: Sequence[PhaseReport], children: _Children, *, every_phase: bool
    ) -> None:
        self._phases = phases
        self._children = children
        self._every_phase = every_phase
        self._largest_j = max((phase.energy_j or 0 for phase in phases), default=0)

    def rows(self, parent: int | None = None, depth: int = 0) -> Iterator[Row]:
        positions = self._children.get(parent, ())
        namesakes = Counter(self._phases[position].name for position in positions)
        seen: Counter[str] = Counter()
        for position in positions:
            phase = self._phases[position]
            place, of = seen[phase.name], namesakes[phase.name]
            seen[phase.name] += 1
            if self._every_phase or of < _SHORTENED_FROM or not _is_inside(place, of):
                yield self._row(phase, depth, numbered=of > 1)
                yield from self.rows(position, depth + 1)
            elif place == _ENDS_SHOWN:
                yield self._left_out(phase.name, positions, depth)

    def _row(self, phase: PhaseReport, depth: int, *, numbered: bool) -> Row:
        number = f" {phase.index}" if numbered else ""
        still_open = "" if phase.end else " (open)"
        share = phase.energy_j / self._largest_j if phase.energy_j and self._largest_j else None
        logged = (f"{harmless(name)} {number_text(v)}" for name, v in phase.metrics.items())
        return {
            "phase": f"{'  ' * depth}{harmless(phase.name)}{number}{still_open}",
            "duration": duration_text(phase.duration_s),
            "energy": energy_text(phase.energy_j),
            "CO2e": carbon_text(phase.carbon_g) if phase.carbon_g is not None else "",
            "bar": Text(bar(share, _BAR_COLUMNS), style="cyan"),
            "metrics": "  ".join(logged),
        }

    def _left_out(self, name: str, positions: Sequence[int], depth: int) -> Row:
        row = [self._phases[p] for p in positions if self._phases[p].name == name]
        hidden = row[_ENDS_SHOWN:-_ENDS_SHOWN]
        known = [phase.energy_j for phase in hidden if phase.energy_j is not None]
        return {
            "phase": f"{'  ' * depth}… {len(hidden)} more",
            "duration": duration_text(sum(phase.duration_s for phase in hidden)),
            "energy": energy_text(sum(known) if known else None),
            "metrics": "together; --phases shows each",
        }


def _is_inside(place: int, of: int) -> bool:
    return _ENDS_SHOWN <= place < of - _ENDS_SHOWN
