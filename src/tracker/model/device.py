"""What is measured, and how well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class DeviceKind(StrEnum):
    """What sort of thing draws the power."""

    GPU = "gpu"
    CPU = "cpu"
    DRAM = "dram"
    NODE = "node"
    PLATFORM = "platform"


class Method(StrEnum):
    """How a stretch of energy was obtained, best first."""

    COUNTER = "counter"
    POLLED = "polled"
    MODEL = "model"
    BRIDGED = "bridged"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The interval, about 95 %, in which true over read lies; 1.0 is a perfect meter."""

    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """The centre of the interval; not 1.0 where a sensor errs to one side."""
        return (self.low + self.high) / 2

    @property
    def half_width(self) -> float:
        """Half the distance from low to high."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far a device's figure may be from the truth; stated by the source.

    A gain error has a part that all devices of the class share (a sensor design that
    leaves out a rail) and a part of each board's own. ``model/ranges.py`` combines them.

    Attributes:
        accuracy_class: ``method:what``, for example ``counter:gpu`` or ``model:cpu``.
        common_ratio: true over read, as far as the whole class shares it.
        own_ratio: true over read, as far as it is this board's own.
    """

    accuracy_class: str
    common_ratio: Ratio
    own_ratio: Ratio

    @classmethod
    def of(
        cls, accuracy_class: str, low: float, high: float, *, common_share: float = 0.5
    ) -> Accuracy:
        """Split one board's interval ``low`` … ``high`` into a common and an own part.

        Args:
            accuracy_class: the class's name.
            low: lowest plausible true over read for one board.
            high: highest plausible true over read for one board.
            common_share: the share of the variance that all boards have in common;
                1.0 for models, which err the same way everywhere.
        """
        whole = Ratio(low, high)
        common = whole.half_width * math.sqrt(common_share)
        own = whole.half_width * math.sqrt(1 - common_share)
        return cls(
            accuracy_class,
            Ratio(whole.midpoint - common, whole.midpoint + common),
            Ratio(1 - own, 1 + own),
        )

    def widened_to(self, ratio: float) -> Accuracy:
        """The same, but so that the truth may also be ``ratio`` times the figure."""
        own = self.own_ratio
        wider = Ratio(own.low * min(ratio, 1.0), own.high * max(ratio, 1.0))
        return Accuracy(self.accuracy_class, self.common_ratio, wider)

    @property
    def is_model(self) -> bool:
        """Whether the figure is computed rather than read."""
        return self.accuracy_class.startswith("model:")


@dataclass(frozen=True, slots=True)
class Device:
    """One thing with an energy figure of its own.

    Attributes:
        id: ``kind:name``, the same over reboots: ``gpu:GPU-8a1b…``, ``cpu:package-0``.
        name: what people call it: ``NVIDIA H100 PCIe``.
        covers: shell patterns of device ids whose energy this one already includes;
            parts are never added to a whole.
        refresh_s: the longest time between two publications of its counter, in
            seconds; 0 where every read is fresh.
        added: whether its figure may be part of a total; one that holds parts of others
            which cannot be told apart is only shown.
    """

    id: str
    kind: DeviceKind
    name: str
    accuracy: Accuracy
    covers: tuple[str, ...] = ()
    refresh_s: float = 0.0
    added: bool = True


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A device, or a kind of device, whose energy is not in the figures.

    Attributes:
        what: the device id or a plain name (``cpu``, ``GPU 3 (GPU-8a1b…)``).
        reason: why not, and what would change it.
    """

    what: str
    reason: str
