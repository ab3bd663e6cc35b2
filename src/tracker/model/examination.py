"""What this machine, its settings and its store offer, as ``tracker doctor`` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tracker.model.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.carbon import CarbonIntensity, Location
    from tracker.model.device import DeviceKind, NotCounted


class DeviceExamination(Struct, frozen=True):
    """A device that a source reads.

    Attributes:
        accuracy_class: ``method:what``, as in ``Accuracy``.
        low_ratio: lowest plausible true over read, about 95 %.
        high_ratio: highest plausible true over read.
        in_total: whether a run on this machine would add it up.
        covered_by: the device that already holds it, or that a run would read instead.
    """

    device_id: str
    kind: DeviceKind
    name: str
    accuracy_class: str
    low_ratio: float
    high_ratio: float
    in_total: bool = True
    covered_by: str | None = None


class SourceExamination(Struct, frozen=True):
    """One source of energy readings: usable, or why not.

    Attributes:
        reason: why it is not usable; empty where it is.
        fix: the commands that mend it, one a line; empty where nothing can be done.
        fallback_for: the kind of device that it stands in for where nothing reads one.
        versions: what reads the devices: ``{"nvidia driver": "550.54.15"}``.
    """

    name: str
    usable: bool
    devices: tuple[DeviceExamination, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()
    reason: str = ""
    fix: str = ""
    fallback_for: DeviceKind | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


class GridExamination(Struct, frozen=True):
    """One provider of carbon intensities: usable, or why not.

    Attributes:
        zones: how many zones it knows; ``None`` where it was not asked.
        needs_network: it is passed over unless ``online`` is set.
        reason: why it is not usable; empty where it is.
        fix: the commands or settings that mend it; empty where nothing can be done.
    """

    name: str
    usable: bool
    zones: int | None = None
    signal: str = ""
    scope: str = ""
    needs_network: bool = False
    reason: str = ""
    fix: str = ""


class StoreExamination(Struct, frozen=True):
    """The store that a run would be kept in.

    Attributes:
        url: for people: a password in it is masked.
        exists: whether anything is there yet; a store is made by the first run.
        state: ``current``, ``none``, ``behind``, ``ahead`` or ``unusable``.
        writable: whether a run can be kept there.
        runs: how many it holds; ``None`` where that cannot be told.
        size_bytes: of the file, where it is one.
        reason: what is wrong; empty where nothing is.
        fix: the commands that mend it; empty where nothing can be done.
    """

    url: str
    exists: bool
    state: str
    writable: bool
    runs: int | None = None
    size_bytes: int | None = None
    reason: str = ""
    fix: str = ""


class SettingExamination(Struct, frozen=True):
    """A setting's value and where it came from, as ``Settings.origins`` says it."""

    name: str
    value: object
    origin: str


class BaselineExamination(Struct, frozen=True):
    """A device's idle power, as it was last measured here.

    Attributes:
        measured_at: UTC.
        duration_s: over so many seconds.
    """

    device_id: str
    power_w: float
    measured_at: datetime
    duration_s: float


class Examination(Struct, frozen=True):
    """All that decides what a run here would measure, price and keep.

    Attributes:
        version: of this package.
        versions: of Python, the operating system, drivers and libraries, by name.
        intensity: what a run would be priced with now; ``None`` where nothing was found.
        location_fix: how to say where the machine stands; empty where it was said.
        baselines: idle power by device, where it was measured.
    """

    version: str
    versions: Mapping[str, str]
    hostname: str
    cpu_name: str
    sources: tuple[SourceExamination, ...]
    grid: tuple[GridExamination, ...]
    location: Location
    intensity: CarbonIntensity | None
    location_fix: str
    store: StoreExamination
    settings: tuple[SettingExamination, ...]
    baselines: tuple[BaselineExamination, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The examination as JSON values, as ``RunReport.to_dict`` writes them."""
        values: dict[str, Any] = plain(self)
        return values
