"""Processes and the server are killed at random, and nothing that was committed is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from integration.postgres import Server
from tracker.errors import StoreError
from tracker.store.database import open_database
from tracker.store.outbox import waiting
from tracker.store.reader import Reader
from tracker.store.session import Session
from tracker.store.upgrade import upgrade_server

SHORT, FULL = 10, 200
LIVES_S = (0.05, 0.6)
"""How long a process or server lives on before it is killed."""

WORKER = """
import sys, threading, time
sys.path.insert(0, {tests!r})
from fakes.records import GPU, interval, run, segment
from datetime import UTC, datetime
from tracker.errors import StoreError
from tracker.model.run import Heartbeat, Metric, SegmentDevice
from tracker.store import address
from tracker.store.database import open_database
from tracker.store.session import Session
from tracker.store.writer import Writer

local, server = {local!r}, {server!r}
of = run("worker", started_at=datetime.now(UTC))
part = segment(of)
session = Session(local, server, lambda segment: segment.id != part.id, lambda *_: None)

def ship():
    while True:
        try:
            session.ship()
        except StoreError:
            pass
        time.sleep(0.02)

with open_database(local, mode="write") as database:
    writer = Writer(database, session.target)
    writer.save([of, part, SegmentDevice(part.id, GPU, "fake")])
    print(of.id, flush=True)
    threading.Thread(target=ship, daemon=True).start()
    for n in range(1_000_000):
        while True:
            try:
                writer.save([
                    interval(part, GPU, n // 10 * 10, 300.0 * (n % 10 + 1), lasts_s=n % 10 + 1),
                    Metric(part.id, n, None, "tick", float(n), datetime.now(UTC)),
                    Heartbeat(part.id, datetime.now(UTC), {{GPU.id: 300.0}}, ()),
                ])
                break
            except StoreError as error:
                if not error.transient:
                    raise
        print(n, flush=True)
"""


@dataclass
class Worker:
    """A process that writes as fast as it can, and ships what it wrote."""

    process: subprocess.Popen[str]
    run_id: UUID
    ticks: int = field(default=0)

    @classmethod
    def start(cls, local: str, server: str) -> Worker:
        tests = str(Path(__file__).parents[2])
        program = WORKER.format(tests=tests, local=local, server=server)
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return cls(process, UUID(process.stdout.readline().strip()))

    def kill(self) -> None:
        """As the kernel does it; afterwards ``ticks`` is what it said it had committed."""
        self.process.send_signal(signal.SIGKILL)
        said, _ = self.process.communicate()
        self.ticks = said.count("\n")


@pytest.fixture
def server() -> Iterator[Server]:
    """One that may be killed."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(SHORT, id="short"), pytest.param(FULL, id="full", marks=pytest.mark.long)],
)
@pytest.mark.timeout(3000)
def test_no_committed_tick_is_lost_whoever_is_killed(
    server: Server, tmp_path: Path, rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(rounds)  # noqa: S311 - chance, not secrets
    local = f"sqlite:///{tmp_path}/runs.db"
    upgrade_server(server.url)
    workers: list[Worker] = []
    kills = {"process": 0, "server": 0}
    worker = Worker.start(local, server.url)
    for _ in range(rounds):
        time.sleep(chance.uniform(*LIVES_S))
        victim = chance.choice(["process", "server"])
        kills[victim] += 1
        if victim == "server":
            server.kill()
            time.sleep(chance.uniform(0, 0.2))
            server.start()
        else:
            worker.kill()
            workers.append(worker)
            worker = Worker.start(local, server.url)
    worker.kill()
    workers.append(worker)
    lost = sum(_lost(local, one) for one in workers)
    _ship_all(local, server.url)
    with open_database(local, mode="read") as here, open_database(server.url, mode="read") as there:
        assert waiting(here) == ()
        for one in workers:
            assert Reader(there).records(one.run_id) == Reader(here).records(one.run_id)
    ticks = sum(one.ticks for one in workers)
    with capsys.disabled():
        print(f"\n{rounds} kills {kills}, {ticks} ticks committed, {lost} lost")  # noqa: T201 - what it is for
    assert ticks > rounds
    assert lost == 0


def _lost(local: str, worker: Worker) -> int:
    """Ticks that were committed and are not there; the one under way may be there or not."""
    with open_database(local, mode="read") as database:
        found = [one.number for one in Reader(database).run(worker.run_id)[1].metrics]
        slots = list(Reader(database).intervals(worker.run_id))
    assert found == list(range(len(found)))
    assert len(found) in {worker.ticks, worker.ticks + 1}
    assert sum(one.interval.energy_j for one in slots) == pytest.approx(300.0 * len(found))
    return max(worker.ticks - len(found), 0)


def _ship_all(local: str, server: str) -> None:
    session = Session(local, server, lambda _: True, lambda *_: None)
    try:
        for _ in range(100):
            try:
                if session.ship() is not None:
                    return
            except StoreError:  # it is still recovering
                time.sleep(0.2)
    finally:
        session.close()
