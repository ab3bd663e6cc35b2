"""AMD's graphics cards as the kernel's driver amdgpu lists them.

Layout: ``Documentation/gpu/amdgpu``, ``Documentation/ABI/testing/sysfs-class-kfd`` and, for
the chips' numbers, the PCI ID database. A GPU that is cut into partitions is one card.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from tracker.sources._kernel_files import entries, hwmons
from tracker.sources._powercap import read_text

FOLDER: Final = Path("bus/pci/drivers/amdgpu")
NODES: Final = Path("class/kfd/kfd/topology/nodes")

_MI250: Final = frozenset({"7408", "740c"})
_MI300A: Final = "74a0"
_STUCK: Final = frozenset({"738c", "738e", "740f"})  # MI100, MI210
_NAMES: Final = {
    "738c": "AMD Instinct MI100",
    "738e": "AMD Instinct MI100",
    "7408": "AMD Instinct MI250X",
    "740c": "AMD Instinct MI250X/MI250",
    "740f": "AMD Instinct MI210",
    "74a0": "AMD Instinct MI300A",
    "74a1": "AMD Instinct MI300X",
    "74a5": "AMD Instinct MI325X",
}
_APU_METRICS: Final = frozenset({2, 3})  # gpu_metrics_v2_x and v3_x are those of APUs
_REVISION_AT: Final = 2  # after the two bytes of the table's size
_POWER_FILES: Final = ("power1_average", "power1_input")


class Card(Struct, frozen=True):
    """One card.

    Attributes:
        path: its folder, named with its PCI address.
        chip: the PCI device's number, ``740c``.
        uuid: ``GPU-`` and the chip's serial number; empty where it has none.
        is_apu: its power is that of processor and graphics together.
    """

    path: Path
    chip: str
    uuid: str
    is_apu: bool

    @property
    def address(self) -> str:
        """The PCI address, ``0000:c1:00.0``; the same over reboots."""
        return self.path.name

    @property
    def name(self) -> str:
        """The product's name, as far as it is known."""
        product = read_text(self.path / "product_name") or _NAMES.get(self.chip, "")
        return product or f"AMD GPU 1002:{self.chip}"

    @property
    def is_double(self) -> bool:
        """Whether it is one of the two dies of an MI250, of which the first reads both."""
        return self.chip in _MI250

    @property
    def has_stuck_counter(self) -> bool:
        """Whether the model's energy counter is known to stand still.

        MI100: ROCm/amdsmi issue 38; MI210: RadeonOpenCompute/rocm_smi_lib issue 180.
        """
        return self.chip in _STUCK

    def power_path(self) -> Path | None:
        """Its power in microwatts, a mean where the driver has one."""
        files = (hwmon / name for hwmon in hwmons(self.path) for name in _POWER_FILES)
        return next((path for path in files if path.exists()), None)

    def energy_path(self) -> Path | None:
        """Its counter in microjoules, on kernels that show one."""
        files = (hwmon / "energy1_input" for hwmon in hwmons(self.path))
        return next((path for path in files if path.exists()), None)


def cards(sys_path: Path) -> tuple[Card, ...]:
    """Every card of the driver, by PCI address."""
    folder = sys_path / FOLDER
    return tuple(_card(path) for path in entries(folder) if ":" in path.name)


def second_dies(found: Sequence[Card]) -> dict[Card, Card]:
    """The dies whose energy is in the other's, with that other: MI250s, two and two."""
    double = [card for card in found if card.is_double]
    return dict(zip(double[1::2], double[::2], strict=False))


def runtime_order(sys_path: Path, found: Sequence[Card]) -> tuple[Card, ...]:
    """The GPUs as ROCm counts them: by the nodes of the kernel's compute driver.

    A node that a container or a job's control group keeps back cannot be read and is not
    counted; a card's partitions are nodes of their own. Without that driver: by address.
    """
    nodes = [path for path in entries(sys_path / NODES) if path.name.isdecimal()]
    if not nodes:
        return tuple(found)
    by_place = {_place(card.address): card for card in found}
    ordered = []
    for node in sorted(nodes, key=lambda path: int(path.name)):
        properties = _properties(node)
        place = properties.get("domain", 0), properties.get("location_id", 0) >> 3
        if properties.get("simd_count", 0) > 0 and place in by_place:
            ordered.append(by_place[place])
    return tuple(ordered)


def withheld(sys_path: Path) -> bool:
    """Whether the compute driver keeps nodes from this process, as a control group may ask."""
    nodes = (path for path in entries(sys_path / NODES) if path.name.isdecimal())
    return any(not read_text(node / "properties") for node in nodes)


def _card(path: Path) -> Card:
    chip = read_text(path / "device").removeprefix("0x")
    serial = read_text(path / "unique_id")
    return Card(path, chip, f"GPU-{serial}" if serial else "", chip == _MI300A or _is_apu(path))


def _is_apu(path: Path) -> bool:
    """Whether the driver's table of metrics has the form that is an APU's."""
    try:
        descriptor = os.open(path / "gpu_metrics", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        header = os.pread(descriptor, 4, 0)
    except OSError:  # asleep
        return False
    finally:
        os.close(descriptor)
    return len(header) > _REVISION_AT and header[_REVISION_AT] in _APU_METRICS


def _place(address: str) -> tuple[int, int]:
    """PCI domain, and bus and device as the compute driver writes them together."""
    domain, bus, rest = address.split(":")
    return int(domain, 16), int(bus, 16) << 5 | int(rest.partition(".")[0], 16)


def _properties(node: Path) -> dict[str, int]:
    pairs = (line.split() for line in read_text(node / "properties").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}  # noqa: PLR2004 - key and value
