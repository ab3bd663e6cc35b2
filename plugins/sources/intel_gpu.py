"""Intel graphics cards through the energy counters of their drivers, xe and i915.

Drivers show counters of discrete cards only; what is integrated is in the package's.
``energy1_input`` is the card and ``energy2_input`` (xe alone) the chip on it: one of the
two counts, the card where there is one. Both are in microjoules and 64 bits long, the
driver adding up a 32-bit register at each read; that register wraps after 4.4 minutes at
1 kW, so a longer silence loses energy but no read ever sees a wrap. Sources:
``Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon``, ``sysfs-driver-intel-i915-hwmon``
and the comment at ``hwm_energy`` of ``i915_hwmon.c``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.errors import SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.units import j_from_uj
from tracker.sources._kernel_files import Channel, KernelFiles, entries, hwmons
from tracker.sources._powercap import read_text

DRIVERS: Final = ("xe", "i915")
_COUNTERS: Final = ("energy1_input", "energy2_input")  # card, chip

# No study of these meters is known; the range is that of other boards' (a judgement).
_ACCURACY: Final = Accuracy.of("counter:hwmon", 0.90, 1.10)


def open(host: Host) -> KernelFiles:
    """Find the cards that have a counter.

    Raises:
        SourceUnavailable: there is none.
    """
    channels = [
        channel
        for driver in DRIVERS
        for channel in _channels(host.sys_path / "bus/pci/drivers" / driver, driver)
    ]
    if not channels:
        raise SourceUnavailable(
            "intel_gpu: no card with an energy counter (discrete cards have one, with the"
            " driver xe, or i915 of Linux 6.2 and newer)"
        )
    return KernelFiles(host, channels)


def _channels(folder: Path, driver: str) -> Iterator[Channel]:
    for card in entries(folder):
        if ":" not in card.name:  # beside the cards stand files such as bind
            continue
        counter = _counter(card, driver)
        if counter is not None:
            device_id = read_text(card / "device").removeprefix("0x")
            name = f"Intel GPU 8086:{device_id} ({card.name})"
            device = Device(f"gpu:{card.name}", DeviceKind.GPU, name, _ACCURACY)
            yield Channel(device, (counter,), lambda uj: j_from_uj(uj[0]), counts=True)


def _counter(card: Path, driver: str) -> Path | None:
    """The card's counter, else the chip's; the tiles' hwmons (``i915_gt0``) are parts of it."""
    for hwmon in hwmons(card):
        if read_text(hwmon / "name") == driver:
            return next((hwmon / one for one in _COUNTERS if (hwmon / one).exists()), None)
    return None
