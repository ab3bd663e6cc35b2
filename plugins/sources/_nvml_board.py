"""One GPU: which ways it can be read, and what becomes of it when one fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from tracker.errors import SourceGone, SourceReadError
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.reading import ReadFailure, Reading
from tracker.model.units import w_from_mw
from tracker.sources._nvml_library import (
    GONE,
    INVALID_ARGUMENT,
    NEVER,
    UNINITIALIZED,
    Handle,
    Nvml,
    describe,
)
from tracker.sources._nvml_power import (
    COUNTER_REFRESH_S,
    Model,
    Window,
    average_window,
    counter_accuracy,
    instant_window,
    model_accuracy,
    polled_accuracy,
    usage_window,
)
from tracker.sources._nvml_processes import Sharing
from tracker.sources._nvml_ways import (
    AVERAGE_FIELD,
    INSTANT_FIELD,
    Clock,
    CounterCall,
    CounterField,
    Fields,
    Gpu,
    PowerCall,
    PowerField,
    Scope,
    Utilisation,
    Way,
)

_OVERSHOOT: Final = 1.5


class Board:
    """A GPU that is read at every tick, in the best way that its driver offers.

    Attributes:
        uuid: NVML's, the same over reboots.
        is_gone: it will not answer again.
    """

    def __init__(self, nvml: Nvml, handle: Handle, uuid: str, model: Model, clock: Clock) -> None:
        """Try the ways; afterwards ``is_readable`` tells whether there is one."""
        self.uuid = uuid
        self.is_gone = False
        self._nvml = nvml
        self._model = model
        self._gpu = Gpu(nvml, handle, f"gpu:{uuid}", clock)
        self._sharing = Sharing(nvml, clock)
        self._dropped: set[str] = set()
        self._main: Way | None = None
        self._extra: Way | None = None
        self._scope = self._find_scope()
        if self._scope is Scope.GPU and not model.is_superchip:  # a module has no such limit
            self._gpu = replace(self._gpu, most_w=_most_w(nvml, handle))
        self._choose()
        if self._main is None:
            self._main = self._try(lambda: Utilisation(self._gpu))
        self._is_model = isinstance(self._main, Utilisation)

    @property
    def device_id(self) -> str:
        """As the tracker knows it."""
        return self._gpu.device_id

    @property
    def is_readable(self) -> bool:
        """Whether its energy or its power can be read, or at least modelled."""
        return self._main is not None

    def device(self, remark: str = "") -> Device:
        """The board as the tracker knows it; ``remark`` is put behind its name."""
        is_counted = self._main is not None and self._main.window is None and not self._is_model
        is_module = self._scope is Scope.MODULE or (is_counted and self._model.is_superchip)
        what = " (whole module: processor, memory and GPU)" if is_module else ""
        what += " (estimated from its power limit and utilisation)" * self._is_model
        return Device(
            id=self._gpu.device_id,
            kind=DeviceKind.GPU,
            name=self._model.name + what + remark,
            accuracy=self._accuracy(),
            covers=("cpu:*", "dram:*") if is_module and not self._is_model else (),
            refresh_s=COUNTER_REFRESH_S if is_counted else 0.0,
        )

    def read(self) -> Sequence[Reading | ReadFailure]:
        """Counter and power, or why not.

        Raises:
            NVMLError: NVML is no longer initialised.
        """
        while self._main is not None:
            try:
                return (*self._main.read(), *self._read_extra())
            except self._nvml.NVMLError as error:
                if error.value == UNINITIALIZED:
                    raise
                if error.value not in NEVER:
                    return (self._failure(error.value),)
                self._dropped.add(self._main.name)
                self._choose()  # never the model: a device does not change its accuracy
        self.is_gone = True
        message = f"{self._model.name}: its driver no longer gives energy or power"
        return (ReadFailure(self._gpu.device_id, SourceGone(message)),)

    def process_share(self, pids: Collection[int], is_known: Callable[[int], bool]) -> float | None:
        """The share of some processes; ``None`` where NVML does not tell."""
        return self._sharing.ratio(self._gpu.handle, pids, is_known)

    def reconnect(self, handle: Handle) -> None:
        """Go on with the handle of a freshly initialised NVML."""
        self._gpu = replace(self._gpu, handle=handle)
        if self._is_model:
            self._main = self._try(lambda: Utilisation(self._gpu))
        else:
            self._choose()

    def _find_scope(self) -> Scope:
        """The module's where that is what the counter is of, or all that is told."""
        if self._model.is_superchip or not self._tells_power(Scope.GPU):
            return Scope.MODULE if self._tells_power(Scope.MODULE) else Scope.GPU
        return Scope.GPU

    def _tells_power(self, scope: Scope) -> bool:
        """Whether a power of that scope is told, the instant or the average one."""
        try:
            fields = Fields(self._gpu, INSTANT_FIELD, AVERAGE_FIELD, scope=scope)
            fields.fill()
        except self._nvml.NVMLError:
            return False
        never = NEVER | {INVALID_ARGUMENT}
        return any(element.nvmlReturn not in never for element in fields.elements)

    def _choose(self) -> None:
        """Take the best way to the energy and, if that gives no power, one to the power."""
        self._main = next(self._working(self._counters(), self._powers()), None)
        self._extra = None
        if self._main is not None and not self._main.gives_power:
            self._extra = next(self._working(self._momentary_powers()), None)

    def _working(self, *groups: Sequence[Callable[[], Way]]) -> Iterator[Way]:
        for make in (make for group in groups for make in group):
            way = self._try(make)
            if way is not None:
                yield way

    def _try(self, make: Callable[[], Way]) -> Way | None:
        """The way, unless the driver says that it does not know it.

        A refusal that may pass (no permission, time-out) leaves the way in use.
        """
        try:
            way = make()
        except self._nvml.NVMLError:  # the library lacks the function
            return None
        if way.name in self._dropped:
            return None
        try:
            way.read()
        except self._nvml.NVMLError as error:
            return None if error.value in NEVER | {INVALID_ARGUMENT} else way
        return way

    def _counters(self) -> Sequence[Callable[[], Way]]:
        windows = {AVERAGE_FIELD: average_window(), INSTANT_FIELD: instant_window(self._model)}
        powers = {field: one for field, one in windows.items() if self._has_field(field, one)}
        return (
            lambda: CounterField(self._gpu, powers, self._scope),
            lambda: CounterCall(self._gpu),
        )

    def _powers(self) -> Sequence[Callable[[], Way]]:
        window = usage_window(self._model)
        return (
            lambda: PowerField(self._gpu, AVERAGE_FIELD, average_window(), self._scope),
            lambda: PowerCall(self._gpu, window),
        )

    def _momentary_powers(self) -> Sequence[Callable[[], Way]]:
        instant, usage = instant_window(self._model), usage_window(self._model)
        return (
            lambda: PowerField(self._gpu, INSTANT_FIELD, instant, self._scope),
            lambda: PowerCall(self._gpu, usage),
        )

    def _has_field(self, field: int, window: Window) -> bool:
        return self._try(lambda: PowerField(self._gpu, field, window, self._scope)) is not None

    def _read_extra(self) -> Sequence[Reading]:
        """The power beside the counter; without it only phase edges are coarser."""
        if self._extra is None:
            return ()
        try:
            return self._extra.read()
        except self._nvml.NVMLError as error:
            if error.value == UNINITIALIZED:
                raise
            if error.value in NEVER:
                self._extra = None
            return ()

    def _accuracy(self) -> Accuracy:
        if self._is_model:
            return model_accuracy()
        window = self._main.window if self._main else None
        if window is None:
            return counter_accuracy(self._model)
        return polled_accuracy(self._model, window)

    def _failure(self, code: int) -> ReadFailure:
        self.is_gone = code in GONE
        error = SourceGone if self.is_gone else SourceReadError
        message = f"{self._model.name} ({self.uuid}): {describe(self._nvml, code)}"
        return ReadFailure(self._gpu.device_id, error(message))


def _most_w(nvml: Nvml, handle: Handle) -> float | None:
    """Half as much again as the highest limit that can be set: a board overshoots for moments."""
    try:
        _, highest_mw = nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
    except nvml.NVMLError:
        return None
    return _OVERSHOOT * w_from_mw(highest_mw) if highest_mw > 0 else None
