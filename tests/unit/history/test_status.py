"""How a run stands, seen from its own machine and from elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes.records import START, at, here, run, segment
from tracker.history.status import Vantage, standing
from tracker.live.provenance import process_started_at
from tracker.model.run import Heartbeat, RunStatus, Segment

RUN = run()
PROC = Path("/proc")


def status(*segments: Segment, beat: datetime | None = None, vantage: Vantage) -> RunStatus:
    beats = {one.id: Heartbeat(one.id, beat, {}, ()) for one in segments} if beat else {}
    return standing(START, segments, beats, vantage).status


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits."""
    started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield started
    started.kill()
    started.communicate()


def written_by(pid: int) -> Segment:
    return replace(here(segment(RUN)), pid=pid, process_started_at=process_started_at(pid, PROC))


def test_on_its_own_machine_a_run_stands_as_its_process_does(
    process: subprocess.Popen[bytes],
) -> None:
    writer = written_by(process.pid)
    assert status(writer, vantage=Vantage.here()) is RunStatus.RUNNING
    os.kill(process.pid, signal.SIGSTOP)
    assert status(writer, vantage=Vantage.here()) is RunStatus.RUNNING
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped
    assert status(writer, vantage=Vantage.here()) is RunStatus.INTERRUPTED
    process.wait()
    just_now = datetime.now(UTC)
    assert status(writer, beat=just_now, vantage=Vantage.here()) is RunStatus.INTERRUPTED


def test_a_pid_that_another_process_got_is_not_the_writer() -> None:
    mine = written_by(os.getpid())
    assert status(mine, vantage=Vantage.here()) is RunStatus.RUNNING
    earlier = replace(mine, process_started_at=mine.process_started_at - 60)
    assert status(earlier, vantage=Vantage.here()) is RunStatus.INTERRUPTED


@pytest.mark.parametrize("field", ["boot_id", "pid_namespace"])
def test_elsewhere_the_heartbeat_tells(field: str) -> None:
    elsewhere = replace(written_by(os.getpid()), **{field: "another"})
    now = at(3600)
    vantage = replace(Vantage.here(), now=now)
    fresh, stale = now - timedelta(seconds=119), now - timedelta(seconds=121)
    assert status(elsewhere, beat=fresh, vantage=vantage) is RunStatus.RUNNING
    assert status(elsewhere, beat=stale, vantage=vantage) is RunStatus.INTERRUPTED
    assert status(elsewhere, vantage=vantage) is RunStatus.INTERRUPTED
    assert status(elsewhere, vantage=replace(vantage, now=at(60))) is RunStatus.RUNNING


def test_a_system_without_proc_goes_by_the_heartbeat(tmp_path: Path) -> None:
    vantage = Vantage.here(tmp_path, at(10))
    assert (vantage.boot_id, vantage.pid_namespace) == ("", "")
    unknown = replace(segment(RUN), boot_id="", pid_namespace="", pid=2**30)
    assert status(unknown, beat=at(5), vantage=vantage) is RunStatus.RUNNING


def test_what_ended_by_itself_stands_as_it_said() -> None:
    done = segment(RUN, ended_at=at(20))
    vantage = Vantage.here(now=at(9999))
    found = standing(START, [done], {done.id: Heartbeat(done.id, at(19), {}, ())}, vantage)
    assert found.status is RunStatus.FINISHED
    assert found.ended_at == found.last_seen_at == at(20)
    assert found.duration_s == 20.0
    failed = replace(done, outcome=RunStatus.FAILED)
    assert status(failed, vantage=vantage) is RunStatus.FAILED


def test_an_interrupted_run_has_no_end_but_a_last_sign() -> None:
    lost = replace(segment(RUN), pid=2**30)
    beats = {lost.id: Heartbeat(lost.id, at(30.5), {}, ())}
    found = standing(START, [lost], beats, Vantage.here(now=at(9999)))
    assert (found.status, found.ended_at) == (RunStatus.INTERRUPTED, None)
    assert (found.last_seen_at, found.duration_s) == (at(30.5), 30.5)


def test_segments_are_taken_together() -> None:
    first = replace(segment(RUN), started_at=at(0), ended_at=at(10), outcome=RunStatus.FAILED)
    other = replace(segment(RUN), started_at=at(5), ended_at=at(12), outcome=RunStatus.FINISHED)
    resumed = replace(segment(RUN), started_at=at(60), ended_at=at(70), outcome=RunStatus.FINISHED)
    vantage = Vantage.here(now=at(9999))
    found = standing(START, [resumed, first, other], {}, vantage)
    assert (found.status, found.ended_at) == (RunStatus.FINISHED, at(70))
    assert found.duration_s == 22.0
    lost = replace(segment(RUN), started_at=at(80), pid=2**30)
    assert status(first, lost, vantage=vantage) is RunStatus.INTERRUPTED
    living = replace(here(segment(RUN)), started_at=at(80))
    assert status(first, lost, living, vantage=vantage) is RunStatus.RUNNING


def test_a_run_of_which_nothing_was_written_was_interrupted() -> None:
    found = standing(START, [], {}, Vantage.here())
    assert (found.status, found.last_seen_at) == (RunStatus.INTERRUPTED, START)
    assert found.duration_s == 0.0
