"""Which GPUs ``CUDA_VISIBLE_DEVICES`` gives to this process; no hardware is asked here.

The rules are those of CUDA's documentation ("CUDA environment variables") and of PyTorch's
parser (``torch/cuda/__init__.py``): entries are read from left to right up to the first
invalid one, all of one kind, and a duplicate makes the set empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

VARIABLE: Final = "CUDA_VISIBLE_DEVICES"
ORDER_VARIABLE: Final = "CUDA_DEVICE_ORDER"
_INTEGER: Final = re.compile(r"[+-]?\d+")  # as strtoul reads it: "1gpu2" is 1
_OLD_MIG: Final = re.compile(r"MIG-(GPU-[^/]+)/\d+/\d+")

ParentOf = Callable[[str], str | None]
"""The UUID of the GPU that a MIG instance is cut from, or ``None`` if there is no such one."""


class Gpu(Struct, frozen=True):
    """A GPU as the rules see it."""

    uuid: str
    name: str


class Selection(Struct, frozen=True):
    """What the environment leaves visible.

    Attributes:
        positions: places in the list of GPUs, in CUDA's order.
        mig_positions: those of them of which only MIG instances are visible.
        reason: why the others are not ours; empty where nothing was said.
        is_doubtful: CUDA may number the GPUs otherwise, and so others may be ours.
    """

    positions: tuple[int, ...]
    mig_positions: frozenset[int] = frozenset()
    reason: str = ""
    is_doubtful: bool = False


def select(environ: Mapping[str, str], gpus: Sequence[Gpu], parent_of: ParentOf) -> Selection:
    """Apply ``CUDA_VISIBLE_DEVICES`` of ``environ`` to ``gpus``, which stand in PCI order."""
    value = environ.get(VARIABLE)
    if value is None:
        return Selection(tuple(range(len(gpus))))
    entries = [entry.strip() for entry in value.split(",")]
    reason = f"not visible to this process: {VARIABLE}={value}"
    if entries[0].startswith("MIG-"):
        found = _by_mig(entries, gpus, parent_of)
        return Selection(found, frozenset(found), reason)
    if entries[0].startswith("GPU-"):
        return Selection(_by_uuid(entries, gpus), reason=reason)
    found, doubt = _by_number(entries, len(gpus)), _doubt(environ, gpus)
    is_doubtful = bool(doubt) and 0 < len(found) < len(gpus)
    return Selection(found, reason=reason + doubt, is_doubtful=is_doubtful)


def slurm_doubt(environ: Mapping[str, str], listed: int) -> str:
    """What to say where Slurm gave this job fewer GPUs than are seen, and not which.

    Its numbers (``SLURM_JOB_GPUS``) are those of the node's devices, which need not be
    NVML's, so nothing is chosen by them.
    """
    given = environ.get("SLURM_GPUS_ON_NODE", "")
    if VARIABLE in environ or not given.isdecimal() or not 0 < int(given) < listed:
        return ""
    return (
        f"Slurm gave this job {given} of the {listed} GPUs that are seen and counted here, but"
        f" {VARIABLE} is not set; set it, or devices="
    )


def select_by_cuda(uuids: Sequence[str], gpus: Sequence[Gpu], parent_of: ParentOf) -> Selection:
    """What CUDA itself says that it uses in this process, by UUIDs without ``GPU-``."""
    found, mig = [], set()
    for uuid in uuids:
        position = _position(f"GPU-{uuid}", gpus)
        if position is None:
            parent = parent_of(f"MIG-{uuid}")
            position = _position(parent, gpus) if parent else None
            mig |= {position} if position is not None else set()
        if position is not None:
            found.append(position)
    reason = "CUDA does not use it in this process"
    return Selection(tuple(dict.fromkeys(found)), frozenset(mig), reason)


def _by_number(entries: Sequence[str], count: int) -> tuple[int, ...]:
    found: list[int] = []
    for entry in entries:
        number = _INTEGER.match(entry)
        position = int(number.group()) if number else -1
        if position in found:
            return ()
        if not 0 <= position < count:
            break
        found.append(position)
    return tuple(found)


def _by_uuid(entries: Sequence[str], gpus: Sequence[Gpu]) -> tuple[int, ...]:
    found: list[int] = []
    for entry in entries:
        position = _position(entry, gpus) if entry.startswith("GPU-") else None
        if position is None:
            break
        if position in found:
            return ()
        found.append(position)
    return tuple(found)


def _by_mig(entries: Sequence[str], gpus: Sequence[Gpu], parent_of: ParentOf) -> tuple[int, ...]:
    """The boards of the instances; two instances of one board are no duplicate."""
    found: list[int] = []
    seen: set[str] = set()
    for entry in entries:
        old = _OLD_MIG.fullmatch(entry)
        parent = old.group(1) if old else parent_of(entry)
        position = _position(parent, gpus) if parent and entry.startswith("MIG-") else None
        if position is None:
            break
        if entry in seen:
            return ()
        seen.add(entry)
        found.append(position)
    return tuple(dict.fromkeys(found))


def _position(prefix: str, gpus: Sequence[Gpu]) -> int | None:
    """The one GPU whose UUID begins so; ``None`` if there is none or more than one."""
    matches = [place for place, gpu in enumerate(gpus) if gpu.uuid.startswith(prefix)]
    return matches[0] if len(matches) == 1 else None


def _doubt(environ: Mapping[str, str], gpus: Sequence[Gpu]) -> str:
    """What to add where CUDA may count the GPUs in another order than we do.

    CUDA numbers the fastest first unless told otherwise; NVML numbers in PCI order. The
    two agree where all GPUs are of one model.
    """
    if environ.get(ORDER_VARIABLE) == "PCI_BUS_ID" or len({gpu.name for gpu in gpus}) <= 1:
        return ""
    return (
        f" was read in PCI order, but the GPUs differ and CUDA may number them otherwise;"
        f" set {ORDER_VARIABLE}=PCI_BUS_ID or name them by UUID"
    )
