"""Parts of a ``/sys`` as drivers lay them out, in a folder.

Layouts after the kernel's documentation (``Documentation/hwmon``, ``Documentation/ABI``), HPE's
of pm_counters and listings of real machines: a MI250X node, a Grace Hopper board, an Arc card,
an Orin NX. ``put`` rewrites a value in place, for readers keep their files open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


class HardwareTree:
    """Files below ``sys_path``."""

    def __init__(self, sys_path: Path) -> None:
        """Nothing is there yet."""
        self.sys_path = sys_path

    def put(self, path: str, value: object) -> Path:
        """Write one file, as the kernel does: with a newline, in place."""
        target = self.sys_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.pwrite(descriptor, value if isinstance(value, bytes) else f"{value}\n".encode(), 0)
        finally:
            os.close(descriptor)
        return target

    def amd_card(
        self,
        address: str,
        chip: str,
        *,
        hwmon: Mapping[str, int],
        unique_id: str = "",
        metrics: tuple[int, int] = (1, 3),
        number: int = 0,
    ) -> None:
        """A card of amdgpu; ``hwmon`` maps files such as ``power1_average`` to values."""
        folder = f"bus/pci/drivers/amdgpu/{address}"
        self.put(f"{folder}/device", f"0x{chip}")
        self.put(f"{folder}/gpu_metrics", bytes([0x78, 0x00, *metrics]))
        if unique_id:
            self.put(f"{folder}/unique_id", unique_id)
        self.put(f"{folder}/hwmon/hwmon{number}/name", "amdgpu")
        for name, value in hwmon.items():
            self.put(f"{folder}/hwmon/hwmon{number}/{name}", value)

    def kfd_node(self, number: int, address: str = "", *, readable: bool = True) -> None:
        """A node of the compute driver: a processor, or the GPU at a PCI address."""
        text = "cpu_cores_count 64\nsimd_count 0\nlocation_id 0\ndomain 0"
        if address:
            domain, bus, rest = address.split(":")
            place = int(bus, 16) << 8 | int(rest.partition(".")[0], 16) << 3
            text = (
                f"cpu_cores_count 0\nsimd_count 440\nlocation_id {place}\ndomain {int(domain, 16)}"
            )
        folder = f"class/kfd/kfd/topology/nodes/{number}"
        if readable:
            self.put(f"{folder}/properties", text)
        else:  # reading it fails with EPERM, whoever asks
            (self.sys_path / folder / "properties").mkdir(parents=True)

    def intel_card(
        self, address: str, driver: str, *, counters: Mapping[str, int], tiles: int = 0
    ) -> str:
        """A card of xe or i915; the path of its hwmon."""
        folder = f"bus/pci/drivers/{driver}/{address}"
        self.put(f"bus/pci/drivers/{driver}/bind", "")
        self.put(f"{folder}/device", "0x56a0")
        for tile in range(tiles):
            self.put(f"{folder}/hwmon/hwmon{tile}/name", f"{driver}_gt{tile}")
            self.put(f"{folder}/hwmon/hwmon{tile}/energy1_input", 5)
        self.put(f"{folder}/hwmon/hwmon{tiles}/name", driver)
        for name, value in counters.items():
            self.put(f"{folder}/hwmon/hwmon{tiles}/{name}", value)
        return f"{folder}/hwmon/hwmon{tiles}"

    def power_meter(
        self, number: int, power_w: float, label: str = "", *, is_battery: bool = False
    ) -> str:
        """A meter of the firmware; the path of its power."""
        folder = f"bus/acpi/drivers/power_meter/ACPI000D:{number:02x}"
        self.put(f"{folder}/power1_oem_info", label)
        self.put(f"{folder}/power1_is_battery", int(is_battery))
        self.put(f"{folder}/power1_average_interval", 50)
        self.put(f"{folder}/power1_average", round(power_w * 1e6))
        return f"{folder}/power1_average"

    def amd_energy(self, labels: Sequence[str]) -> str:
        """The driver amd_energy with counters of 1 J, 2 J and so on; the path of its hwmon."""
        folder = "bus/platform/drivers/amd_energy/amd_energy.0/hwmon/hwmon3"
        self.put(f"{folder}/name", "amd_energy")
        for number, label in enumerate(labels, start=1):
            self.put(f"{folder}/energy{number}_label", label)
            self.put(f"{folder}/energy{number}_input", number * 1_000_000)
        return folder

    def ina3221(
        self, rails: Mapping[str, tuple[int, int]], *, at: str = "1-0040", driver: str = "ina3221"
    ) -> str:
        """A power monitor with rails of so many mV and mA; the path of its hwmon."""
        folder = f"bus/i2c/drivers/{driver}/{at}/hwmon/hwmon1"
        for number, (label, (voltage_mv, current_ma)) in enumerate(rails.items(), start=1):
            self.put(f"{folder}/in{number}_label", label)
            self.put(f"{folder}/in{number}_input", voltage_mv)
            self.put(f"{folder}/curr{number}_input", current_ma)
        self.put(f"{folder}/in7_label", "sum of shunt voltages")
        return folder

    def cray(self, values: Mapping[str, object]) -> None:
        """A node's pm_counters: ``energy="1000 J 1700000000 us"`` and the like."""
        for name, value in values.items():
            self.put(f"cray/pm_counters/{name}", value)
