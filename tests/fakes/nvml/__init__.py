"""A fake NVML library whose GPUs draw known energy, for tests and benchmarks.

    fake = FakeNvml(tmp_path, [FakeGpu(waveform=Waveform.constant(300.0))])
    fake.load()                          # this process: pynvml finds it by its soname
    subprocess.run(..., env=fake.environ())  # another process
    fake.energy_j(0, start_ns, end_ns)   # the truth between two CLOCK_MONOTONIC instants

In this process the configuration's path is in the environment variable
``FAKE_NVML_CONFIG``: set it with ``monkeypatch.setenv(*fake.variable)``.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from fakes.nvml.build import cached
from fakes.nvml.waveform import Waveform

__all__ = ["FakeGpu", "FakeNvml", "Fault", "Waveform", "fake_uuid"]

CONFIG_VARIABLE: Final = "FAKE_NVML_CONFIG"
NOTICED_S: Final = 0.005  # the library looks at its file every 2 ms while it is called
FOREVER_S: Final = 1e9


def fake_uuid(number: int) -> str:
    """The UUID of the fake GPU ``number``, of NVML's form."""
    return f"GPU-{number:08x}-0000-4000-8000-{number:012x}"


class FakeGpu(Struct, frozen=True):
    """One GPU; times in seconds, powers in watts.

    Attributes:
        uuid: made from its index where empty.
        architecture: NVML's number: Volta 5, Turing 6, Ampere 7, Ada 8, Hopper 9.
        refresh_s: time between two publications of counter and powers; 0: always fresh.
        refresh_phase_s: when in that time it publishes.
        counter: whether it has an energy counter.
        average: whether field 185 answers.
        instant: whether field 186 answers.
        usage: whether nvmlDeviceGetPowerUsage answers.
        gpu_scope: whether the fields tell the power of the GPU alone.
        module_scope: whether they tell that of its module, which is ``module_extra_w`` more.
        limit_w: 0 where it is not told.
        utilization: in percent; negative where it is not told.
        reset_at_s: seconds after the epoch at which the counter starts from 0 again.
        mig: UUIDs of its MIG instances.
        processes: pid and bytes of memory of each compute process and, where the driver
            tells, the percent of the time that it keeps the GPU busy.
    """

    waveform: Waveform = field(default_factory=lambda: Waveform.constant(300.0))
    name: str = "NVIDIA H100 80GB HBM3"
    uuid: str = ""
    architecture: int = 9
    refresh_s: float = 0.1
    refresh_phase_s: float = 0.0
    counter: bool = True
    average: bool = True
    instant: bool = True
    usage: bool = True
    average_window_s: float = 1.0
    instant_window_s: float = 0.025
    usage_window_s: float = 1.0
    counter_start_j: float = 1000.0
    reset_at_s: float = 0.0
    gpu_scope: bool = True
    module_scope: bool = False
    module_extra_w: float = 0.0
    limit_w: float = 700.0
    utilization: int = 100
    memory_bytes: int = 80 * 2**30
    memory_used_bytes: int = 2**30
    mig: Sequence[str] = ()
    processes: Sequence[tuple[int, ...]] = ()

    def lines(self, index: int) -> Iterable[str]:
        """Its section of the configuration."""
        yield "[gpu]"
        yield f"uuid={self.uuid or fake_uuid(index)}"
        yield f"pci_bus_id=00000000:{index + 1:02X}:00.0"
        for key in ("low_w", "high_w", "period_s", "phase_s"):
            yield f"{key}={getattr(self.waveform, key)!r}"
        for key in _PLAIN:
            value = getattr(self, key)
            yield f"{key}={int(value) if isinstance(value, bool) else value}"
        yield from (f"mig={uuid}" for uuid in self.mig)
        yield from (f"process={':'.join(map(str, each))}" for each in self.processes)


_PLAIN: Final = (
    *("name", "architecture", "refresh_s", "refresh_phase_s", "counter", "average", "instant"),
    *("usage", "average_window_s", "instant_window_s", "usage_window_s", "counter_start_j"),
    *("gpu_scope", "module_scope", "module_extra_w"),
    *("reset_at_s", "limit_w", "utilization", "memory_bytes", "memory_used_bytes"),
)


class Fault(Struct, frozen=True):
    """A call that fails.

    Attributes:
        what: the C function's name, or ``field:83`` for one element of a field-values call.
        code: NVML's error code.
        gpu: index, or -1 for every GPU and for functions about no GPU.
        every: 1 fails each call, n only each n-th.
        from_s: seconds after the epoch at which it begins.
        to_s: seconds after the epoch at which it ends.
    """

    what: str
    code: int
    gpu: int = -1
    every: int = 1
    from_s: float = 0.0
    to_s: float = FOREVER_S

    def line(self) -> str:
        """Its line of the configuration."""
        return f"fault={self.what},{self.gpu},{self.code},{self.from_s},{self.to_s},{self.every}"


class FakeNvml:
    """The library's configuration in ``folder``, and the truth about its GPUs."""

    def __init__(
        self, folder: Path, gpus: Sequence[FakeGpu] = (FakeGpu(),), **library: object
    ) -> None:
        """Write the configuration.

        Args:
            folder: where the configuration's file is kept.
            gpus: the machine's GPUs, in NVML's order.
            library: any of ``driver_version, nvml_version, cuda_version, init_error,
                init_hang_s, call_delay_s, epoch_ns, faults`` (of ``Fault``).
        """
        self.path = folder / "fake_nvml.conf"
        self.epoch_ns = time.monotonic_ns()
        self.gpus = tuple(gpus)
        self._library: dict[str, object] = {
            "driver_version": "550.54.15",
            "nvml_version": "12.550.54.15",
            "cuda_version": 12040,
        }
        self.update(None, **library)

    @property
    def variable(self) -> tuple[str, str]:
        """Name and value of the environment variable that the library reads."""
        return CONFIG_VARIABLE, str(self.path)

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a process that shall see the fake: ``base`` or ours, and more."""
        environ = dict(os.environ if base is None else base)
        folders = (str(cached().parent), environ.get("LD_LIBRARY_PATH", ""))
        environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, folders))
        environ[CONFIG_VARIABLE] = str(self.path)
        return environ

    def load(self) -> None:
        """Load the library into this process, where pynvml then finds it by its soname."""
        ctypes.CDLL(str(cached()), mode=ctypes.RTLD_GLOBAL)

    def update(self, gpus: Sequence[FakeGpu] | None = None, **library: object) -> None:
        """Write the configuration anew; a running library has it when this returns."""
        self.gpus = self.gpus if gpus is None else tuple(gpus)
        self._library |= library
        self.epoch_ns = int(str(self._library.get("epoch_ns", self.epoch_ns)))
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")
        fresh.replace(self.path)
        time.sleep(NOTICED_S)

    def elapsed_s(self, monotonic_ns: int) -> float:
        """Seconds from the waveforms' epoch to an instant."""
        return (monotonic_ns - self.epoch_ns) / 1e9

    def energy_j(self, gpu: int, start_ns: int, end_ns: int) -> float:
        """Energy that a GPU draws between two CLOCK_MONOTONIC instants, exactly, in joules."""
        waveform = self.gpus[gpu].waveform
        return waveform.energy_j(self.elapsed_s(start_ns), self.elapsed_s(end_ns))

    def _lines(self) -> Iterable[str]:
        library = self._library | {"epoch_ns": self.epoch_ns}
        faults = library.pop("faults", ())
        yield from (f"{key}={value}" for key, value in library.items())
        if isinstance(faults, Sequence):
            yield from (fault.line() for fault in faults)
        for index, gpu in enumerate(self.gpus):
            yield from gpu.lines(index)
