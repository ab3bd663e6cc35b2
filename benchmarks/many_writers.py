"""Many writers at once: 64 processes on a file, 200 clients on a server; and what shipping takes.

The server is the one of ``TRACKER_TEST_POSTGRES``, or one that is started here.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from _bench import MS_PER_S, ROOT, line, machine, options
from sqlalchemy import create_engine, func, make_url, select

from tracker.store import schema
from tracker.store.database import open_database
from tracker.store.outbox import waiting
from tracker.store.session import Session
from tracker.store.upgrade import upgrade_server

WRITER = """
import sys, threading, time, json
sys.path.insert(0, {tests!r})
from datetime import UTC, datetime
from fakes.records import GPU, interval, run, segment
from tracker.errors import StoreError
from tracker.model.run import Heartbeat, Metric, SegmentDevice
from tracker.store.database import open_database
from tracker.store.writer import Writer

def save(writer, records, locked):
    # As the writer's thread does: what meets a lock goes with the next commit.
    while True:
        try:
            return writer.save(records)
        except StoreError as error:
            locked.append(str(error))

def client(number, waits_ms, locked):
    with open_database({url!r}, mode="write") as database:
        of = run(f"writer-{{number}}", started_at=datetime.now(UTC))
        part, writer = segment(of), Writer(database)
        save(writer, [of, part, SegmentDevice(part.id, GPU, "fake")], locked)
        begin_s = time.monotonic() + number % 97 / 97 * {period_s}
        for tick in range({ticks}):
            time.sleep(max(begin_s + tick * {period_s} - time.monotonic(), 0))
            before_s = time.perf_counter()
            records = [
                interval(part, GPU, tick // 10 * 10, 300.0 * (tick % 10 + 1)),
                Metric(part.id, tick, None, "tick", float(tick), datetime.now(UTC)),
                Heartbeat(part.id, datetime.now(UTC), {{GPU.id: 300.0}}, ()),
            ]
            save(writer, records, locked)
            waits_ms.append((time.perf_counter() - before_s) * 1e3)

waits_ms, locked = [], []
threads = [threading.Thread(target=client, args=(n, waits_ms, locked)) for n in range({clients})]
print("ready", flush=True)
sys.stdin.readline()
for one in threads: one.start()
for one in threads: one.join()
print(json.dumps([waits_ms, locked]))
"""


def main() -> None:
    short = options(__doc__).short
    ticks, period_s = (5, 0.5) if short else (60, 1.0)
    with machine() as folder:
        url = f"sqlite:///{folder}/runs.db"
        open_database(url, mode="write").close()
        _measure("64 processes, one SQLite file", url, (8 if short else 64, 1), ticks, period_s)
        _phases()
        with _server() as server:
            upgrade_server(server)
            clients = (2, 10) if short else (8, 25)
            name = f"{clients[0] * clients[1]} clients, one PostgreSQL"
            _measure(name, server, clients, ticks, period_s)
        with _server() as server:
            upgrade_server(server)
            _ship(f"sqlite:///{folder}/other.db", server, 20_000 if short else 200_000)


def _measure(name: str, url: str, clients: tuple[int, int], ticks: int, period_s: float) -> None:
    """Have processes write, each with so many clients in threads of its own."""
    processes, each = clients
    program = WRITER.format(
        tests=str(ROOT / "tests"), url=url, clients=each, ticks=ticks, period_s=period_s
    )
    running = [
        subprocess.Popen(
            (sys.executable, "-c", program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for one in running:
        assert one.stdout is not None  # noqa: S101 - it was asked for above
        one.stdout.readline()
    answers = [(one, _go(one)) for one in running]
    said = [json.loads(answer()) for _, answer in answers]
    waits_ms = [wait for waits, _ in said for wait in waits]
    locked = [error for _, errors in said for error in errors]
    with open_database(url, mode="read") as database, database.reading() as connection:
        count = select(func.count()).select_from(schema.metrics)
        found = connection.execute(count).scalar_one()
    line(f"{name}: ticks lost", float(processes * each * ticks - found), "", most=0)
    line("  commits refused", float(len(locked)), "", most=0)
    line("  until a tick is committed, median", statistics.median(waits_ms), "ms")
    line("  until a tick is committed, 99 %", statistics.quantiles(waits_ms, n=100)[-1], "ms")


def _go(process: subprocess.Popen[str]) -> Callable[[], str]:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.write("\n")
    process.stdin.flush()
    return lambda: process.communicate()[0].strip().splitlines()[-1]


def _phases() -> None:
    """What 100,000 phases of a run cost the training that marks them, and leave in memory."""
    program = (
        "import json, resource, time, tracker\n"
        "def memory_mb():\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "def mark(count):\n"
        "    began, cpu = time.perf_counter(), time.thread_time()\n"
        "    for _ in range(count):\n"
        "        with run.phase('step'): pass\n"
        "    return time.perf_counter() - began, time.thread_time() - cpu\n"
        "with tracker.track('phases') as run:\n"
        "    mark(1000)\n"
        "    time.sleep(3)\n"
        "    before_mb = memory_mb()\n"
        "    parts = []\n"
        "    for _ in range(10):\n"
        "        parts.append(mark(10_000))\n"
        "        time.sleep(2)\n"
        "    wall_s, cpu_s = (sum(part) for part in zip(*parts))\n"
        "    print(json.dumps([wall_s / 100, cpu_s / 100, memory_mb() - before_mb]))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {"TRACKER_STORE": f"sqlite:///{folder}/runs.db"}
        command = (sys.executable, "-c", program)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environ)
    wall_ms, cpu_ms, grown_mb = json.loads(done.stdout.splitlines()[0])
    line("to open and close one of 100,000 phases", wall_ms, "ms", most=0.2)
    line("  CPU of the thread that does", cpu_ms, "ms", most=0.2)
    line("  memory that grows meanwhile, in ten bursts of 10,000", grown_mb, "MB")


def _ship(local: str, server: str, rows: int) -> None:
    from fakes.records import at, run, segment  # noqa: PLC0415 - on the path since _bench
    from tracker.model.run import Metric  # noqa: PLC0415 - with it
    from tracker.store.writer import Writer  # noqa: PLC0415 - with it

    session = Session(local, server, lambda _: True, lambda *_: None)
    of = run()
    part = segment(of)
    with open_database(local, mode="write") as database:
        writer = Writer(database, session.target)
        writer.save([of, part])
        for start in range(0, rows, 10_000):
            some = range(start, start + 10_000)
            writer.save([Metric(part.id, n, None, "loss", float(n), at(n)) for n in some])
        began_s, cpu_s = time.perf_counter(), time.process_time()
        session.ship()
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        left = waiting(database)
    session.close()
    line("rows shipped a second", rows / took_s, "")
    line("  CPU of a thousand rows", cpu_s / rows * 1000 * MS_PER_S, "ms")
    line("  rows left", float(sum(one.rows for one in left)), "", most=0)


@contextmanager
def _server() -> Iterator[str]:
    from integration.conftest import NAMED  # noqa: PLC0415 - on the path since _bench
    from integration.postgres import Server  # noqa: PLC0415 - the same

    if NAMED:
        engine = create_engine(NAMED, isolation_level="AUTOCOMMIT")
        name = f"bench_{uuid4().hex}"
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
            yield make_url(NAMED).set(database=name).render_as_string(hide_password=False)
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        engine.dispose()
        return
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), connections=250)
        try:
            yield server.url
        finally:
            server.stop()


if __name__ == "__main__":
    main()
