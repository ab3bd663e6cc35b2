"""The processors' power from their load, where no counter can be read.

    P = TDP · (i + (1 - i) · g(u))

with u the busy share of the logical processors, i the idle share of the design power and g
through (0, 0), (0.1, 0.22), (0.5, 0.70), (1, 1). The curve is concave because a package's
power is (turbo, uncore); its shape is Teads' measured one (0.12, 0.32, 0.75, 1.02 of the
TDP at 0, 10, 50, 100 %), renormalised. The idle share is the SPECpower_ssj2008 median of
157 servers of 2017 to 2019 (0.16 of the TDP). It is good to a factor of about 1.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tracker.errors import SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.host import Host
from tracker.model.reading import PowerReading
from tracker.model.units import s_from_ns
from tracker.ports.source import Inventory
from tracker.sources._cpu_load import GroupLoad, MachineLoad, quota
from tracker.sources._cpu_tdp import load_table, look_up
from tracker.sources._cpuinfo import Cpu, read_cpu
from tracker.sources._powercap import long_term_limits_w

FALLBACK_FOR: Final = DeviceKind.CPU
DEVICE_ID: Final = "cpu:node"

_CURVE: Final = ((0.0, 0.0), (0.1, 0.22), (0.5, 0.70), (1.0, 1.0))
_IDLE_SERVER: Final = 0.15
_IDLE_CLIENT: Final = 0.10
_HALF_LOAD_W_PER_THREAD: Final = 2.0  # Cloud Carbon Footprint's vCPUs: 1.5 to 2.5 W
_THREADS_PER_CORE: Final = 2  # of the AMD parts whose name tells the cores
_PLAUSIBLE_LIMIT_W: Final = (5.0, 600.0)
_PLAUSIBLE_LIMIT_RATIO: Final = (0.5, 2.0)

# True over computed, about 95 %.
_KNOWN: Final = Accuracy.of("model:cpu", 0.5, 1.6, common_share=1.0)
_CLIENT: Final = Accuracy.of("model:cpu", 0.5, 2.0, common_share=1.0)  # base TDP, no turbo
_GUESSED: Final = Accuracy.of("model:cpu-default", 0.3, 2.5, common_share=1.0)


class Estimate(Struct, frozen=True):
    """The model's parameters for one machine.

    Attributes:
        tdp_w: design power of all that this system sees of its processors, in watts.
        idle_ratio: share of it that is drawn at rest.
        basis: where the design power comes from, for people.
    """

    tdp_w: float
    idle_ratio: float
    accuracy: Accuracy
    basis: str

    def power_w(self, load_ratio: float) -> float:
        """Power at a busy share of 0 to 1, in watts."""
        return self.tdp_w * (self.idle_ratio + (1 - self.idle_ratio) * curve(load_ratio))


def curve(load_ratio: float) -> float:
    """The share of the dynamic power at a busy share of 0 to 1: concave, 0 to 1."""
    load_ratio = min(max(load_ratio, 0.0), 1.0)
    for (left, low), (right, high) in pairwise(_CURVE):
        if load_ratio <= right:
            return low + (high - low) * (load_ratio - left) / (right - left)
    return 1.0


def open(host: Host) -> CpuModel:
    """Prepare the model for the processors in ``/proc``.

    Raises:
        SourceUnavailable: the kernel tells neither the processor nor its load.
    """
    cpu = read_cpu(host.proc_path)
    if cpu is None:
        raise SourceUnavailable(f"cpu_model: {host.proc_path / 'cpuinfo'} cannot be read")
    try:
        return CpuModel(host, cpu)
    except SourceReadError as error:
        raise SourceUnavailable(f"cpu_model: {error}") from error


def limited(whole: Estimate, cpus: float, threads: int) -> Estimate:
    """The share of a machine that a container's or a job's processor time is.

    The rest of the machine is others' to use and to answer for, as with a virtual machine.

    Args:
        whole: the machine's estimate.
        cpus: the quota, in processors.
        threads: logical processors of the machine.
    """
    basis = f"{whole.basis}, a quota of {cpus:g} of {threads} threads"
    return replace(whole, tdp_w=whole.tdp_w * cpus / threads, basis=basis)


def estimate(cpu: Cpu, limits_w: Sequence[float], table_tdp_w: float | None) -> Estimate:
    """Choose the design power: the machine's own limit, the table's, or a figure a thread.

    A virtual machine is charged the share of the socket that its threads are. How many
    the socket has is known only where the model's name tells its cores (AMD); elsewhere,
    and for models that the table lacks, it is 2 W a thread at half load.
    """
    idle_ratio = _IDLE_SERVER if cpu.is_server else _IDLE_CLIENT
    from_table = _CLIENT if not cpu.is_server else _KNOWN
    limit_w = None if cpu.is_virtual else _plausible_limit_w(cpu, limits_w, table_tdp_w)
    if limit_w is not None:
        return Estimate(limit_w, idle_ratio, _KNOWN, "long-term power limit of this machine")
    if table_tdp_w is not None and not cpu.is_virtual:
        return Estimate(table_tdp_w * cpu.packages, idle_ratio, from_table, "TDP of the model")
    if table_tdp_w is not None and cpu.named_cores:
        share = cpu.threads / (cpu.named_cores * _THREADS_PER_CORE)
        basis = f"TDP of the model, {cpu.threads} of its threads"
        return Estimate(table_tdp_w * share, idle_ratio, from_table, basis)
    at_half_load = idle_ratio + (1 - idle_ratio) * curve(0.5)
    tdp_w = cpu.threads * _HALF_LOAD_W_PER_THREAD / at_half_load
    return Estimate(tdp_w, idle_ratio, _GUESSED, f"{_HALF_LOAD_W_PER_THREAD:g} W a thread")


class CpuModel:
    """The modelled power of the processors, or of what of them is ours, as one device."""

    def __init__(self, host: Host, cpu: Cpu) -> None:
        """Start the first window.

        Args:
            host: where ``/sys`` and ``/proc`` are, and the clock.
            cpu: the processors.

        Raises:
            SourceReadError: the kernel does not tell how busy they are.
        """
        table_tdp_w = look_up(cpu.name, load_table()) if cpu.name else None
        whole = estimate(cpu, long_term_limits_w(host.sys_path), table_tdp_w)
        limit = quota(host, cpu.threads)
        self.estimate = whole if limit is None else limited(whole, limit.cpus, cpu.threads)
        self._cpu = cpu
        self._clock = host.monotonic_ns
        self._load = MachineLoad(host.proc_path) if limit is None else GroupLoad(limit, self._clock)
        self._window_start_ns = self._clock()

    def devices(self) -> Inventory:
        """The processors, named with the model's basis."""
        name = f"{self._cpu.name or 'CPU'} (estimated: {self.estimate.basis})"
        return Inventory((Device(DEVICE_ID, DeviceKind.CPU, name, self.estimate.accuracy),))

    def read(self) -> Sequence[PowerReading]:
        """Mean power since the last reading.

        Raises:
            SourceReadError: the kernel does not tell the load.
        """
        power_w = self.estimate.power_w(self._load.ratio())
        now_ns = self._clock()
        window_s = s_from_ns(now_ns - self._window_start_ns)
        self._window_start_ns = now_ns
        return (PowerReading(DEVICE_ID, now_ns, power_w, window_s),)

    def close(self) -> None:
        """Close what tells the load."""
        self._load.close()


def _plausible_limit_w(
    cpu: Cpu, limits_w: Sequence[float], table_tdp_w: float | None
) -> float | None:
    """The sum of the packages' limits, if each may be its design power.

    Makers of desktops set limits that are never reached (4095 W).
    """
    if len(limits_w) != cpu.packages:
        return None
    low_w, high_w = _PLAUSIBLE_LIMIT_W
    if table_tdp_w is not None:
        low_w, high_w = (ratio * table_tdp_w for ratio in _PLAUSIBLE_LIMIT_RATIO)
    return sum(limits_w) if all(low_w <= limit <= high_w for limit in limits_w) else None
