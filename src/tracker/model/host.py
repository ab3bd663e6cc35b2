"""The machine a run is measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field


class Host(Struct, frozen=True):
    """What a source needs to find hardware; passed in, so that tests pass another.

    Attributes:
        sys_path: where ``/sys`` is (``TRACKER_SYSFS`` in containers).
        proc_path: where ``/proc`` is.
        environ: the environment variables that decide which devices are ours.
        monotonic_ns: the clock that stamps every reading, in nanoseconds.
        modules: what this process has imported, by name: a framework that is there may
            know which devices are ours; it is never imported for that.
    """

    sys_path: Path
    proc_path: Path
    environ: Mapping[str, str]
    monotonic_ns: Callable[[], int]
    modules: Mapping[str, object] = field(default_factory=dict)


class HostFacts(Struct, frozen=True):
    """What is remembered of a machine.

    Attributes:
        host_id: the same for the same machine over reboots, 16 hexadecimal digits.
        boot_id: changes at every boot; with ``pid_namespace`` it says where a pid is valid.
        cpu_threads: logical processors that this system sees.
        memory_bytes: installed memory, or the limit of the container.
    """

    host_id: str
    hostname: str
    boot_id: str
    pid_namespace: str
    os: str
    cpu_name: str
    cpu_threads: int
    memory_bytes: int
