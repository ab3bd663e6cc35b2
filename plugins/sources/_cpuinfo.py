"""What ``/proc/cpuinfo`` says about the processor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from msgspec import Struct

_SERVER: Final = re.compile(
    r"\b(Xeon|EPYC|Opteron|Itanium|Altra|Neoverse|POWER\d+)\b", re.IGNORECASE
)
_CORES: Final = re.compile(r"\b(\d+)-Core\b", re.IGNORECASE)


class Cpu(Struct, frozen=True):
    """The processors of a machine, or what a virtual machine shows of them.

    Attributes:
        name: the model's name as the kernel prints it; empty where it prints none (ARM).
        vendor: ``GenuineIntel``, ``AuthenticAMD``, …; empty where not printed.
        packages: sockets that are seen.
        threads: logical processors that are seen.
        is_virtual: a hypervisor is below; then packages and threads are the guest's.
    """

    name: str
    vendor: str
    packages: int
    threads: int
    is_virtual: bool

    @property
    def is_server(self) -> bool:
        """Whether it is a server's, by its family name."""
        return bool(_SERVER.search(self.name))

    @property
    def named_cores(self) -> int | None:
        """Cores of the whole socket, where the name tells ("EPYC 7763 64-Core Processor")."""
        found = _CORES.search(self.name)
        return int(found.group(1)) if found else None


def read_cpu(proc_path: Path) -> Cpu | None:
    """The processor, or ``None`` where there is no cpuinfo to read."""
    try:
        text = (proc_path / "cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return parse_cpuinfo(text)


def parse_cpuinfo(text: str) -> Cpu:
    """Read the kernel's listing: one block of ``key : value`` lines a logical processor."""
    pairs = [_pair(line) for line in text.splitlines() if ":" in line]
    first = dict(reversed(pairs))  # of a repeated key, the first line
    threads = sum(key == "processor" for key, _ in pairs)
    packages = {value for key, value in pairs if key == "physical id"}
    return Cpu(
        name=first.get("model name", ""),
        vendor=first.get("vendor_id", ""),
        packages=max(len(packages), 1),
        threads=max(threads, 1),
        is_virtual="hypervisor" in first.get("flags", "").split(),
    )


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()
