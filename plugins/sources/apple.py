"""Apple silicon through macOS's ``powermetrics``, only where it needs no password.

The command belongs to root; it is used where ``sudo`` runs it without asking, as a rule in
``/etc/sudoers.d`` can allow. Each call measures four seconds, one after the other, and
gives the mean power of processor and GPU (``CPU Power: 823 mW``); memory is not in it.
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
from tracker.model.units import w_from_mw
from tracker.ports.source import Inventory
from tracker.sources._command_meter import CommandMeter, output_of

WINDOW_S: Final = 4.0
TIMEOUT_S: Final = 10.0
_ALLOWED_S: Final = 2.0
_ARGUMENTS: Final = ("--samplers", "cpu_power,gpu_power", "-n", "1", "-i", f"{WINDOW_S * 1e3:.0f}")
_POWER: Final = re.compile(r"^(CPU|GPU) Power: +(\d+) mW$", re.MULTILINE)

# Modelled by the system, by no published method; the range is AMD's counters' (a judgement).
_ACCURACY: Final = Accuracy.of("polled:apple", 0.85, 1.15)
_DEVICES: Final = {
    "CPU": Device("cpu:apple", DeviceKind.CPU, "Apple silicon, processor", _ACCURACY),
    "GPU": Device("gpu:apple", DeviceKind.GPU, "Apple silicon, GPU", _ACCURACY),
}


def open(host: Host) -> AppleSource:
    """See whether the command may be run without a password.

    Raises:
        SourceUnavailable: it is not there, or may not.
    """
    path = host.environ.get("PATH")
    tool, sudo = (shutil.which(name, path=path) for name in ("powermetrics", "sudo"))
    if tool is None or sudo is None:
        raise SourceUnavailable("apple: no powermetrics (it is a part of macOS)")
    command = (sudo, "--non-interactive", tool)
    try:
        output_of((sudo, "--non-interactive", "--list", tool), host.environ, _ALLOWED_S)
    except SourceReadError as error:
        raise SourceUnavailable(
            f"apple: {tool} needs a password; a rule such as '%admin ALL=(root) NOPASSWD: {tool}'"
            " (sudo visudo -f /etc/sudoers.d/powermetrics) lets it measure"
        ) from error
    return AppleSource(host, lambda: output_of((*command, *_ARGUMENTS), host.environ, TIMEOUT_S))


def powers_w(text: str) -> dict[str, float]:
    """Mean powers in watts, by ``CPU`` and ``GPU``.

    Raises:
        ValueError: there is none.
    """
    found = {what: w_from_mw(int(power_mw)) for what, power_mw in _POWER.findall(text)}
    if not found:
        raise ValueError("powermetrics tells no power")
    return found


class AppleSource:
    """Processor and GPU of an Apple chip."""

    def __init__(self, host: Host, ask: Callable[[], str], pause_s: float = 0.0) -> None:
        """Start to ask, each time for the mean of the next seconds."""
        self._clock = host.monotonic_ns
        self._meter = CommandMeter(ask, self._readings, pause_s=pause_s, name="tracker-apple")

    def devices(self) -> Inventory:
        """Processor and GPU."""
        return Inventory(tuple(_DEVICES.values()))

    def read(self) -> Sequence[PowerReading]:
        """What was measured since the last call; never waits.

        Raises:
            SourceReadError: the command failed the last time.
            SourceGone: it failed several times in a row.
        """
        return [one for one in self._meter.take() if isinstance(one, PowerReading)]

    def close(self) -> None:
        """Ask no more."""
        self._meter.stop()

    def _readings(self, text: str) -> Sequence[PowerReading]:
        now_ns = self._clock()
        return [
            PowerReading(_DEVICES[what].id, now_ns, power_w, WINDOW_S)
            for what, power_w in powers_w(text).items()
        ]
