"""A server's power by its management controller (IPMI, DCMI), only if asked for.

``TRACKER_IPMI=1`` switches it on: it starts ``ipmitool dcmi power reading`` every five
seconds, which needs access to ``/dev/ipmi0``, and the controller is shared with those who
run the machine. What it meters differs: mostly the whole machine at the power supplies,
on some boards without the GPUs; so it is shown as the node's and counts as its total.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from typing import Final

from tracker.errors import SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.reading import PowerReading
from tracker.ports.source import Inventory
from tracker.sources._command_meter import CommandMeter, output_of

VARIABLE: Final = "TRACKER_IPMI"
DEVICE_ID: Final = "node:ipmi"
ARGUMENTS: Final = ("dcmi", "power", "reading")
PAUSE_S: Final = 5.0
TIMEOUT_S: Final = 4.0

_POWER: Final = re.compile(r"Instantaneous power reading:\s*(\d+)\s*Watts")
_COVERS: Final = ("cpu:*", "dram:*", "gpu:*", "platform:*")
_FIX: Final = (
    "sudo apt-get install ipmitool, sudo modprobe ipmi_devintf, and give yourself the right"
    " to read and write /dev/ipmi0"
)

# A judgement: the range of a node meter that is polled, and may leave a part out.
_ACCURACY: Final = Accuracy.of("polled:node", 0.90, 1.10)


def open(host: Host) -> IpmiSource:
    """Ask the controller once, then keep asking.

    Raises:
        SourceUnavailable: it was not asked for; or with the fix, if it does not answer.
    """
    if host.environ.get(VARIABLE, "") not in {"1", "true", "yes", "on"}:
        raise SourceUnavailable(f"ipmi: off; {VARIABLE}=1 asks the management controller")
    tool = shutil.which("ipmitool", path=host.environ.get("PATH"))
    if tool is None:
        raise SourceUnavailable(f"ipmi: {VARIABLE} is set, but ipmitool is not found", fix=_FIX)

    def ask() -> str:
        return output_of((tool, *ARGUMENTS), host.environ, TIMEOUT_S)

    try:
        power_w(ask())
    except (SourceReadError, ValueError) as error:
        raise SourceUnavailable(f"ipmi: {error}", fix=_FIX) from error
    return IpmiSource(host, ask)


def power_w(text: str) -> float:
    """The power in what ipmitool writes, in watts.

    Raises:
        ValueError: there is none, or it is 0 W.
    """
    found = _POWER.search(text)
    if not found or not int(found.group(1)):
        raise ValueError("the controller tells no power")
    return float(found.group(1))


class IpmiSource:
    """The machine as its controller meters it."""

    def __init__(self, host: Host, ask: Callable[[], str], pause_s: float = PAUSE_S) -> None:
        """Start to ask every ``pause_s`` seconds."""
        self._clock = host.monotonic_ns
        self._meter = CommandMeter(ask, self._readings, pause_s=pause_s, name="tracker-ipmi")

    def devices(self) -> Inventory:
        """The whole machine."""
        name = "whole machine (management controller)"
        return Inventory((Device(DEVICE_ID, DeviceKind.NODE, name, _ACCURACY, covers=_COVERS),))

    def read(self) -> Sequence[PowerReading]:
        """What the controller told since the last call, mostly nothing; never waits.

        Raises:
            SourceReadError: it did not answer the last time.
            SourceGone: it did not answer several times in a row.
        """
        return [one for one in self._meter.take() if isinstance(one, PowerReading)]

    def close(self) -> None:
        """Ask no more."""
        self._meter.stop()

    def _readings(self, text: str) -> Sequence[PowerReading]:
        return (PowerReading(DEVICE_ID, self._clock(), power_w(text), 0.0),)
