"""NVIDIA GPUs through NVML: the energy counter, or polled power where there is none.

The counter (Volta and newer) counts millijoules since the driver was loaded, so energy is
the difference of two readings, however late they are taken. Devices are known by UUID, and
those that ``CUDA_VISIBLE_DEVICES`` hides from this process are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from msgspec import Struct

from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Device, NotCounted
from tracker.model.host import Host
from tracker.model.reading import Answer, Settled
from tracker.ports.source import Inventory
from tracker.sources._cuda_uuids import cuda_uuids
from tracker.sources._nvml_board import Board
from tracker.sources._nvml_library import (
    NO_PERMISSION,
    Handle,
    Nvml,
    load_binding,
    start,
    stop,
    text,
)
from tracker.sources._nvml_power import Model
from tracker.sources._visible import Gpu, Selection, select, select_by_cuda, slurm_doubt


def open(host: Host) -> NvmlSource:
    """Start NVML and find the GPUs that are ours.

    Raises:
        SourceUnavailable: no GPU, no driver, or a driver that does not match its library.
    """
    nvml = load_binding()
    start(nvml)
    try:
        return NvmlSource(nvml, host)
    except nvml.NVMLError as error:
        stop(nvml)
        raise SourceUnavailable(f"NVML does not list its GPUs: {error}") from error
    except SourceUnavailable:
        stop(nvml)
        raise


class _Found(Struct, frozen=True):
    """A GPU that NVML lists and lets us ask."""

    index: int
    handle: Handle
    uuid: str
    model: Model

    @property
    def label(self) -> str:
        return f"GPU {self.index} ({self.uuid})"


class NvmlSource:
    """The GPUs of this process, read through an initialised NVML."""

    def __init__(self, nvml: Nvml, host: Host) -> None:
        """List the GPUs and try each once.

        Raises:
            SourceUnavailable: NVML lists none.
            NVMLError: NVML cannot list them.
        """
        self._nvml = nvml
        self._boards: list[Board] = []
        versions = _versions(nvml)
        found, refused = _list(nvml, _major(versions.get("nvidia driver", "")))
        self._gpus = [Gpu(gpu.uuid, gpu.model.name) for gpu in found]
        self._modules = host.modules
        self._left_out: dict[str, str] = {}
        selection = self._by_cuda()
        self._is_settled = selection is not None
        if selection is None:
            selection = select(host.environ, self._gpus, self._parent_of)
        devices, hidden = self._open_boards(host, found, selection)
        self._inventory = Inventory(devices, (*refused, *hidden), versions, dict(self._left_out))

    def devices(self) -> Inventory:
        """The visible GPUs with a reading, and every other one with its reason."""
        return self._inventory

    def read(self) -> Sequence[Answer]:
        """Counter and power of each GPU; NVML is initialised again if another shut it down.

        Raises:
            SourceReadError: NVML was shut down and does not come back now.
            SourceGone: every GPU is gone.
        """
        if self._boards and all(board.is_gone for board in self._boards):
            raise SourceGone("nvml: no GPU is left to read")
        settled = () if self._is_settled else self._settle()
        return [*settled, *self._read(self._boards)]

    def read_only(self, device_ids: Collection[str]) -> Sequence[Answer]:
        """The same of some GPUs.

        Raises:
            SourceReadError: NVML was shut down and does not come back now.
        """
        return self._read([one for one in self._boards if one.device_id in device_ids])

    def _read(self, boards: Sequence[Board]) -> list[Answer]:
        try:
            return _read_each(boards)
        except self._nvml.NVMLError:
            self._reconnect()
        try:
            return _read_each(boards)
        except self._nvml.NVMLError as error:
            raise SourceReadError(f"nvml: {error}") from error

    def process_shares(
        self, pids: Collection[int], is_known: Callable[[int], bool]
    ) -> dict[str, float | None]:
        """These processes' share of each GPU, by device id; ``None`` where NVML does not tell."""
        return {
            f"gpu:{board.uuid}": board.process_share(pids, is_known)
            for board in self._boards
            if not board.is_gone
        }

    def close(self) -> None:
        """Shut NVML down as far as we use it."""
        stop(self._nvml)

    def _by_cuda(self) -> Selection | None:
        """The GPUs that CUDA uses here; ``None`` before it does, or where it cannot be told."""
        uuids = cuda_uuids(self._modules)
        if uuids is None:
            return None
        selection = select_by_cuda(uuids, self._gpus, self._parent_of)
        return selection if selection.positions else None

    def _settle(self) -> Sequence[Settled]:
        """Once CUDA is up it decides which boards are ours; the others are read no more."""
        selection = self._by_cuda()
        if selection is None:
            return ()
        self._is_settled = True
        ours = {self._gpus[position].uuid for position in selection.positions}
        before = dict(self._left_out)
        self._left_out = {
            board.device_id: selection.reason for board in self._boards if board.uuid not in ours
        }
        answers = [
            Settled(board.device_id, self._left_out.get(board.device_id))
            for board in self._boards
            if (board.device_id in before) is not (board.device_id in self._left_out)
        ]
        self._boards = [board for board in self._boards if board.uuid in ours]
        return answers

    def _reconnect(self) -> None:
        try:
            self._nvml.nvmlInit()
            for board in self._boards:
                if not board.is_gone:
                    board.reconnect(_handle_of(self._nvml, board.uuid))
        except self._nvml.NVMLError as error:
            raise SourceReadError(f"nvml: shut down by another, and now: {error}") from error

    def _parent_of(self, mig_uuid: str) -> str | None:
        """The UUID of the GPU that a MIG instance belongs to."""
        nvml = self._nvml
        try:
            parent = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(_handle_of(nvml, mig_uuid))
            return text(nvml.nvmlDeviceGetUUID(parent))
        except nvml.NVMLError:
            return None

    def _open_boards(
        self, host: Host, found: Sequence[_Found], selection: Selection
    ) -> tuple[tuple[Device, ...], tuple[NotCounted, ...]]:
        devices, not_counted = [], []
        doubt = "" if self._is_settled else slurm_doubt(host.environ, len(found))
        if doubt:
            not_counted.append(NotCounted("which GPUs are this job's", doubt))
        for position, gpu in enumerate(found):
            is_ours = position in selection.positions
            if not is_ours and not selection.is_doubtful:
                not_counted.append(NotCounted(gpu.label, selection.reason))
                continue
            board = Board(self._nvml, gpu.handle, gpu.uuid, gpu.model, host.monotonic_ns)
            if not board.is_readable:
                not_counted.append(NotCounted(gpu.label, _no_reading(gpu.model)))
                continue
            remark = " (whole board of a MIG instance)"
            devices.append(board.device(remark if position in selection.mig_positions else ""))
            self._boards.append(board)
            if not is_ours:
                self._left_out[board.device_id] = selection.reason
        return tuple(devices), tuple(not_counted)


def _list(nvml: Nvml, driver: int) -> tuple[list[_Found], list[NotCounted]]:
    """The GPUs in NVML's (PCI) order; in a container some indices may be refused."""
    count = nvml.nvmlDeviceGetCount()
    if not count:
        raise SourceUnavailable("NVML lists no GPU")
    found, refused = [], []
    for index in range(count):
        try:
            found.append(_found(nvml, index, driver))
        except nvml.NVMLError as error:
            refused.append(NotCounted(f"GPU {index}", _refusal(error.value, str(error))))
    return found, refused


def _found(nvml: Nvml, index: int, driver: int) -> _Found:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    name, uuid = text(nvml.nvmlDeviceGetName(handle)), text(nvml.nvmlDeviceGetUUID(handle))
    return _Found(index, handle, uuid, Model(name, _architecture(nvml, handle), driver))


def _versions(nvml: Nvml) -> dict[str, str]:
    """The driver's and the library's version, as far as they say."""
    asked = {
        "nvidia driver": nvml.nvmlSystemGetDriverVersion,
        "nvml": nvml.nvmlSystemGetNVMLVersion,
    }
    found = {}
    for name, ask in asked.items():
        with suppress(nvml.NVMLError):
            found[name] = text(ask())
    return found


def _major(version: str) -> int:
    """The first number of a version; 0 where there is none."""
    major = version.partition(".")[0]
    return int(major) if major.isdecimal() else 0


def _architecture(nvml: Nvml, handle: Handle) -> int:
    """NVML's number of the architecture; 0, and so the widest range, where it does not say."""
    try:
        number = int(nvml.nvmlDeviceGetArchitecture(handle))
    except nvml.NVMLError:
        return 0
    return 0 if number == nvml.NVML_DEVICE_ARCH_UNKNOWN else number


def _handle_of(nvml: Nvml, uuid: str) -> Handle:
    return nvml.nvmlDeviceGetHandleByUUID(uuid.encode())


def _refusal(code: int, message: str) -> str:
    if code == NO_PERMISSION:
        return "not given to this process (a container or a job's cgroup keeps it back)"
    return f"NVML does not open it: {message}"


def _no_reading(model: Model) -> str:
    return (
        f"{model.name}: its driver gives neither an energy counter nor a power reading,"
        " nor a power limit and utilisation to model it by (usual for a virtual GPU; the host's"
        " administrator can measure it)"
    )


def _read_each(boards: Sequence[Board]) -> list[Answer]:
    return [item for board in boards if not board.is_gone for item in board.read()]
