"""The ways to ask NVML for a GPU's energy or power.

A way is made once and called at every tick, 8 GPUs at a time, so what can be prepared is:
the structures that NVML fills are allocated once and used again, and the C functions are
taken from pynvml's table (its own wrappers allocate an array at each call).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ctypes import c_int32
from enum import IntEnum
from typing import Final, Protocol

from msgspec import Struct

from tracker.model.reading import EnergyReading, PowerReading, Reading
from tracker.model.units import j_from_mj, s_from_ns, w_from_mw
from tracker.sources._nvml_library import Handle, Nvml
from tracker.sources._nvml_power import Window

ENERGY_FIELD: Final = 83  # NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, mJ
AVERAGE_FIELD: Final = 185  # NVML_FI_DEV_POWER_AVERAGE, mW
INSTANT_FIELD: Final = 186  # NVML_FI_DEV_POWER_INSTANT, mW
IDLE_RATIO: Final = 0.1

Clock = Callable[[], int]


class Way(Protocol):
    """One way to read a GPU."""

    @property
    def name(self) -> str:
        """By which it is dropped where the driver says that it never works."""

    @property
    def window(self) -> Window | None:
        """What the power that is booked is the mean of; ``None`` where a counter is."""

    @property
    def gives_power(self) -> bool:
        """Whether its readings hold a power."""

    def read(self) -> Sequence[Reading]:
        """Ask once; raises ``NVMLError``."""


class Gpu(Struct, frozen=True):
    """Whom a way asks, for whom and with what clock.

    Attributes:
        most_w: what its counter cannot mean more than, in watts; ``None`` where not known.
    """

    nvml: Nvml
    handle: Handle
    device_id: str
    clock: Clock
    most_w: float | None = None


class Scope(IntEnum):
    """What a power is that of (``NVML_POWER_SCOPE_…``)."""

    GPU = 0
    MODULE = 1  # of a superchip: processor, memory and GPU


class Fields:
    """Some field values of one GPU, with one call.

    The structures are NVML's ``nvmlFieldValue_t``: it reads ``fieldId`` and writes
    ``nvmlReturn`` and ``value`` of each, and they are valid after any successful call.
    """

    def __init__(self, gpu: Gpu, *fields: int, scope: Scope = Scope.GPU) -> None:
        """Prepare the structures for ``fields``; the counter has one scope and ignores it.

        Raises:
            NVMLError: the driver is too old to know the function.
        """
        self._nvml = gpu.nvml
        self._handle = gpu.handle
        self._function = gpu.nvml._nvmlGetFunctionPointer("nvmlDeviceGetFieldValues")  # noqa: SLF001 - pynvml's table of C functions; its wrapper allocates at each call
        self._count = c_int32(len(fields))
        self._array = (gpu.nvml.c_nvmlFieldValue_t * len(fields))()
        for element, field in zip(self._array, fields, strict=True):
            element.fieldId = field
            element.scopeId = scope
        self.elements = tuple(self._array)
        self.values = tuple(element.value for element in self.elements)

    def fill(self) -> None:
        """Have NVML write the structures; raises ``NVMLError`` if it will not."""
        code = self._function(self._handle, self._count, self._array)
        if code:
            raise self._nvml.NVMLError(code)


class CounterField:
    """The energy counter by field value and, with the same call, powers beside it."""

    name = "energy field"
    window = None

    def __init__(self, gpu: Gpu, powers: Mapping[int, Window], scope: Scope = Scope.GPU) -> None:
        """Prepare; ``powers`` are the fields to ask beside, the momentary one last."""
        self.gives_power = INSTANT_FIELD in powers
        self._gpu = gpu
        self._windows = tuple(powers.values())
        self._fields = Fields(gpu, ENERGY_FIELD, *powers, scope=scope)

    def read(self) -> Sequence[Reading]:
        """The counter and those of the powers that answer."""
        gpu, fields = self._gpu, self._fields
        began_ns = gpu.clock()
        fields.fill()
        now_ns = gpu.clock()
        element = fields.elements[0]
        if element.nvmlReturn:
            raise gpu.nvml.NVMLError(element.nvmlReturn)
        energy_j = j_from_mj(fields.values[0].ullVal)
        readings: list[Reading] = [
            EnergyReading(gpu.device_id, now_ns, energy_j, most_w=gpu.most_w, began_ns=began_ns)
        ]
        for place, window in enumerate(self._windows, start=1):
            if not fields.elements[place].nvmlReturn:
                power_w = w_from_mw(fields.values[place].uiVal)
                readings.append(_power(gpu, now_ns, power_w, window))
        return readings


class CounterCall:
    """The energy counter by its own function, for drivers without field values."""

    name = "energy call"
    window = None
    gives_power = False

    def __init__(self, gpu: Gpu) -> None:
        """Remember whom to ask."""
        self._gpu = gpu

    def read(self) -> Sequence[Reading]:
        """The counter."""
        energy_mj = self._gpu.nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu.handle)
        gpu, now_ns = self._gpu, self._gpu.clock()
        return (EnergyReading(gpu.device_id, now_ns, j_from_mj(energy_mj), most_w=gpu.most_w),)


class PowerField:
    """A power by field value."""

    gives_power = True

    def __init__(self, gpu: Gpu, field: int, window: Window, scope: Scope = Scope.GPU) -> None:
        """Prepare ``field``, the average or the instant power."""
        self.name = f"power field {field}"
        self.window = window
        self._gpu = gpu
        self._fields = Fields(gpu, field, scope=scope)

    def read(self) -> Sequence[Reading]:
        """The power."""
        self._fields.fill()
        now_ns = self._gpu.clock()
        element = self._fields.elements[0]
        if element.nvmlReturn:
            raise self._gpu.nvml.NVMLError(element.nvmlReturn)
        power_w = w_from_mw(self._fields.values[0].uiVal)
        return (_power(self._gpu, now_ns, power_w, self.window),)


class PowerCall:
    """The power that every driver knows."""

    name = "power call"
    gives_power = True

    def __init__(self, gpu: Gpu, window: Window) -> None:
        """Remember whom to ask."""
        self.window = window
        self._gpu = gpu

    def read(self) -> Sequence[Reading]:
        """The power."""
        power_w = w_from_mw(self._gpu.nvml.nvmlDeviceGetPowerUsage(self._gpu.handle))
        return (_power(self._gpu, self._gpu.clock(), power_w, self.window),)


class Utilisation:
    """A power from the limit and the time that the GPU is busy, where nothing else is told.

        P = limit · (i + (1 - i) · u)

    ``u`` is the share of time with a kernel running, which says little of how hard it
    works: ±40 % (the same kernel on other numbers draws up to 67 % more, arXiv
    2212.08805). The idle share ``i`` of 0.1 is our own assumption, far inside that.
    """

    name = "utilisation"
    gives_power = True
    window = None

    def __init__(self, gpu: Gpu) -> None:
        """Start the first window.

        Raises:
            NVMLError: the driver tells no limit.
        """
        self._gpu = gpu
        self._limit_w = w_from_mw(gpu.nvml.nvmlDeviceGetEnforcedPowerLimit(gpu.handle))
        self._window_start_ns = gpu.clock()

    def read(self) -> Sequence[Reading]:
        """The power over the time since the last reading."""
        busy = self._gpu.nvml.nvmlDeviceGetUtilizationRates(self._gpu.handle).gpu / 100
        now_ns = self._gpu.clock()
        window_s = s_from_ns(now_ns - self._window_start_ns)
        self._window_start_ns = now_ns
        power_w = self._limit_w * (IDLE_RATIO + (1 - IDLE_RATIO) * busy)
        return (PowerReading(self._gpu.device_id, now_ns, power_w, window_s),)


def _power(gpu: Gpu, now_ns: int, power_w: float, window: Window) -> PowerReading:
    return PowerReading(gpu.device_id, now_ns, power_w, window.window_s, window.refresh_s)
