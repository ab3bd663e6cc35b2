"""A run and what is kept below it. Each class here is one table of the store."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from tracker.model.carbon import Pricing
from tracker.model.host import HostFacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tracker.model.device import Accuracy, Device, NotCounted
    from tracker.model.energy import CounterCheck, EnergyAmount, EnergyInterval


NAME_LENGTH: Final = 200
"""A longer name is cut."""


class RunStatus(StrEnum):
    """How a run stands; derived when it is read."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Attribution(StrEnum):
    """Whose energy a run counts."""

    MACHINE = "machine"
    PROCESS = "process"


class Run(Struct, frozen=True):
    """One piece of work with a name.

    Attributes:
        id: UUIDv7; its last eight hexadecimal digits are the short id that views print.
        tags: short facts to filter by.
        params: the run's parameters, any JSON value.
        started_at: UTC.
        provenance: user, command line, git commit, versions …; empty where left out.
        parent_id: the run around it, under ``tracker run``; a child is not added to it.
        attribution: whether whole devices count, or this process tree's share of them.
        remainder_ratio: energy of what no source reads (fans, boards, power supply) over
            that of the devices read; ``None`` where nobody gave one.
        note: what a person wrote about it afterwards.
    """

    id: UUID
    name: str
    project: str
    tags: Mapping[str, str]
    params: Mapping[str, object]
    started_at: datetime
    provenance: Mapping[str, object]
    parent_id: UUID | None = None
    attribution: Attribution = Attribution.MACHINE
    remainder_ratio: float | None = None
    note: str = ""

    @property
    def short_id(self) -> str:
        """Eight hexadecimal digits of the id's random end."""
        return self.id.hex[-8:]


class ResumedRun(Run, frozen=True):
    """A run that another process began and this one goes on with: what is stored of it stays."""


class Segment(Struct, frozen=True):
    """One process's part of a run.

    Attributes:
        process_started_at: of the writing process, seconds since boot as the kernel
            states it; with the pid it tells a living writer from a reused pid.
        boot_id: of the writer's machine, at that time.
        pid_namespace: in which the pid is valid.
        interval_s: seconds between two readings.
        ended_at: UTC; ``None`` while it runs, and for ever if it was killed.
        outcome: ``finished`` or ``failed``; ``None`` while it runs.
        error: the exception that ended it, in one line.
        not_counted: what is missing in the figures, and why.
        slept_s: seconds that the machine was suspended meanwhile.
    """

    id: UUID
    run_id: UUID
    host_id: str
    pid: int
    process_started_at: float
    boot_id: str
    pid_namespace: str
    interval_s: float
    started_at: datetime
    ended_at: datetime | None = None
    outcome: RunStatus | None = None
    error: str | None = None
    not_counted: tuple[NotCounted, ...] = ()
    slept_s: float = 0.0


class Heartbeat(Struct, frozen=True):
    """The writer's last sign of life, which ``watch`` shows.

    Attributes:
        at: UTC.
        power_w: last power by device id, in watts.
        open_phases: names of the phases under way, outermost first.
    """

    segment_id: UUID
    at: datetime
    power_w: Mapping[str, float]
    open_phases: tuple[str, ...]


class SegmentDevice(Struct, frozen=True):
    """A device as a segment measured it.

    Attributes:
        source: the plugin that read it.
        covered_by: the device whose figure already holds this one's, or ``None``; what
            is covered is shown and not added.
        left_out: why it was read and is not ours after all, or ``None``; it is then not
            counted.
        check: its counter beside its power readings; ``None`` where there is no such pair.
        suspect: the two disagree by more than both may err.
    """

    segment_id: UUID
    device: Device
    source: str
    covered_by: str | None = None
    left_out: str | None = None
    check: CounterCheck | None = None
    suspect: bool = False

    @property
    def in_total(self) -> bool:
        """Whether its energy is part of the run's total."""
        return self.covered_by is None and self.left_out is None and self.device.added

    @property
    def accuracy(self) -> Accuracy:
        """The source's; of a suspect counter so wide that either reading may be the truth."""
        ratio = self.check.ratio if self.suspect and self.check else None
        stated = self.device.accuracy
        return stated if ratio is None else stated.widened_to(ratio)


class SegmentInterval(Struct, frozen=True):
    """Energy of one device in one slot.

    Attributes:
        slot_start: UTC, a whole multiple of the slot's length since 1970.
        interval: the part of the slot that the segment lived through.
        slot_s: the slot's length in seconds.
    """

    segment_id: UUID
    slot_start: datetime
    interval: EnergyInterval
    slot_s: int = 10


class Phase(Struct, frozen=True):
    """A named stretch of a run.

    Attributes:
        number: its place among the segment's phases, in order of start, from 0.
        index: its place among its namesakes under the same parent, from 0.
        parent: number of the phase around it, or ``None``.
        started_at: UTC.
        ended_at: UTC; ``None`` while it is open.
        energy: by device id, once both edges are settled; else ``None``.
    """

    segment_id: UUID
    number: int
    name: str
    index: int
    parent: int | None
    started_at: datetime
    ended_at: datetime | None = None
    energy: Mapping[str, EnergyAmount] | None = None


class Metric(Struct, frozen=True):
    """A value that the training logged.

    Attributes:
        number: its place among the segment's metrics, from 0.
        phase: number of the innermost open phase of the logging thread, or ``None``.
        at: UTC.
    """

    segment_id: UUID
    number: int
    phase: int | None
    name: str
    value: float
    at: datetime


class Event(Struct, frozen=True):
    """Something that went wrong or was decided; stored once each.

    Attributes:
        number: its place among the segment's events, from 0.
        at: UTC.
        kind: what happened, for programs: ``source-unavailable``, ``counter-reset`` …
        subject: whom it concerns: a device id, a source's or a provider's name.
        message: for people: what was found and what to do.
    """

    segment_id: UUID
    number: int
    at: datetime
    kind: str
    subject: str
    message: str


class Overlap(Struct, frozen=True):
    """What a segment and one of another run both counted of the same device.

    Attributes:
        device_id: as the segment that it belongs to names the device.
        other_run_id: the other segment's run.
        start: UTC, when the later of the two began.
        end: UTC, when the earlier of the two ended, or was last seen.
        energy_j: joules that are in both figures.
    """

    segment_id: UUID
    device_id: str
    other_segment_id: UUID
    other_run_id: UUID
    start: datetime
    end: datetime
    energy_j: float


class Baseline(Struct, frozen=True):
    """Power of one device while nothing was asked of the machine; no run's.

    Attributes:
        at: UTC, when it was measured.
        power_w: mean power, in watts.
        duration_s: over so many seconds.
    """

    host_id: str
    device_id: str
    at: datetime
    power_w: float
    duration_s: float


Record = (
    Run
    | ResumedRun
    | HostFacts
    | Segment
    | Heartbeat
    | SegmentDevice
    | SegmentInterval
    | Phase
    | Metric
    | Event
    | Overlap
    | Baseline
    | Pricing
)
"""Whatever the store keeps: each is written whole and replaces its predecessor."""


class RunTotals(Struct, frozen=True):
    """A run's figures so far, cheap enough to ask for at every step.

    Attributes:
        energy_j: of the devices in the total, in joules.
        carbon_g: at the run's own pricing, in grams.
        power_w: last power by device id, in watts.
        provisional: the carbon is priced with a value that may still be replaced.
    """

    duration_s: float
    energy_j: float
    carbon_g: float
    power_w: Mapping[str, float] = field(default_factory=dict)
    provisional: bool = False
