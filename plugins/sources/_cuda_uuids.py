"""Which GPUs CUDA uses in this process, where PyTorch knows it already.

PyTorch is looked up among the imported modules and never imported, and CUDA is never
initialised: only when the training has done both is anything asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cuda_uuids(modules: Mapping[str, object]) -> tuple[str, ...] | None:
    """The UUIDs of CUDA's devices in CUDA's order, without ``GPU-``; ``None`` if not known.

    Args:
        modules: what this process has imported, by name.
    """
    torch: Any = modules.get("torch")
    if torch is None:
        return None
    try:
        if torch.version.cuda is None or not torch.cuda.is_initialized():
            return None
        devices = range(torch.cuda.device_count())
        uuids = [str(torch.cuda.get_device_properties(place).uuid) for place in devices]
    except Exception:  # noqa: BLE001 - half imported, or a release that does not tell UUIDs
        return None
    return tuple(uuid.removeprefix("GPU-").removeprefix("MIG-") for uuid in uuids)
