"""AMD processor sockets through the hwmon driver ``amd_energy``.

The driver left Linux in 5.13 and lives on outside of it; where it is loaded it adds the
sockets' counters up to 64 bits, so nothing wraps. ``EcoreN`` is part of ``EsocketN``:
only sockets count. Labels and units: ``Documentation/hwmon/amd_energy.rst``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tracker.errors import SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.units import j_from_uj
from tracker.sources._cpuinfo import read_cpu
from tracker.sources._kernel_files import Channel, KernelFiles, entries, hwmons
from tracker.sources._powercap import read_text

FOLDER: Final = Path("bus/platform/drivers/amd_energy")
PERMISSION_FIX: Final = (
    "sudo chmod --recursive a+r /sys/bus/platform/drivers/amd_energy/amd_energy.0/hwmon"
    "  # until the next boot; it lets every user of this machine read the counters"
)
_SOCKET: Final = re.compile(r"Esocket(\d+)")

# The same modelled counter that powercap shows: Schöne et al. 2021, arXiv 2108.00808.
_ACCURACY: Final = Accuracy.of("counter:cpu", 0.85, 1.15)


def open(host: Host) -> KernelFiles:
    """Find the sockets' counters.

    Raises:
        SourceUnavailable: the driver is not loaded, or its counters may not be read.
    """
    folder = host.sys_path / FOLDER
    cpu = read_cpu(host.proc_path) if folder.exists() else None
    channels = list(_channels(folder, cpu.name if cpu and cpu.name else "CPU"))
    if not channels:
        raise SourceUnavailable(f"amd_energy: no socket's counter below {folder}")
    return KernelFiles(host, channels, fix=PERMISSION_FIX)


def _channels(folder: Path, cpu_name: str) -> Iterator[Channel]:
    for hwmon in (one for device in entries(folder) for one in hwmons(device)):
        for label in entries(hwmon):
            socket = label.name.endswith("_label") and _SOCKET.fullmatch(read_text(label))
            if socket:
                package = f"package-{socket.group(1)}"
                name = f"{cpu_name} ({package})"
                device = Device(f"cpu:{package}", DeviceKind.CPU, name, _ACCURACY)
                counter = label.with_name(label.name.replace("_label", "_input"))
                yield Channel(device, (counter,), lambda uj: j_from_uj(uj[0]), counts=True)
