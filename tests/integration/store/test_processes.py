"""Several processes on one file: made once, written by all, killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from fakes.records import Sample
from tracker.store.database import open_database
from tracker.store.listing import Filter
from tracker.store.reader import Reader
from tracker.store.writer import Writer

_WRITE = """
import sys
sys.path.insert(0, {tests!r})
from fakes.records import run
from tracker.store.database import open_database
from tracker.store.writer import Writer
print("ready", flush=True)
sys.stdin.readline()
with open_database({url!r}, mode="write") as database:
    for number in range({count}):
        Writer(database).save([run(f"{{number}}")])
        print(number, flush=True)
"""


def writer(url: str, count: int) -> subprocess.Popen[str]:
    tests = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE.format(tests=tests, url=url, count=count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_many_make_the_same_store_at_once_and_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/runs.db"
    processes = [writer(url, 20) for _ in range(6)]
    for process in processes:
        go(process)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with open_database(url, mode="read") as database:
        assert Reader(database).count() == 120


def test_what_was_saved_before_a_kill_is_there_and_the_store_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    process = writer(url, 1_000_000)
    go(process)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    saved = len(said) + rest.count("\n")
    with open_database(url, mode="write") as database:
        reader = Reader(database)
        assert saved <= reader.count() <= saved + 1
        sample = Sample()
        Writer(database).save(sample.records())
        assert reader.newest(Filter(name="resnet"), 9) == (sample.id,)


def test_a_reader_sees_each_commit_of_a_living_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/runs.db"
    process = writer(url, 1_000_000)
    go(process)
    assert process.stdout is not None
    try:
        for _ in range(5):
            number = int(process.stdout.readline())
            with open_database(url, mode="read") as database:
                assert Reader(database).count() >= number + 1
    finally:
        process.kill()
        process.communicate()
