from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence

from tracker.errors import SourceGone, SourceReadError
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import (
    Answer,
    EnergyReading,
    PowerReading,
    ReadFailure,
    Reading,
    ReadWish,
    Settled,
)
from tracker.ports.source import Inventory
from tracker.sampling.clock import SystemClock
from tracker.sampling.sampler import Sampler
from tracker.sampling.selection import OpenedSource, Selection


def device(device_id: str, accuracy_class: str) -> Device:
    return Device(device_id, DeviceKind.CPU, device_id, Accuracy.of(accuracy_class, 0.9, 1.1))


COUNTED = device("cpu:counted", "counter:cpu")
MODELLED = device("cpu:model", "model:cpu")
Answering = Callable[[], Sequence[Answer]]


class FakeSource:
    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.reads = 0
        self.closed = threading.Event()

    def devices(self) -> Inventory:
        return Inventory(())

    def read(self) -> Sequence[Answer]:
        self.reads += 1
        return self.answer()

    def close(self) -> None:
        self.closed.set()


class Rounds:
    """A sink that remembers, and lets a test wait for the n-th round."""

    def __init__(self, wish: Callable[[], ReadWish | None] = lambda: None) -> None:
        self.readings: list[list[Reading]] = []
        self.failures: list[ReadFailure] = []
        self.answers: list[Settled] = []
        self.ticks = 0
        self.wish = wish
        self._changed = threading.Condition()

    def opened(self, selection: Selection) -> None:
        pass

    def settled(self, answers: Sequence[Settled]) -> None:
        self.answers += answers

    def take(
        self, readings: Sequence[Reading], failures: Sequence[ReadFailure], *, is_tick: bool
    ) -> ReadWish | None:
        with self._changed:
            self.readings.append(list(readings))
            self.failures += failures
            self.ticks += is_tick
            self._changed.notify_all()
        return self.wish()

    def wait_for(self, rounds: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.readings) >= rounds, 5)


def counted() -> list[EnergyReading]:
    return [EnergyReading(COUNTED.id, time.monotonic_ns(), 1.0)]


def modelled() -> list[PowerReading]:
    return [PowerReading(MODELLED.id, time.monotonic_ns(), 1.0, 1.0)]


def sampler_of(
    sink: Rounds, *sources: tuple[FakeSource, Device], interval_s: float = 60.0
) -> Sampler:
    selection = Selection([OpenedSource("s", one, (what,)) for one, what in sources])
    return Sampler(lambda: selection, sink, SystemClock(), interval_s)


def test_ticks_read_everything_and_edges_only_what_counts() -> None:
    sink, counter, model = Rounds(), FakeSource(counted), FakeSource(modelled)
    sampler = sampler_of(sink, (counter, COUNTED), (model, MODELLED))
    sampler.start()
    sink.wait_for(1)
    sampler.read_now()
    sink.wait_for(2)
    sampler.read_now(everything=True)
    sink.wait_for(3)
    sampler.stop()
    assert [len(one) for one in sink.readings[:3]] == [2, 1, 2]
    assert sink.ticks == 1
    assert counter.closed.wait(5)
    assert model.closed.wait(5)


def test_what_is_settled_goes_its_own_way() -> None:
    sink, answer = Rounds(), Settled(COUNTED.id, "somebody else's")
    source = FakeSource(lambda: [answer, Settled("gpu:unknown", None), *counted()])
    sampler = sampler_of(sink, (source, COUNTED))
    sampler.start()
    sink.wait_for(1)
    sampler.stop()
    assert sink.answers[:1] == [answer]
    assert len(sink.readings[0]) == 1


def test_ticks_come_at_the_interval() -> None:
    sink = Rounds()
    sampler = sampler_of(sink, (FakeSource(counted), COUNTED), interval_s=0.1)
    started = time.monotonic()
    sampler.start()
    sink.wait_for(5)
    sampler.stop()
    assert sink.ticks >= 5
    assert time.monotonic() - started >= 0.4


def test_a_wish_is_granted_before_the_next_tick() -> None:
    wishes = iter([ReadWish(time.monotonic_ns() + 20_000_000, frozenset({COUNTED.id}))])
    sink = Rounds(lambda: next(wishes, None))
    sampler = sampler_of(sink, (FakeSource(counted), COUNTED))
    sampler.start()
    sink.wait_for(2)
    sampler.stop()
    assert sink.ticks == 1


class SelectiveFake(FakeSource):
    def __init__(self, answer: Answering) -> None:
        super().__init__(answer)
        self.asked: list[Collection[str]] = []

    def read_only(self, device_ids: Collection[str]) -> Sequence[Answer]:
        self.asked.append(device_ids)
        return self.answer()


def test_a_wish_reads_only_what_it_is_for() -> None:
    other = device("gpu:other", "counter:gpu")
    wishes = iter([ReadWish(time.monotonic_ns() + 20_000_000, frozenset({COUNTED.id}))])
    sink = Rounds(lambda: next(wishes, None))
    wished, unwished = SelectiveFake(counted), FakeSource(list)
    sampler = sampler_of(sink, (wished, COUNTED), (unwished, other))
    sampler.start()
    sink.wait_for(2)
    sampler.read_now()
    sink.wait_for(3)
    sampler.stop()
    sampler.join(5)
    assert wished.asked == [frozenset({COUNTED.id})]
    assert (wished.reads, unwished.reads) == (2, 2)  # at the tick, and when asked for all


def test_many_edges_do_not_make_many_reads() -> None:
    sink, counter = Rounds(), FakeSource(counted)
    sampler = sampler_of(sink, (counter, COUNTED))
    sampler.start()
    sink.wait_for(1)
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        sampler.read_now()
    sampler.stop()
    assert counter.reads <= 0.2 / 0.004 + 5


def test_failures_are_told_and_the_next_tick_tries_again() -> None:
    errors = iter([SourceReadError("busy"), ValueError("bug"), SourceGone("lost")])

    def answer() -> list[EnergyReading]:
        raise next(errors, SourceReadError("again"))

    sink = Rounds()
    sampler = sampler_of(sink, (FakeSource(answer), COUNTED), interval_s=0.1)
    sampler.start()
    sink.wait_for(4)
    sampler.stop()
    assert {one.device_id for one in sink.failures} == {COUNTED.id}
    assert [type(one.error) for one in sink.failures[:3]] == [
        SourceReadError,
        SourceReadError,
        SourceGone,
    ]
    assert "ValueError: bug" in str(sink.failures[1].error)


def test_readings_of_devices_that_do_not_count_are_dropped() -> None:
    sink = Rounds()
    sampler = sampler_of(sink, (FakeSource(lambda: [*counted(), *modelled()]), COUNTED))
    sampler.start()
    sink.wait_for(1)
    sampler.stop()
    assert [one.device_id for one in sink.readings[0]] == [COUNTED.id]
