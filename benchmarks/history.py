"""Questions to a history of very many runs with ten devices each, in SQLite and PostgreSQL.

The runs are made by the database's fastest way in, as the writer would leave them once they have
ended: each with a segment, ten devices, their intervals of one slot, tags, and booked. ``--runs``
says how many, ``--store`` where: a folder for SQLite (kept, and used again), or the URL of an empty
PostgreSQL database.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from _bench import BYTES_PER_MB, MS_PER_S, line, machine
from psycopg import Cursor
from sqlalchemy import Table

from tracker import History
from tracker.model.figures import (
    DeviceShare,
    Dimension,
    Part,
    RunFigures,
    month_of,
    parts_of,
    whole_of,
)
from tracker.model.ranges import BoardSum
from tracker.store import figures as booking
from tracker.store import schema
from tracker.store.database import open_database
from tracker.store.types import microseconds, to_json

DEVICES: Final = 10
HOSTS: Final = 100
KINDS: Final = 1000
PROJECTS: Final = 20
USERS: Final = 50
MONTHS: Final = 36
BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
END: Final = BEGIN + timedelta(days=365 * MONTHS / 12)
BATCH: Final = 5000
MOST_MS: Final = 100.0
TIMES: Final = 15
GROWN_MOST_MB: Final = 60.0
PRAGMAS: Final = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000")

Rows = dict[str, list[tuple[Any, ...]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="2,000 runs; rough figures")
    parser.add_argument("--runs", type=int, default=100_000, metavar="N")
    parser.add_argument("--store", default="", metavar="WHERE", help="a folder or a server's URL")
    given = parser.parse_args()
    runs = 2000 if given.short else given.runs
    if given.store.startswith("postgresql"):
        _ask(given.store, _fill_server(given.store, runs))
        return
    with machine() as folder:
        path = (Path(given.store) if given.store else folder) / f"history-{runs}.db"
        url = f"sqlite:///{path}"
        _ask(url, _read_marks(path) if path.exists() else _fill_file(url, path, runs))
        line("size of the store", path.stat().st_size / BYTES_PER_MB, "MB")


# --- made runs -----------------------------------------------------------------------------


class Kind:
    """One of the few kinds of runs that there are: what it used, on which machine's devices."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.host_id = f"{number % HOSTS:016x}"
        parts = [self._device(at, chance) for at in range(DEVICES)]
        self.devices = [device for device, _, _ in parts]
        self.energies_j = [energy_j for _, energy_j, _ in parts]
        energy_j = sum(self.energies_j)
        self.figures = RunFigures(
            run_id=UUID(int=0),
            started_at=BEGIN,
            project="",
            user="",
            duration_s=240.0,
            energy_j=energy_j,
            energy_low_j=energy_j * 0.95,
            energy_high_j=energy_j * 1.05,
            carbon_g=energy_j / 7.2e4,
            carbon_low_g=energy_j / 9e4,
            carbon_high_g=energy_j / 6e4,
            low_g_per_kwh=40.0,
            high_g_per_kwh=60.0,
            shares=tuple(share for _, _, share in parts),
        )
        self.row = booking.row_of(self.figures)

    def _device(
        self, number: int, chance: random.Random
    ) -> tuple[tuple[Any, ...], float, DeviceShare]:
        is_gpu = number < DEVICES - 2
        kind, name = ("gpu", "NVIDIA H100") if is_gpu else ("cpu", "AMD EPYC")
        half = 0.02 if is_gpu else 0.1
        device_id = f"{kind}:{self.host_id[-4:]}-{number}"
        energy_j = chance.uniform(1e4, 2e5)
        row: dict[str, object] = {
            "device_id": device_id,
            "kind": kind,
            "name": name,
            "accuracy_class": f"counter:{kind}",
            "common_low": 1 - half,
            "common_high": 1 + half,
            "own_low": 1 - half,
            "own_high": 1 + half,
            "covers": "[]",
            "refresh_s": 0.1,
            "added": True,
            "source": "nvml",
            "suspect": False,
        }
        board = f"{self.host_id}/{device_id}"
        gain_j = energy_j * half
        sums = BoardSum(board, f"counter:{kind}", energy_j, energy_j, gain_j, gain_j, 9.0)
        columns = _row(schema.devices, **row)[1:]  # the segment comes before them
        return columns, energy_j, DeviceShare(name, self.host_id, sums)


class Maker:
    """Makes runs, and counts what is booked of them.

    Args:
        runs: how many.
        binary: whether an id is bytes, as SQLite has it.
    """

    def __init__(self, runs: int, *, binary: bool) -> None:
        self.runs = runs
        self.binary = binary
        self.chance = random.Random(7)  # noqa: S311 - figures to ask for, no secret
        self.kinds = [Kind(number, self.chance) for number in range(KINDS)]
        self.counts: Counter[tuple[Dimension, str, int]] = Counter()
        self.picked: list[UUID] = []

    def batches(self) -> Iterator[Rows]:
        """Rows of all tables, some runs at a time, oldest first."""
        for first in range(0, self.runs, BATCH):
            rows: Rows = defaultdict(list)
            for number in range(first, min(first + BATCH, self.runs)):
                self._run(number, rows)
            yield rows

    def _id(self, value: UUID) -> object:
        return value.bytes if self.binary else str(value)

    def _run(self, number: int, rows: Rows) -> None:
        chance, at_kind = self.chance, self.chance.randrange(KINDS)
        kind = self.kinds[at_kind]
        started_at = BEGIN + (END - BEGIN) * (number / self.runs)
        run_id = _uuid7(started_at, chance)
        key, segment = self._id(run_id), self._id(UUID(int=chance.getrandbits(128)))
        project, user = f"project-{chance.randrange(PROJECTS)}", f"user-{chance.randrange(USERS)}"
        at = microseconds(started_at)
        end = at + 240_000_000
        tags = {"lr": f"{chance.randrange(5)}e-4", "seed": str(chance.randrange(1000))}
        rows["runs"].append(
            _row(
                schema.runs,
                id=key,
                short_id=run_id.hex[-8:],
                name=f"train-{chance.randrange(2000)}",
                project=project,
                tags=to_json(tags),
                params="{}",
                started_at=at,
                provenance=to_json({"user": user}),
                attribution="machine",
                note="",
            )
        )
        rows["tags"] += ((key, name, value) for name, value in tags.items())
        rows["segments"].append(
            _row(
                schema.segments,
                id=segment,
                run_id=key,
                host_id=kind.host_id,
                pid=1,
                process_started_at=0.0,
                boot_id="b",
                pid_namespace="p",
                interval_s=1.0,
                started_at=at,
                ended_at=end,
                outcome="finished",
                slept_s=0.0,
                not_counted="[]",
                slot_s=300,
            )
        )
        self._devices(rows, segment, kind, (at, end))
        self._book(rows, key, at, (project, user), at_kind)
        if number % max(self.runs // 200, 1) == 0:
            self.picked.append(run_id)

    def _devices(self, rows: Rows, segment: object, kind: Kind, span: tuple[int, int]) -> None:
        slot = span[0] // 300_000_000 * 300_000_000
        for device, energy_j in zip(kind.devices, kind.energies_j, strict=True):
            rows["devices"].append((segment, *device))
            used = (energy_j, 3.0, 1.0, 1, None)
            rows["intervals"].append((segment, device[0], slot, "counter", 300, *span, *used))

    def _book(self, rows: Rows, key: object, at: int, whose: tuple[str, str], kind: int) -> None:
        project, user = whose
        booked = self.kinds[kind].row | {
            "run_id": key,
            "started_at": at,
            "project": project,
            "user_name": user,
            "shares": self.shares(kind),
        }
        rows["figures"].append(tuple(booked[name] for name in _names(schema.figures)))
        month = month_of(datetime.fromtimestamp(at / 1e6, UTC))
        self.counts[Dimension.ALL, "", kind] += 1
        self.counts[Dimension.PROJECT, project, kind] += 1
        self.counts[Dimension.MONTH, month, kind] += 1
        self.counts[Dimension.USER, user, kind] += 1

    @cache  # noqa: B019 - the maker lives as long as the script
    def shares(self, kind: int) -> str:
        """A column's text."""
        return to_json(self.kinds[kind].row["shares"])

    def last_rows(self) -> Rows:
        """What is written once: hosts and totals."""
        groups: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * 8)
        boards: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0] * 5)
        for dimension, value, part, count in self._parts():
            _added(groups[dimension, value], part, booking.SUMS, count)
            for board in part.boards:
                key = dimension, value, board.accuracy_class, board.board
                _added(boards[key], board, booking.BOARD_SUMS, count)
        return {
            "hosts": [_host(number) for number in range(HOSTS)],
            "totals": [
                (*key, int(sums[0]), int(sums[1]), *sums[2:]) for key, sums in groups.items()
            ],
            "total_boards": [(*key, *sums) for key, sums in boards.items()],
        }

    def _parts(self) -> Iterator[tuple[str, str, Part, int]]:
        for (dimension, value, kind), count in self.counts.items():
            figures = self.kinds[kind].figures
            yield dimension.value, value, whole_of(figures), count
            if dimension is Dimension.ALL:
                for other, name, part in parts_of(figures):
                    if other in {Dimension.HOST, Dimension.DEVICE}:
                        yield other.value, name, part, count


def _added(sums: list[float], of: object, names: Sequence[str], count: int) -> None:
    for at, name in enumerate(names):
        sums[at] += count * getattr(of, name)


def _host(number: int) -> tuple[Any, ...]:
    return _row(
        schema.hosts,
        host_id=f"{number:016x}",
        hostname=f"node-{number}",
        boot_id="b",
        pid_namespace="p",
        os="Linux",
        cpu_name="AMD EPYC",
        cpu_threads=64,
        memory_bytes=1 << 38,
    )


def _row(table: Table, **values: object) -> tuple[Any, ...]:
    """Values in the order of the table's columns; the rest as the database would set it."""
    return tuple([values.get(name, 1 if name == "revision" else None) for name in _names(table)])


def _uuid7(at: datetime, chance: random.Random) -> UUID:
    ms = int(at.timestamp() * 1000)
    return UUID(
        int=ms << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    )


@cache
def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


# --- the fastest way in --------------------------------------------------------------------


def _fill_file(url: str, path: Path, runs: int) -> list[UUID]:
    open_database(url, mode="write").close()
    maker, began_s = Maker(runs, binary=True), time.perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        for pragma in (
            "journal_mode=OFF",
            "synchronous=OFF",
            "foreign_keys=OFF",
            "cache_size=-400000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        for rows in maker.batches():
            _insert(connection, rows)
            connection.commit()
        _insert(connection, maker.last_rows())
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")
    line(f"made {runs:,} runs", time.perf_counter() - began_s, "s")
    path.with_suffix(".ids").write_text(json.dumps([str(each) for each in maker.picked]))
    return maker.picked


def _read_marks(path: Path) -> list[UUID]:
    return [UUID(each) for each in json.loads(path.with_suffix(".ids").read_text())]


def _insert(connection: sqlite3.Connection, rows: Rows) -> None:
    for name, some in rows.items():
        columns = _names(schema.metadata.tables[name])
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
            some,
        )


def _fill_server(url: str, runs: int) -> list[UUID]:
    from tracker.store.upgrade import upgrade_server  # noqa: PLC0415 - imports Alembic

    upgrade_server(url)
    maker, began_s = Maker(runs, binary=False), time.perf_counter()
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        for rows in maker.batches():
            _copy(cursor, rows)
        _copy(cursor, maker.last_rows())
        connection.commit()
        connection.autocommit = True
        cursor.execute("ANALYZE")
    line(f"made {runs:,} runs", time.perf_counter() - began_s, "s")
    return maker.picked


def _copy(cursor: Cursor, rows: Rows) -> None:
    tables = schema.metadata.tables
    for name in sorted(rows, key=lambda each: list(tables).index(each)):
        columns = ", ".join(f'"{column}"' for column in _names(tables[name]))
        with cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
            for row in rows[name]:
                copy.write_row(row)


# --- the questions -------------------------------------------------------------------------


def _ask(url: str, picked: list[UUID]) -> None:
    history = History(url)
    chance = random.Random(3)  # noqa: S311 - which run is asked for
    questions: dict[str, Callable[[], object]] = {
        "the newest 50": lambda: history.runs(limit=50),
        "the next 50": lambda: history.runs(limit=50, cursor=picked[len(picked) // 2]),
        "50 of a project and a common tag": lambda: history.runs(
            project="project-3", tags={"lr": "2e-4"}, limit=50
        ),
        "50 of a project and a rare tag": lambda: history.runs(
            project="project-3", tags={"seed": "77"}, limit=50
        ),
        "the 50 with most energy": lambda: history.runs(order_by="energy", limit=50),
        "totals by month": lambda: history.totals("month"),
        "totals by project": lambda: history.totals("project"),
        "one run by the beginning of its id": lambda: history.run(chance.choice(picked).hex[-8:]),
    }
    for what, question in questions.items():
        walls_ms, cpus_ms = [], []
        for _ in range(TIMES):
            began_s, cpu_s = time.perf_counter(), time.process_time()
            question()
            walls_ms.append((time.perf_counter() - began_s) * MS_PER_S)
            cpus_ms.append((time.process_time() - cpu_s) * MS_PER_S)
        line(f"{what}, median", statistics.median(walls_ms), "ms", most=MOST_MS)
        line("  CPU of this process", statistics.median(cpus_ms), "ms")
    _go_through(history)


def _go_through(history: History) -> None:
    """All runs one after the other, and by how much memory grows meanwhile."""
    every, began_s = history.each(), time.perf_counter()
    for _ in range(1000):
        next(every, None)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 1000 + sum(1 for _ in every)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    line("all of them, one after the other", (time.perf_counter() - began_s), "s")
    line(
        f"  memory that grows meanwhile, {count:,} runs",
        grown_kb * 1024 / BYTES_PER_MB,
        "MB",
        most=GROWN_MOST_MB,
    )


if __name__ == "__main__":
    sys.exit(main())
