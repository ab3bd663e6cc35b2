"""What is measured, and how well."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

from msgspec import Struct


class DeviceKind(StrEnum):
    """What sort of thing draws the power."""

    GPU = "gpu"
    CPU = "cpu"
    DRAM = "dram"
    NODE = "node"
    PLATFORM = "platform"

    __hash__ = str.__hash__  # Enum's own is a Python function


class Method(StrEnum):
    """How a stretch of energy was obtained, best first."""

    COUNTER = "counter"
    POLLED = "polled"
    MODEL = "model"
    BRIDGED = "bridged"

    __hash__ = str.__hash__  # Enum's own is a Python function


class Ratio(Struct, frozen=True):
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


class Accuracy(Struct, frozen=True):
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
        """Whether the figure is computed rather than read; a share is."""
        return self.accuracy_class.startswith(("model:", "share:"))


class Device(Struct, frozen=True):
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


_SHARE: Final = "/process"
"""Ends the id of a device of which a run counts its own processes' share."""

SHARE_ERROR_RATIO: Final = 0.3
"""How far a share may be off: CPU time knows neither the clock's speed nor what the other
thread of a core does, and a GPU's busy time not how hard it works. Our judgement."""


def is_share(device_id: str) -> bool:
    """Whether the id is that of a process's share of a device."""
    return device_id.endswith(_SHARE)


def whole_of(device_id: str) -> str:
    """The id of the whole device."""
    return device_id.removesuffix(_SHARE)


def share_of(device: Device) -> Device:
    """The part of a device that a run's own processes use: an estimate, whatever is read.

    The error of the share is the same method's everywhere, so all of it is common.
    """
    common, own = device.accuracy.common_ratio, device.accuracy.own_ratio
    half = math.hypot(common.half_width, own.half_width, SHARE_ERROR_RATIO)
    middle = common.midpoint + own.midpoint - 1
    accuracy = Accuracy.of(
        f"share:{device.kind}", max(middle - half, 0.0), middle + half, common_share=1.0
    )
    name = f"{device.name} (these processes' share)"
    return Device(device.id + _SHARE, device.kind, name, accuracy, added=device.added)


class NotCounted(Struct, frozen=True):
    """A device, or a kind of device, whose energy is not in the figures.

    Attributes:
        what: the device id or a plain name (``cpu``, ``GPU 3 (GPU-8a1b…)``).
        reason: why not, and what would change it.
    """

    what: str
    reason: str
