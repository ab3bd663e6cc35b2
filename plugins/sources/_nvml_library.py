"""Starting NVML through NVIDIA's binding, and what its error codes mean for us."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any, Final

from tracker.errors import SourceUnavailable

Nvml = Any
"""The module ``pynvml``; it has no types."""
NvmlError = Any
"""Its exception ``NVMLError``, with NVML's code in ``value``."""
Handle = Any
"""NVML's pointer to a device; valid until the last user has shut NVML down."""

# Codes of nvml.h that decide what is done next.
UNINITIALIZED: Final = 1
INVALID_ARGUMENT: Final = 2
NO_PERMISSION: Final = 4
DRIVER_NOT_LOADED: Final = 9
LIBRARY_NOT_FOUND: Final = 12
VERSION_MISMATCH: Final = 18
NEVER: Final = frozenset({3, 13})  # not supported, function not found
GONE: Final = frozenset({15, 16, 28})  # GPU is lost, reset required, GPU not found

START_TIMEOUT_S: Final = 5.0  # a cold start takes 0.1 s

_HANG_FIX: Final = "see whether nvidia-smi answers; if not, reload the driver or reboot"
_FOREIGN_BINDING: Final = (
    "module pynvml is not NVIDIA's: the package 'pynvml' below version 12 hides nvidia-ml-py"
)
_FOREIGN_BINDING_FIX: Final = (
    "pip uninstall --yes pynvml && pip install --force-reinstall nvidia-ml-py"
)
_MISMATCH_FIX: Final = (
    "the driver was updated while its old kernel module runs: reboot, or reload the driver"
    " (sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo nvidia-smi)"
)


def load_binding() -> Nvml:
    """The module ``pynvml``, once it is sure that there is a library to bind.

    Raises:
        SourceUnavailable: no NVML on this machine, or no (or another) binding to it.
    """
    if sys.platform == "linux":
        _expect_library()  # importing the binding takes 30 ms, missing a library none
    try:
        import pynvml  # noqa: PLC0415 - only where there is a library
    except ImportError as error:
        raise SourceUnavailable(
            f"module pynvml does not load: {error}", fix="pip install nvidia-ml-py"
        ) from error
    expect_own_binding(pynvml)
    return pynvml


def expect_own_binding(binding: object) -> None:
    """Refuse the old PyPI package ``pynvml``, which lacks what NVIDIA's binding has.

    Raises:
        SourceUnavailable: with the commands that put the right one in its place.
    """
    if not hasattr(binding, "_nvmlGetFunctionPointer"):
        raise SourceUnavailable(_FOREIGN_BINDING, fix=_FOREIGN_BINDING_FIX)


def start(nvml: Nvml, timeout_s: float = START_TIMEOUT_S) -> None:
    """Initialise NVML; it counts its users, so others in this process are not disturbed.

    Some drivers (570) never return, so it is asked on a thread of its own, and given up.

    Raises:
        SourceUnavailable: no driver, another driver than the library's, or any other
            refusal; or no answer within ``timeout_s`` seconds.
    """
    attempt = _Start(nvml)
    attempt.start()
    attempt.join(timeout_s)
    if attempt.give_up():
        raise SourceUnavailable(
            f"NVML does not answer: nvmlInit has not returned within {timeout_s:g} s", fix=_HANG_FIX
        )
    if attempt.error is not None:
        raise _refusal(attempt.error) from attempt.error


class _Start(threading.Thread):
    """One call of ``nvmlInit``, which may never return."""

    def __init__(self, nvml: Nvml) -> None:
        super().__init__(name="tracker-nvml-start", daemon=True)
        self.error: NvmlError | None = None
        self._nvml = nvml
        self._lock = threading.Lock()
        self._is_done = False
        self._is_given_up = False

    def run(self) -> None:
        try:
            self._nvml.nvmlInit()
        except self._nvml.NVMLError as error:
            self.error = error
        with self._lock:
            self._is_done = True
            late = self._is_given_up and self.error is None
        if late:
            stop(self._nvml)

    def give_up(self) -> bool:
        """Leave the call alone unless it has returned; whether it is left alone."""
        with self._lock:
            self._is_given_up = not self._is_done
            return self._is_given_up


def stop(nvml: Nvml) -> None:
    """Shut NVML down; never raises, for another may have shut it down already."""
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError:
        return


def text(value: str | bytes) -> str:
    """A string of NVML; older bindings hand out bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def describe(nvml: Nvml, code: int) -> str:
    """An error code in NVIDIA's words."""
    return f"{nvml.NVMLError(code)} (NVML error {code})"


def _expect_library() -> None:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        raise SourceUnavailable("no NVIDIA driver: libnvidia-ml.so.1 was not found") from error


def _refusal(error: NvmlError) -> SourceUnavailable:
    code = int(error.value)
    if code == LIBRARY_NOT_FOUND:
        return SourceUnavailable("no NVIDIA driver: libnvidia-ml.so.1 was not found")
    if code == DRIVER_NOT_LOADED:
        return SourceUnavailable("NVML is installed, but no NVIDIA driver is loaded")
    if code == VERSION_MISMATCH:
        return SourceUnavailable("NVIDIA driver and library differ in version", fix=_MISMATCH_FIX)
    return SourceUnavailable(f"NVML does not start: {error} (NVML error {code})")
