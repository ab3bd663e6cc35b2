"""One process of a machine at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tracker.store.lock import FileLock

TRY = "import sys; from pathlib import Path; from tracker.store.lock import FileLock;"


def held_elsewhere(path: Path) -> bool:
    program = f"{TRY} sys.exit(FileLock(Path({str(path)!r})).acquire())"
    return subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_another_process_does_not_get_it_until_it_is_let_go(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    assert lock.acquire()
    assert held_elsewhere(tmp_path / "lock")
    lock.release()
    lock.release()
    assert not held_elsewhere(tmp_path / "lock")
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_forked_child_does_not_keep_it(tmp_path: Path) -> None:
    program = f"""{TRY}
import os, time
lock = FileLock(Path({str(tmp_path / "lock")!r}))
assert lock.acquire()
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert parent.wait(60) == 0
        assert not held_elsewhere(tmp_path / "lock")
    finally:
        os.kill(child, 9)
        parent.stdout.close()


def test_a_folder_that_cannot_be_written_locks_nothing_out(tmp_path: Path) -> None:
    assert FileLock(tmp_path / "missing" / "lock").acquire()
