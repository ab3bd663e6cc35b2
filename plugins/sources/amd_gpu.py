"""AMD GPUs through the kernel's driver amdgpu and, if installed, AMD's library.

The energy counter is the library's (package ``amdsmi``) or, on kernels that show one,
hwmon's; where there is none, or it is known to stand still or stands still while the GPU
draws power, hwmon's power is polled. An APU's power includes its processor. The first die
of an MI250 reads for both, so the second is named as part of it. Facts: ROCm's
documentation and ``Documentation/gpu/amdgpu/thermal.rst``.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tracker.errors import SourceGone, SourceReadError, SourceUnavailable
from tracker.model.device import Accuracy, Device, DeviceKind, NotCounted
from tracker.model.host import Host
from tracker.model.reading import EnergyReading, PowerReading, ReadFailure, Reading
from tracker.model.units import j_from_uj, w_from_uw
from tracker.ports.source import Inventory
from tracker.sources import _amd_smi
from tracker.sources._amd_cards import FOLDER, Card, cards, runtime_order, second_dies, withheld
from tracker.sources._amd_visible import visible

_MAX_BYTES: Final = 32
_NO_DEVICE: Final = frozenset({errno.ENODEV, errno.ENOENT, errno.ENXIO})
_PAUSE_S: Final = 0.02  # the library hands out the same value for a millisecond

# No study of these meters is known; the range is a judgement, as for every hwmon power.
_COUNTED: Final = Accuracy.of("counter:hwmon", 0.90, 1.10)
_POLLED: Final = Accuracy.of("polled:hwmon", 0.90, 1.10)


def _pause() -> None:
    """Wait until each counter has moved."""
    time.sleep(_PAUSE_S)


def open(host: Host) -> AmdGpuSource:
    """Find the cards that are ours and can be read.

    Raises:
        SourceUnavailable: the driver has no card.
    """
    found = cards(host.sys_path)
    if not found:
        raise SourceUnavailable(f"amd_gpu: no card below {host.sys_path / FOLDER}")
    return AmdGpuSource(host, found, _amd_smi.load(host.environ))


class AmdGpuSource:
    """The cards of this process."""

    def __init__(
        self,
        host: Host,
        found: Sequence[Card],
        smi: _amd_smi.AmdSmi | None,
        pause: Callable[[], None] = _pause,
    ) -> None:
        """Try each card once.

        Args:
            host: whose cards they are, and the clock.
            found: every card of the driver, by address.
            smi: AMD's library, started; shut down by ``close``.
            pause: waits until a counter must have moved.
        """
        self._smi = smi
        self._boards: dict[str, Board] = {}
        counters = _amd_smi.Counters(smi) if smi is not None else None
        ours, self._not_counted = _ours(host, found)
        boards = [Board(card, host.monotonic_ns, counters) for card in ours]
        if any(board.has_counter for board in boards):
            before = [board.counter_j() for board in boards]
            pause()
            for board, start_j in zip(boards, before, strict=True):
                board.drop_counter_if_stuck_at(start_j)
        for board in boards:
            self._keep(board)
        self._had_boards = bool(self._boards)

    def devices(self) -> Inventory:
        """The visible cards with a reading, and every other one with its reason."""
        found = tuple(board.device() for board in self._boards.values())
        return Inventory(found, tuple(self._not_counted))

    def read(self) -> Sequence[Reading | ReadFailure]:
        """Counter and power of each card.

        Raises:
            SourceGone: every card is gone.
        """
        if self._had_boards and not self._boards:
            raise SourceGone("amd_gpu: no card is left to read")
        answers = [item for board in tuple(self._boards.values()) for item in board.read()]
        for answer in answers:
            if isinstance(answer, ReadFailure) and isinstance(answer.error, SourceGone):
                self._boards.pop(answer.device_id).close()
        return answers

    def close(self) -> None:
        """Close the files and the library."""
        while self._boards:
            self._boards.popitem()[1].close()
        if self._smi is not None:
            _amd_smi.stop(self._smi)

    def _keep(self, board: Board) -> None:
        if board.is_readable:
            self._boards[board.device_id] = board
            return
        reason = "its driver gives neither an energy counter nor a power (usual in a guest)"
        self._not_counted.append(NotCounted(board.card.name, reason))
        board.close()


class Board:
    """One card that is read at every tick."""

    def __init__(
        self, card: Card, clock: Callable[[], int], counters: _amd_smi.Counters | None
    ) -> None:
        """Open its files."""
        self.card = card
        self.device_id = f"gpu:{card.address}"
        self._clock = clock
        self._counters = None if card.has_stuck_counter else counters
        self._energy = None if card.has_stuck_counter else _descriptor(card.energy_path())
        self._power = _descriptor(card.power_path())
        self.has_counter = self._has_counter()

    @property
    def is_readable(self) -> bool:
        """Whether its energy or at least its power can be read."""
        return self.has_counter or self._power is not None

    def device(self) -> Device:
        """The card as the tracker knows it."""
        name = self.card.name
        name += " (processor and graphics)" * self.card.is_apu
        name += " (both dies)" * self.card.is_double
        accuracy = _COUNTED if self.has_counter else _POLLED
        covers = ("cpu:*",) if self.card.is_apu else ()
        return Device(self.device_id, DeviceKind.GPU, name, accuracy, covers=covers)

    def drop_counter_if_stuck_at(self, energy_j: float | None) -> None:
        """Poll the power instead of a counter that stands still while power is drawn."""
        if not self.has_counter or self._power is None or self.counter_j() != energy_j:
            return
        try:
            self.has_counter = self._number(self._power) == 0
        except (OSError, ValueError):
            return

    def counter_j(self) -> float | None:
        """The energy counter in joules; ``None`` where it does not answer."""
        if self._energy is not None:
            try:
                return j_from_uj(self._number(self._energy))
            except (OSError, ValueError):
                return None
        return self._counters.energy_j(self.card.address) if self._counters else None

    def read(self) -> Sequence[Reading | ReadFailure]:
        """Counter and power, or why not."""
        answers: list[Reading] = []
        if self.has_counter:
            energy_j = self.counter_j()
            if energy_j is not None:
                answers.append(EnergyReading(self.device_id, self._clock(), energy_j))
        try:
            answers += self._read_power()
        except OSError as error:
            if error.errno in _NO_DEVICE:
                return (self._failure(SourceGone, error),)
            return answers or (self._failure(SourceReadError, error),)
        except ValueError as error:
            return answers or (self._failure(SourceReadError, error),)
        if answers:
            return answers
        return (self._failure(SourceReadError, "the energy counter does not answer"),)

    def close(self) -> None:
        """Close its files."""
        for descriptor in (self._energy, self._power):
            if descriptor is not None:
                os.close(descriptor)

    def _has_counter(self) -> bool:
        """Whether a counter answers; 0 since the start is one that never moved."""
        return bool(self.counter_j())

    def _read_power(self) -> list[Reading]:
        if self._power is None:
            return []
        power_w = w_from_uw(self._number(self._power))
        return [PowerReading(self.device_id, self._clock(), power_w, 0.0)]

    def _number(self, descriptor: int) -> int:
        return int(os.pread(descriptor, _MAX_BYTES, 0))

    def _failure(self, error: type[SourceGone | SourceReadError], cause: object) -> ReadFailure:
        return ReadFailure(
            self.device_id, error(f"{self.card.name} ({self.card.address}): {cause}")
        )


def _ours(host: Host, found: Sequence[Card]) -> tuple[list[Card], list[NotCounted]]:
    """The cards to read: the visible ones, each second die by its first."""
    order = runtime_order(host.sys_path, found)
    places, reason = visible(host.environ, [card.uuid for card in order])
    if withheld(host.sys_path):
        reason = reason or "not given to this process (a container or a job keeps it back)"
    chosen = {order[place] for place in places} if reason else set(found)
    firsts = second_dies(found)
    read = {firsts.get(card, card) for card in chosen}
    not_counted = []
    for card in found:
        if card in firsts and card in chosen:
            first = firsts[card].address
            not_counted.append(NotCounted(_label(card), f"its energy is in that of {first}"))
        elif card not in read:
            not_counted.append(NotCounted(_label(card), reason))
    return [card for card in found if card in read], not_counted


def _label(card: Card) -> str:
    return f"{card.name} ({card.address})"


def _descriptor(path: Path | None) -> int | None:
    """The open file; ``None`` where there is none or it may not be read."""
    if path is None:
        return None
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
