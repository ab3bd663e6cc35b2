"""Kinds of runs whose truth is known, and how often the stated range holds it.

A run is measured by the meter over simulated readings; what its sensors read is exact but for
what reading does to it (refresh, polling, gaps, resets). Then the truth is drawn: each board's
energy times a gain, as the class says, or otherwise.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tracker.live.slots import SlotBook
from tracker.model.device import Accuracy, Device, DeviceKind
from tracker.model.ranges import Range, Share, energy_range
from tracker.model.reading import PowerReading, Reading
from tracker.model.units import ns_from_s
from tracker.sampling.clock import Anchor
from tracker.sources._nvml_power import (
    Model,
    average_window,
    counter_accuracy,
    instant_window,
    polled_accuracy,
)
from unit.energy.simulated import Averager, Counter, Rig, Sensor, Wave

H100: Final = Model("NVIDIA H100", 9, 550)
V100: Final = Model("Tesla V100", 5, 550)
CPU_MODEL: Final = Accuracy.of("model:cpu", 0.5, 1.6, common_share=1.0)
TRUTHS: Final = 10_000
"""Drawn of a kind: so many that the count is good to half a per cent."""


class Instant(Struct, frozen=True):
    """Shows a wave's mean over a moment, published every 20 ms, as a V100 does."""

    device_id: str
    wave: Wave
    phase_s: float = 0.0

    def read(self, now_s: float) -> list[Reading]:
        window = instant_window(V100)
        tick = math.floor((now_s - self.phase_s) / window.refresh_s)
        shown_s = tick * window.refresh_s + self.phase_s
        used_j = self.wave.energy_j(shown_s) - self.wave.energy_j(shown_s - window.window_s)
        mean_w = used_j / window.window_s
        at_ns = ns_from_s(now_s)
        return [PowerReading(self.device_id, at_ns, mean_w, window.window_s, window.refresh_s)]


class Load(Struct, frozen=True):
    """Shows a wave's mean since the last read, as a model of the CPU's load does."""

    device_id: str
    wave: Wave

    def read(self, now_s: float) -> list[Reading]:
        mean_w = self.wave.energy_j(now_s) - self.wave.energy_j(now_s - 1.0)
        return [PowerReading(self.device_id, ns_from_s(now_s), mean_w, 1.0)]


class Board(Struct, frozen=True):
    """What a run found of one board, and what its sensor would have shown exactly.

    Attributes:
        read_j: in two halves of the run, exactly; the first is a share of ``share.energy_j``.
    """

    share: Share
    halves_j: tuple[float, float]


Run = Sequence[Board]
Gains = Callable[[random.Random, Run], float]
"""Draws the truth of a run, in joules."""

Make = Callable[[random.Random], list[Sensor]]


class Kind(Struct, frozen=True):
    """A kind of runs.

    Attributes:
        make: its boards.
        gains: how the truth comes from what the sensors show.
        accuracy: of each board.
        pauses_s: when, after the start, the process is paused, and for how long.
        reset_s: when the counters start from 0 again.
        measured: how many runs are simulated; of each, several truths are drawn.
    """

    name: str
    make: Make
    gains: Gains
    accuracy: Accuracy
    duration_s: float = 30.0
    pauses_s: tuple[tuple[float, float], ...] = ()
    reset_s: float | None = None
    measured: int = 50


class Outcome(Struct, frozen=True):
    """What became of a kind.

    Attributes:
        held_ratio: runs whose range holds the truth.
        width_ratio: the ranges' width over the narrowest that holds 95 of 100 truths.
    """

    held_ratio: float
    width_ratio: float


# --- gains --------------------------------------------------------------------------------


def _normal(dice: random.Random, half_width: float) -> float:
    return dice.gauss(0.0, half_width / 2)


def _uniform(dice: random.Random, half_width: float) -> float:
    """As uncertain as the normal one: of the same standard deviation."""
    reach = half_width / 2 * math.sqrt(3)
    return dice.uniform(-reach, reach)


def _gain(accuracy: Accuracy, common: float, own: float) -> float:
    return accuracy.common_ratio.midpoint + accuracy.own_ratio.midpoint - 1 + common + own


def _drawn(
    dice: random.Random, run: Run, draw: Callable[[random.Random, float], float]
) -> list[float]:
    accuracy = run[0].share.accuracy
    common = draw(dice, accuracy.common_ratio.half_width)
    own_half = accuracy.own_ratio.half_width
    return [_gain(accuracy, common, draw(dice, own_half)) for _ in run]


def _true_j(gains: Sequence[float], run: Run) -> float:
    return sum(gain * sum(one.halves_j) for gain, one in zip(gains, run, strict=True))


def as_assumed(dice: random.Random, run: Run) -> float:
    """Half the variance is common to all boards, half each one's own."""
    gains = _drawn(dice, run, _normal)
    return _true_j(gains, run)


def uniform(dice: random.Random, run: Run) -> float:
    """The same spread, but without a middle."""
    gains = _drawn(dice, run, _uniform)
    return _true_j(gains, run)


def one_bad_board(dice: random.Random, run: Run) -> float:
    """One board is off by twice what its class allows."""
    accuracy = run[0].share.accuracy
    half = math.hypot(accuracy.common_ratio.half_width, accuracy.own_ratio.half_width)
    gains = _drawn(dice, run, _normal)
    bad = dice.randrange(len(gains))
    gains[bad] = _gain(accuracy, 2 * half * dice.choice((-1, 1)), 0.0)
    return _true_j(gains, run)


def drifting(dice: random.Random, run: Run) -> float:
    """The gain moves by as much as it may be off, from before to after its middle."""
    accuracy = run[0].share.accuracy
    half = math.hypot(accuracy.common_ratio.half_width, accuracy.own_ratio.half_width)
    total_j = 0.0
    for gain, one in zip(_drawn(dice, run, _normal), run, strict=True):
        drift = dice.uniform(-half, half)
        first_j, second_j = one.halves_j
        total_j += first_j * (gain - drift / 4) + second_j * (gain + drift / 4)
    return total_j


# --- the kinds ----------------------------------------------------------------------------


def wave(dice: random.Random) -> Wave:
    """A constant power, or a square of any period of a training's steps and epochs."""
    if dice.random() < 0.2:
        return Wave(300, 300)
    period_s = math.exp(dice.uniform(math.log(0.11), math.log(20)))
    return Wave(100, 700, period_s, dice.random() * period_s)


def counters(count: int) -> Make:
    """Boards with a counter."""

    def make(dice: random.Random) -> list[Sensor]:
        return [
            Counter(f"gpu:{i}", wave(dice), dice.choice((0.1, 0.05, 0.02)), dice.random() / 10)
            for i in range(count)
        ]

    return make


def averagers(dice: random.Random) -> list[Sensor]:
    """A board without a counter that tells the mean of the last second."""
    return [Averager("gpu:0", wave(dice), phase_s=dice.random() / 10)]


def instants(dice: random.Random) -> list[Sensor]:
    """A board without a counter that tells the power of a moment."""
    return [Instant("gpu:0", wave(dice), dice.random() / 50)]


def loads(dice: random.Random) -> list[Sensor]:
    """A processor that is modelled."""
    return [Load("cpu:0", Wave(20, 90, 7.0, dice.random() * 7))]


def hour(dice: random.Random) -> list[Sensor]:
    """A board that works in one half of the hour and rests in the other."""
    return [Counter("gpu:0", Wave(100, 700, 3600, dice.choice((0, 1800))), phase_s=0.03)]


_COUNTED, _AVERAGED = counter_accuracy(H100), polled_accuracy(H100, average_window())
_SAMPLED = polled_accuracy(V100, instant_window(V100))
_GAPS = ((10.0, 4.0), (30.0, 9.0))

KINDS: Final = (
    Kind("a counter", counters(1), as_assumed, _COUNTED),
    Kind("a counter, half a second", counters(1), as_assumed, _COUNTED, 0.5),
    Kind("eight counters", counters(8), as_assumed, _COUNTED, measured=20),
    Kind("a counter that is reset", counters(1), as_assumed, _COUNTED, reset_s=15.0),
    Kind("polled means", averagers, as_assumed, _AVERAGED, 60.0),
    Kind("polled means with gaps", averagers, as_assumed, _AVERAGED, 60.0, _GAPS),
    Kind("polled moments", instants, as_assumed, _SAMPLED, 60.0),
    Kind("a modelled CPU", loads, as_assumed, CPU_MODEL),
    Kind("a counter, uniform", counters(1), uniform, _COUNTED),
    Kind("a counter, half a second, uniform", counters(1), uniform, _COUNTED, 0.5),
    Kind("eight counters, uniform", counters(8), uniform, _COUNTED, measured=20),
    Kind("polled means with gaps, uniform", averagers, uniform, _AVERAGED, 60.0, _GAPS),
    Kind("polled moments, uniform", instants, uniform, _SAMPLED, 60.0),
    Kind("one bad board of eight", counters(8), one_bad_board, _COUNTED, measured=20),
    Kind("a counter, drift over an hour", hour, drifting, _COUNTED, 3600.0, measured=4),
    Kind("a modelled CPU, uniform", loads, uniform, CPU_MODEL),
)


# --- runs ---------------------------------------------------------------------------------


def outcome(kind: Kind, *, measured: int | None = None, seed: int = 7) -> Outcome:
    """Measure runs of a kind, draw truths, and count."""
    dice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    runs = [_run(kind, dice) for _ in range(measured or kind.measured)]
    read = [(sum(one.share.energy_j for one in run), _range(run)) for run in runs]
    held, truths, widths = 0, [], []
    for number in range(TRUTHS):
        run = runs[number % len(runs)]
        read_j, bounds = read[number % len(runs)]
        truth_j = kind.gains(dice, run)
        held += bounds.low <= truth_j <= bounds.high
        truths.append(truth_j / read_j)
        widths.append((bounds.high - bounds.low) / read_j)
    truths.sort()
    needed = truths[int(0.975 * TRUTHS) - 1] - truths[int(0.025 * TRUTHS)]
    return Outcome(held / TRUTHS, statistics.fmean(widths) / needed)


def _range(run: Run) -> Range:
    return energy_range(one.share for one in run)


def _run(kind: Kind, dice: random.Random) -> Run:
    sensors = kind.make(dice)
    rig = Rig(sensors, [_device(one, kind.accuracy) for one in sensors], seed=dice.random())
    rig.read()
    rig.now_s += 0.001
    begin_s = rig.now_s
    book = SlotBook(UUID(int=1), Anchor(0), ns_from_s(begin_s))
    rig.edge()
    for at_s, for_s in kind.pauses_s:
        rig.run_until(begin_s + at_s)
        rig.now_s += for_s
    if kind.reset_s is not None:
        rig.run_until(begin_s + kind.reset_s)
        rig.devices = [_reset(one, rig.now_s) for one in rig.devices]
    rig.run_until(begin_s + kind.duration_s)
    end = rig.stop(0.15 if kind.duration_s < 1 else 0.03)
    end_s = end.time_ns / 1e9
    ids = [one.device_id for one in sensors]
    records = book.book(rig.meter, ids, end.time_ns, final=True)
    boards = []
    for one in sensors:
        mine = [each.interval for each in records if each.interval.device_id == one.device_id]
        slack_j = math.hypot(*(each.slack_j for each in mine))
        energy_j = sum(each.energy_j for each in mine)
        share = Share(one.device_id, kind.accuracy, energy_j, slack_j)
        levels_j = [one.wave.energy_j(at_s) for at_s in (begin_s, (begin_s + end_s) / 2, end_s)]
        boards.append(Board(share, (levels_j[1] - levels_j[0], levels_j[2] - levels_j[1])))
    return boards


def _device(sensor: Sensor, accuracy: Accuracy) -> Device:
    refresh_s = 0.1 if isinstance(sensor, Counter) else 0.0
    return Device(sensor.device_id, DeviceKind.GPU, "GPU", accuracy, refresh_s=refresh_s)


def _reset(sensor: Sensor, now_s: float) -> Sensor:
    if not isinstance(sensor, Counter):
        return sensor
    return replace(sensor, offset_j=-sensor.wave.energy_j(now_s) - 900)
