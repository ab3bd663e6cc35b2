"""The energy counters of AMD's GPUs through AMD's own library, if it is installed.

The counter is ``energy_accumulator`` times ``counter_resolution`` (15.3 µJ), 64 bits long.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tracker.model.units import j_from_uj

AmdSmi = Any
"""The module ``amdsmi``; it has no types."""
Handle = Any
"""Its pointer to a GPU."""

_LIBRARY: Final = "libamd_smi.so"
_ROCM: Final = "/opt/rocm"


def load(environ: Mapping[str, str]) -> AmdSmi | None:
    """The module, started; ``None`` where it, its library or the driver is not there.

    The library is looked for first, where the module looks for it: importing the module
    without it writes to standard output.
    """
    spec = importlib.util.find_spec("amdsmi")
    if spec is None or spec.origin is None or not _has_library(environ, Path(spec.origin).parent):
        return None
    try:
        module: AmdSmi = importlib.import_module("amdsmi")
        module.amdsmi_init()
    except Exception:  # noqa: BLE001 - by release it raises ImportError, KeyError, its own…
        return None
    return module


def stop(module: AmdSmi) -> None:
    """Shut the library down; never raises."""
    try:
        module.amdsmi_shut_down()
    except module.AmdSmiException:
        return


class Counters:
    """The counters of the GPUs that the library lists, by PCI address."""

    def __init__(self, module: AmdSmi) -> None:
        """List the GPUs; those that do not answer are left out."""
        self._module = module
        self._handles: dict[str, Handle] = {}
        with suppress(module.AmdSmiException):
            for handle in module.amdsmi_get_processor_handles():
                with suppress(module.AmdSmiException):
                    self._handles[str(module.amdsmi_get_gpu_device_bdf(handle)).lower()] = handle

    def energy_j(self, address: str) -> float | None:
        """A GPU's counter in joules; ``None`` where it has none or does not answer now."""
        handle = self._handles.get(address)
        if handle is None:
            return None
        try:
            answer = self._module.amdsmi_get_energy_count(handle)
        except self._module.AmdSmiException:
            return None
        ticks = answer["energy_accumulator"] if "energy_accumulator" in answer else answer["power"]
        return j_from_uj(ticks * answer["counter_resolution"])


def _has_library(environ: Mapping[str, str], package: Path) -> bool:
    """Whether the library loads from one of the places where the module looks."""
    home = environ.get("ROCM_HOME", environ.get("ROCM_PATH", ""))
    rocm = Path(environ.get("ROCM_PATH", _ROCM)) / "lib" / _LIBRARY
    own = [str(Path(home) / "lib" / _LIBRARY)] if home else []
    return any(_loads(place) for place in (*own, _LIBRARY, str(package / _LIBRARY), str(rocm)))


def _loads(place: str) -> bool:
    try:
        ctypes.CDLL(place)
    except OSError:
        return False
    return True
