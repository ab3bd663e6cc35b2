"""What projects, months, hosts, users, devices or tags have come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final
from uuid import UUID

from tracker.errors import SettingsError
from tracker.history.groups import Group
from tracker.history.listing import Line, Query, lines, lines_of
from tracker.history.once import Sharing
from tracker.history.status import Vantage
from tracker.model.figures import Dimension, Part, parts_of, whole_of
from tracker.model.totals import Totals
from tracker.store.listing import Filter
from tracker.store.reader import Reader

TAG: Final = "tag:"
_GROUPS: Final = tuple(one.value for one in Dimension if one is not Dimension.ALL)

_Groups = defaultdict[str, Group]


def totals_of(reader: Reader, by: str, query: Query, vantage: Vantage) -> Totals:
    """What the runs that pass come to, by group and together.

    Without a choice of runs, those that have ended are taken as they were added up in the
    store, and the time that this takes does not grow with their number.

    Args:
        reader: of the store.
        by: ``project``, ``month``, ``host``, ``user``, ``device`` or ``tag:KEY``.
        query: which runs.
        vantage: from where they are looked at.

    Raises:
        SettingsError: there is no such grouping.
        StoreError: the store cannot be read.
    """
    groups: _Groups = defaultdict(Group)
    whole, sharing = Group(), Sharing(reader.shared_energy())
    involved = sharing.run_ids
    dimension = _dimension(by)
    rest: Iterable[Line] = lines(reader, query, vantage)
    chosen: list[UUID] | None = []
    if dimension is not None and query.asks_for_nothing:
        waiting = list(lines(reader, Query(Filter(waits=True)), vantage))
        _take_booked(reader, dimension, groups, waiting)
        _take_booked(reader, Dimension.ALL, defaultdict(lambda: whole), waiting)
        for line in lines_of(reader, sorted(involved), vantage):
            _meet(sharing, line, by, dimension)
        rest, chosen = waiting, None
    for line in rest:
        if chosen is not None:
            chosen.append(line.run.id)
        whole.add(whole_of(line.figures))
        for value, part in _parts(line, by, dimension):
            groups[value].add(part)
        if line.run.id in involved:
            _meet(sharing, line, by, dimension)
    sharing.settle(groups, whole)
    hosts = reader.hostnames() if dimension is Dimension.HOST else {}
    named = [group.total(hosts.get(key, key)) for key, group in groups.items()]
    in_order = tuple(sorted(named, key=attrgetter("group")))
    return Totals(by, in_order, whole.total(""), reader.scopes(chosen))


def _meet(sharing: Sharing, line: Line, by: str, dimension: Dimension | None) -> None:
    sharing.meet(line)
    for value, part in _parts(line, by, dimension):
        sharing.meet_part(line.run.id, value, part)


def _dimension(by: str) -> Dimension | None:
    """The stored dimension; ``None`` for a tag."""
    if by in _GROUPS:
        return Dimension(by)
    if by.startswith(TAG) and by != TAG:
        return None
    raise SettingsError(f"by = {by!r}: must be one of {', '.join(_GROUPS)}, or tag:KEY")


def _parts(line: Line, by: str, dimension: Dimension | None) -> Iterator[tuple[str, Part]]:
    if dimension is None:
        yield line.run.tags.get(by.removeprefix(TAG), ""), whole_of(line.figures)
        return
    for each, value, part in parts_of(line.figures):
        if each is dimension:
            yield value, part


def _take_booked(
    reader: Reader, dimension: Dimension, groups: _Groups, waiting: Iterable[Line]
) -> None:
    """What the store has added up; boards to which more is to be added come one by one."""
    booked = reader.booked_totals(
        dimension, {share.sums.board for line in waiting for share in line.figures.shares}
    )
    for row in booked.totals:
        groups[row.value].add_sums(row)
    for row in booked.classes:
        groups[row.value].add_class(row)
    for row in booked.boards:
        groups[row.value].take_out(row.accuracy_class, row.board, row.own_j)
