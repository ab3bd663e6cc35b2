"""Phases as a training marks them: cheap to open and close, and none is left unsettled."""

from __future__ import annotations

from uuid import UUID

import pytest

from fakes.records import GPU
from tracker.energy.meter import GIVE_UP_NS, Meter
from tracker.live.journal import Journal
from tracker.model.reading import PowerReading
from tracker.model.run import Phase
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Anchor, utc_of

SEGMENT = UUID(int=7)
OFFSET_NS = 1_000


def journal_of(meter: Meter) -> Journal:
    return Journal(SEGMENT, Anchor(OFFSET_NS), meter)


def phases(journal: Journal, *, final: bool = False) -> list[Phase]:
    return [one for one in journal.changes(final=final) if isinstance(one, Phase)]


def polled_meter() -> Meter:
    """A mean of 100 W, read at 0 and 1 s."""
    meter = Meter(lambda *_: None)
    meter.add([GPU])
    read(meter, 0.0)
    read(meter, 1.0)
    return meter


def read(meter: Meter, at_s: float) -> None:
    meter.take([PowerReading(GPU.id, ns_from_s(at_s), 100.0, 1.0)])


def test_a_phase_is_handed_out_when_it_begins_when_it_ends_and_when_it_is_settled() -> None:
    meter = polled_meter()
    journal = journal_of(meter)
    phase = journal.begin("train", None, ns_from_s(1.2))
    (begun,) = phases(journal)
    assert (begun.started_at, begun.ended_at) == (utc_of(ns_from_s(1.2) + OFFSET_NS), None)
    journal.end(phase, ns_from_s(1.7))
    (ended,) = phases(journal)
    assert (ended.ended_at, ended.energy) == (utc_of(ns_from_s(1.7) + OFFSET_NS), None)
    assert phases(journal) == []
    read(meter, 2.0)
    (settled,) = phases(journal)
    assert settled.energy is not None
    assert settled.energy[GPU.id].energy_j == pytest.approx(50.0)
    assert phases(journal) == []


def test_what_began_and_ended_between_two_ticks_is_one_record() -> None:
    journal = journal_of(polled_meter())
    journal.end(journal.begin("step", None, ns_from_s(0.2)), ns_from_s(0.3))
    assert [one.name for one in phases(journal, final=True)] == ["step"]


def test_a_phase_is_numbered_among_its_namesakes_of_one_parent() -> None:
    journal = journal_of(polled_meter())
    for _ in range(2):
        epoch = journal.begin("epoch", None, 0)
        for name in ("train", "test", "train"):
            journal.end(journal.begin(name, epoch, 0), 0)
        journal.end(epoch, 0)
    found = [(one.number, one.name, one.index, one.parent) for one in phases(journal)]
    inner = [("train", 0), ("test", 0), ("train", 1)]
    assert found == [
        (0, "epoch", 0, None),
        *((number, *one, 0) for number, one in enumerate(inner, start=1)),
        (4, "epoch", 1, None),
        *((number, *one, 4) for number, one in enumerate(inner, start=5)),
    ]


def test_a_phase_ends_once() -> None:
    journal = journal_of(polled_meter())
    phase = journal.begin("train", None, 0)
    journal.end(phase, ns_from_s(0.5))
    journal.end(phase, ns_from_s(0.9))
    (found,) = phases(journal, final=True)
    assert found.ended_at == utc_of(ns_from_s(0.5) + OFFSET_NS)


def test_where_nothing_is_read_the_instants_do_not_pile_up() -> None:
    meter = Meter(lambda *_: None)
    meter.add([GPU])
    journal = journal_of(meter)
    for second in range(100):
        journal.end(journal.begin("step", None, ns_from_s(second)), ns_from_s(second + 0.5))
        meter.take([])
        journal.changes()
    waits_s = GIVE_UP_NS // ns_from_s(1) + 1
    assert len(meter._pending) <= 2 * waits_s
    assert len(journal._unsettled) <= waits_s


def test_at_the_end_every_phase_is_settled_with_what_is_known() -> None:
    journal = journal_of(polled_meter())
    journal.begin("outer", None, ns_from_s(0.5))
    journal.begin("inner", None, ns_from_s(0.6))
    journal.end_all(ns_from_s(1.1))
    assert [one.energy is not None for one in phases(journal, final=True)] == [True, True]
    assert journal.open_names() == ()
