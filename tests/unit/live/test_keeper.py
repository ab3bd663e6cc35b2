"""Nothing is lost where a commit fails, and nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import pytest

from tracker.errors import StoreError
from tracker.live.keeper import CHECKPOINT_S, Flushed, Keeper
from tracker.live.kept import KeptStore
from tracker.live.pending import Pending
from tracker.model.run import Heartbeat, Metric, Record

AT = datetime(2026, 1, 1, tzinfo=UTC)
SEGMENT = UUID(int=7)


def metric(number: int, value: float = 0.0) -> Metric:
    return Metric(SEGMENT, number, None, "loss", value, AT)


class FakeStore:
    def __init__(self) -> None:
        self.saved: list[Record] = []
        self.error: StoreError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.closed = False
        self.tidied = 0
        self.checkpoints = 0
        self.reported: list[UUID] = []

    def checkpoint(self) -> None:
        self.checkpoints += 1

    def tidy(self) -> None:
        self.tidied += 1

    def save(self, records: Sequence[Record]) -> None:
        self.gate.wait(5)
        if self.error is not None:
            raise self.error
        self.saved += records

    def records(self, run_id: UUID) -> list[Record]:
        return list(self.saved)

    def report(self, run_id: UUID, *, kept: bool) -> tuple[list[Record], bool]:
        self.reported.append(run_id)
        return self.saved, kept

    def close(self) -> None:
        self.closed = True


@contextmanager
def keeping(
    open_store: Callable[[], FakeStore],
    memory: FakeStore | None = None,
    checkpoint_s: float = CHECKPOINT_S,
) -> Iterator[tuple[Keeper, list[tuple[str, str]]]]:
    troubles: list[tuple[str, str]] = []
    keeper = Keeper(
        cast("Callable[[], KeptStore]", open_store),
        lambda: cast("KeptStore", memory or FakeStore()),
        lambda *trouble: troubles.append(trouble),
        checkpoint_s,
    )
    keeper.start()
    try:
        yield keeper, troubles
    finally:
        keeper.close(5)


def test_a_newer_record_replaces_its_predecessor_and_a_returned_one_does_not() -> None:
    pending = Pending()
    pending.put([metric(0, 1.0), metric(1, 1.0)])
    taken = pending.take()
    pending.put([metric(0, 2.0)])
    pending.put_back(taken)
    assert sorted(cast("Metric", one).value for one in pending.take()) == [1.0, 2.0]


def test_what_was_put_is_written_and_the_store_closed() -> None:
    store = FakeStore()
    with keeping(lambda: store) as (keeper, troubles):
        keeper.put([metric(0)])
        assert keeper.flush(5) is Flushed.SAVED
        assert store.saved == [metric(0)]
        keeper.put([metric(1)])
    assert store.saved == [metric(0), metric(1)]
    assert store.closed
    assert not troubles


def test_a_locked_store_costs_nothing_and_says_nothing() -> None:
    store = FakeStore()
    store.error = StoreError("locked", transient=True)
    with keeping(lambda: store) as (keeper, troubles):
        keeper.put([metric(0)])
        assert keeper.flush(5) is Flushed.REFUSED
        store.error = None
        assert keeper.flush(5) is Flushed.SAVED
    assert store.saved == [metric(0)]
    assert not troubles


def test_a_full_disk_is_one_warning_and_the_report_still_holds_everything() -> None:
    store, memory = FakeStore(), FakeStore()
    with keeping(lambda: store, memory) as (keeper, troubles):
        keeper.put([metric(0)])
        keeper.flush(5)
        store.error = StoreError("disk full")
        for number in range(1, 5):
            keeper.put([metric(number)])
            assert keeper.flush(5) is Flushed.REFUSED
        records, kept = cast("tuple[list[Record], bool]", keeper.report_with_pending(SEGMENT))
        assert len(records) == 5
        assert not kept
    assert [kind for kind, _ in troubles] == ["store-failed"]


def test_a_store_that_cannot_be_opened_leaves_the_run_in_memory() -> None:
    memory = FakeStore()

    def refuse() -> FakeStore:
        raise StoreError("no permission to write /nowhere")

    with keeping(refuse, memory) as (keeper, troubles):
        keeper.put([metric(0)])
        assert keeper.flush(5) is Flushed.SAVED
        assert not keeper.kept
    assert memory.saved == [metric(0)]
    assert troubles == [
        ("store-unavailable", "this run is not kept: no permission to write /nowhere")
    ]


def test_nobody_waits_longer_than_asked_for_a_store_that_hangs() -> None:
    store = FakeStore()
    store.gate.clear()
    with keeping(lambda: store) as (keeper, _):
        keeper.put([metric(0)])
        assert keeper.flush(0.05) is Flushed.LATE
        store.gate.set()
        assert keeper.flush(5) is Flushed.SAVED


def test_only_the_newest_heartbeat_is_written() -> None:
    store = FakeStore()
    store.gate.clear()
    with keeping(lambda: store) as (keeper, _):
        for second in range(5):
            keeper.put([Heartbeat(SEGMENT, AT.replace(second=second), {}, ())])
        store.gate.set()
        keeper.flush(5)
    assert [cast("Heartbeat", one).at.second for one in store.saved] == [4]


@pytest.mark.parametrize("error", [ValueError("bug"), StoreError("gone")])
def test_a_job_that_fails_does_not_end_the_writer(error: Exception) -> None:
    store = FakeStore()

    def fail() -> None:
        raise error

    with keeping(lambda: store) as (keeper, _):
        keeper.do_first(fail)
        keeper.put([metric(0)])
        assert keeper.flush(5) is Flushed.SAVED
    assert store.saved == [metric(0)]


def test_old_runs_are_compacted_once_and_not_by_a_short_run() -> None:
    store = FakeStore()
    with keeping(lambda: store) as (keeper, _):
        keeper.flush(5)
        assert store.tidied == 0
        keeper._tidy_at_s = 0.0
        for _ in range(3):
            keeper.flush(5)
    assert store.tidied == 1


@pytest.mark.parametrize(("every_s", "meanwhile"), [(0.0, 3), (3600.0, 1)])
def test_what_was_committed_is_made_safe_now_and_then_and_at_the_end(
    every_s: float, meanwhile: int
) -> None:
    store = FakeStore()
    with keeping(lambda: store, checkpoint_s=every_s) as (keeper, _):
        for _ in range(3):
            keeper.flush(5)
        keeper.flush(5)  # what is done after a commit is done before the next
        assert store.checkpoints in {meanwhile, meanwhile + 1}
    assert store.checkpoints > meanwhile


def test_a_report_is_rehearsed_once_while_the_run_goes_on() -> None:
    run_id, store = UUID(int=9), FakeStore()
    with keeping(lambda: store) as (keeper, troubles):
        keeper.rehearse(run_id)
        keeper.rehearse(UUID(int=10))  # another run of the process: what it asks is compiled
        for number in range(4):
            keeper.put([metric(number)])
            assert keeper.flush(5) is Flushed.SAVED
        keeper.put([metric(4)])
        assert keeper.flush(5) is Flushed.SAVED
    assert store.reported == [run_id]
    assert troubles == []
