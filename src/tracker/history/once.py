"""Runs on one machine at one time: a joule counts once in each group, and once in all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct, field

from tracker.history.groups import Group
from tracker.history.listing import Line
from tracker.history.shared import RunBoard, counted_already_j, shared_j
from tracker.model.figures import Part
from tracker.store.overlaps import SharedEnergy


class Sharing(Struct):
    """Which runs of which groups have energy in common.

    Attributes:
        shared: what each two runs both counted.
        g_per_j: of the runs that were met.
        members: runs of each group, and the boards that it has of them.
    """

    shared: Sequence[SharedEnergy]
    g_per_j: dict[UUID, float] = field(default_factory=dict)
    members: defaultdict[str, set[RunBoard]] = field(default_factory=lambda: defaultdict(set))

    @property
    def run_ids(self) -> frozenset[UUID]:
        """Runs that have energy in common with another."""
        pairs = ((one.later[0], one.earlier[0]) for one in self.shared)
        return frozenset(run_id for pair in pairs for run_id in pair)

    def meet(self, line: Line) -> None:
        """A run that is in the sum."""
        figures = line.figures
        self.g_per_j[line.run.id] = (
            figures.carbon_g / figures.energy_j if figures.carbon_g and figures.energy_j else 0.0
        )

    def meet_part(self, run_id: UUID, group: str, part: Part) -> None:
        """What a group has of it."""
        self.members[group] |= {(run_id, board.board) for board in part.boards}

    def settle(self, groups: Mapping[str, Group], whole: Group) -> None:
        """Take off what was added more than once."""
        everything = self.g_per_j.keys()
        known = [one for one in self.shared if {one.later[0], one.earlier[0]} <= everything]
        self._take_off(known, None, whole)
        for name, boards in self.members.items():
            mine = {run_id for run_id, _ in boards}
            near = [one for one in known if one.later[0] in mine or one.earlier[0] in mine]
            self._take_off([one for one in near if _is_of(one, boards)], boards, groups[name])
            groups[name].shared_j = shared_j(near, mine, everything)

    def _take_off(
        self, known: Iterable[SharedEnergy], boards: set[RunBoard] | None, group: Group
    ) -> None:
        runs = {one for one, _ in boards} if boards is not None else self.g_per_j.keys()
        for (run_id, _), energy_j in counted_already_j(known, runs).items():
            group.count_once(energy_j, energy_j * self.g_per_j[run_id])


def _is_of(one: SharedEnergy, boards: set[RunBoard]) -> bool:
    """Whether the group has that board, and not another part of the run alone."""
    return (one.later[0], one.board) in boards
