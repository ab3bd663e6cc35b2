"""Another tool's record of runs: one file in ``plugins/importers/``.

An importer translates the file, and nothing else: what is made of it is the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from msgspec import Struct, field

from tracker.model.device import DeviceKind


class ImportedDevice(Struct, frozen=True):
    """Energy that another tool booked on a kind of device, in joules, without any PUE.

    Attributes:
        name: what the hardware is called there.
    """

    kind: DeviceKind
    name: str
    energy_j: float


class ImportedPhase(Struct, frozen=True):
    """A phase of the run; ``energy_j`` by kind of device, in joules, without any PUE."""

    name: str
    start: datetime
    end: datetime
    energy_j: Mapping[DeviceKind, float]


class ImportedRun(Struct, frozen=True):
    """A run as another tool recorded it.

    Attributes:
        key: the same whenever this run is read again, from whichever file: its id there, or
            all that is known of it.
        run_id: its id, where that tool gives UUIDs.
        started_at: UTC.
        ended_at: UTC.
        devices: one of each kind at most.
        carbon_g: grams of CO2e, PUE included; ``None`` where that tool has none.
        pue: what is in its carbon, and in no joules here.
        zone: where, as the location setting takes it; empty where it is not known.
        place: the same, for people.
        facts: what else it says, for the provenance: versions, operating system, cost.
    """

    key: str
    name: str
    project: str
    started_at: datetime
    ended_at: datetime
    devices: tuple[ImportedDevice, ...]
    carbon_g: float | None
    run_id: UUID | None = None
    pue: float = 1.0
    zone: str = ""
    place: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    phases: tuple[ImportedPhase, ...] = ()


class ImporterPlugin(Protocol):
    """A module in ``plugins/importers/``; the tool's name is the file's."""

    def recognises(self, path: Path, head: str) -> bool:
        """Whether a file is one of that tool's.

        Args:
            path: the file's.
            head: its first 4,000 characters.
        """

    def read(self, path: Path) -> Iterable[ImportedRun]:
        """The runs of a file; of a run that is in it several times, the last state.

        Raises:
            ImportRefused: it is damaged; the message names line and value.
        """


def ours(plugins: Mapping[str, ImporterPlugin], path: Path, head: str) -> Sequence[str]:
    """Names of the tools that recognise a file."""
    return [name for name, plugin in plugins.items() if plugin.recognises(path, head)]
