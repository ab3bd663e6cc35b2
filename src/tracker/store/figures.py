"""Figures of runs that have ended, added up once: lists and totals need not read intervals.

A run that is written to is *unbooked*: what it came to is computed from its intervals
whenever somebody looks. Once it has ended it is *booked*: a row of figures, and its part of
the totals of its project, month, user, hosts and devices. Writing to it again takes all of
that back first, in the same transaction, so that totals and runs never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Executable, Table, delete, func, select

from tracker.model.figures import DeviceShare, Dimension, Part, RunFigures, parts_of
from tracker.model.ranges import BoardSum
from tracker.store import schema

Row = dict[str, Any]

_CHUNK: Final = 500
SUMS: Final = (
    "runs",
    "unread_runs",
    "duration_s",
    "energy_j",
    "unpriced_j",
    "carbon_g",
    "carbon_at_low_g",
    "carbon_at_high_g",
)
"""Columns of ``totals`` that add up; fields of a ``Part`` too."""

BOARD_SUMS: Final = ("energy_j", "centre_j", "common_j", "own_j", "slack_j2")
"""Columns of ``total_boards`` that add up; fields of a ``BoardSum`` too."""

_COPIED: Final = (
    "run_id",
    "started_at",
    "project",
    "duration_s",
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "carbon_g",
    "carbon_low_g",
    "carbon_high_g",
    "low_g_per_kwh",
    "high_g_per_kwh",
)


def claim(connection: Connection, run_id: UUID) -> bool:
    """Take a run that waits; who writes to it meanwhile waits for this transaction's end.

    Returns:
        False where it does not wait, or another process has just taken it.
    """
    table = schema.unbooked
    return connection.execute(delete(table).where(table.c.run_id == run_id)).rowcount > 0


def book(connection: Connection, runs: Sequence[RunFigures]) -> None:
    """Book runs that have ended and were claimed in this transaction."""
    if runs:
        connection.execute(schema.figures.insert(), [row_of(run) for run in runs])
        _add(connection, runs, 1)


def unbook(connection: Connection, run_ids: Iterable[UUID]) -> None:
    """Note that runs wait, and take back what was booked of them; they must be there.

    The note comes first: it waits for whoever has just claimed the run, and then sees what
    that one booked.
    """
    ids = sorted(set(run_ids))
    rows = [{"run_id": run_id} for run_id in ids]
    if rows:
        connection.execute(_noted(connection.dialect.name), rows)
        forget(connection, ids)


def forget(connection: Connection, run_ids: Sequence[UUID]) -> None:
    """Take back what was booked of runs that are about to be deleted."""
    before = booked(connection, run_ids)
    if before:
        _add(connection, before.values(), -1)
        table = schema.figures
        connection.execute(delete(table).where(table.c.run_id.in_(before)))


def booked(connection: Connection, run_ids: Sequence[UUID]) -> dict[UUID, RunFigures]:
    """The figures of those runs that are booked."""
    table, found = schema.figures, {}
    for start in range(0, len(run_ids), _CHUNK):
        some = run_ids[start : start + _CHUNK]
        for row in connection.execute(select(table).where(table.c.run_id.in_(some))):
            found[row.run_id] = figures_of(row)
    return found


def waiting(connection: Connection) -> tuple[UUID, ...]:
    """Ids of the runs that are not booked, oldest ids first."""
    column = schema.unbooked.c.run_id
    return tuple(connection.execute(select(column).order_by(column)).scalars())


def figures_of(row: Any) -> RunFigures:  # noqa: ANN401 - SQLAlchemy's row
    """A row as figures."""
    shares = tuple(
        DeviceShare(name, board.partition("/")[0], BoardSum(board, *sums))
        for name, board, *sums in row.shares
    )
    copied = {name: getattr(row, name) for name in _COPIED}
    return RunFigures(**copied, user=row.user_name, shares=shares)


def row_of(run: RunFigures) -> Row:
    """Figures as a row."""
    shares = [
        [share.name, share.sums.board, share.sums.accuracy_class, *_values(share.sums, BOARD_SUMS)]
        for share in run.shares
    ]
    copied = {name: getattr(run, name) for name in _COPIED}
    return {**copied, "user_name": run.user, "shares": shares}


def _values(of: object, names: Iterable[str]) -> list[Any]:
    return [getattr(of, name) for name in names]


def _add(connection: Connection, runs: Iterable[RunFigures], sign: int) -> None:
    groups: list[Row] = []
    boards: list[Row] = []
    for run in runs:
        for dimension, value, part in parts_of(run):
            key: Row = {"dimension": dimension, "value": value}
            groups.append(key | _signed(part, SUMS, sign))
            boards += _board_rows(key, part, sign)
    if not groups:
        return
    dialect = connection.dialect.name
    # In one order everywhere: two writers that wait for each other's rows would wait forever.
    connection.execute(_added(dialect, schema.totals), sorted(groups, key=_key))
    if boards:
        connection.execute(_added(dialect, schema.total_boards), sorted(boards, key=_key))
    if sign < 0:
        _delete_empty(connection, groups)


def _board_rows(key: Mapping[str, Any], part: Part, sign: int) -> Iterator[Row]:
    for board in part.boards:
        names = {"accuracy_class": board.accuracy_class, "board": board.board}
        yield {**key, **names, **_signed(board, BOARD_SUMS, sign)}


def _signed(of: object, names: Iterable[str], sign: int) -> Row:
    return {name: sign * getattr(of, name) for name in names}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["dimension"], row["value"], row.get("accuracy_class", ""), row.get("board", "")


def _delete_empty(connection: Connection, groups: Iterable[Row]) -> None:
    """A group without runs goes, and with it what rounding left in its sums."""
    totals, boards = schema.totals, schema.total_boards
    for group in groups:
        mine = (totals.c.dimension == group["dimension"]) & (totals.c.value == group["value"])
        gone = connection.execute(delete(totals).where(mine, totals.c.runs <= 0))
        if gone.rowcount:
            theirs = boards.c.dimension == group["dimension"]
            connection.execute(delete(boards).where(theirs, boards.c.value == group["value"]))


@cache
def _added(dialect: str, table: Table) -> Executable:
    """INSERT, or add to the row that is there."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    changes = {
        column.name: column + statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    added: Executable = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return added


@cache
def _noted(dialect: str) -> Executable:
    """INSERT, or a change that changes nothing: it locks the row, as "do nothing" would not."""
    table = schema.unbooked
    statement = _insert(dialect, table)
    noted: Executable = statement.on_conflict_do_update(
        index_elements=["run_id"], set_={"run_id": statement.excluded.run_id}
    )
    return noted


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 - one class for each dialect
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - not for SQLite's users
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415 - the same
    return insert(table)


def totals_by(connection: Connection, dimension: Dimension) -> list[Any]:
    """The booked totals of a dimension's groups: rows with the columns of ``totals``."""
    table = schema.totals
    statement = select(table).where(table.c.dimension == dimension)
    return list(connection.execute(statement))


def classes_by(connection: Connection, dimension: Dimension) -> list[Any]:
    """What ranges are made of, by group and accuracy class; ``own_j2`` sums over boards."""
    table = schema.total_boards
    key = (table.c.value, table.c.accuracy_class)
    statement = (
        select(
            *key,
            func.sum(table.c.centre_j).label("centre_j"),
            func.sum(table.c.common_j).label("common_j"),
            func.sum(table.c.own_j * table.c.own_j).label("own_j2"),
            func.max(table.c.own_j * table.c.own_j).label("own_most_j2"),
            func.sum(table.c.slack_j2).label("slack_j2"),
        )
        .where(table.c.dimension == dimension)
        .group_by(*key)
    )
    return list(connection.execute(statement))


def boards_by(connection: Connection, dimension: Dimension, boards: Iterable[str]) -> list[Any]:
    """Of some boards, the columns ``value, accuracy_class, board, own_j``."""
    table = schema.total_boards
    statement = select(table.c.value, table.c.accuracy_class, table.c.board, table.c.own_j)
    mine = (table.c.dimension == dimension, table.c.board.in_(list(boards)))
    return list(connection.execute(statement.where(*mine)))
