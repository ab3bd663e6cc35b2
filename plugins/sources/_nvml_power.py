"""What an NVML power reading covers on each architecture, and how far it may be off.

Windows, refresh times and gain errors: Yang, Adámek, Armour, "Part-time power
measurements: nvidia-smi's lack of attention", SC'24, doi 10.1109/SC41406.2024.00028
(arXiv 2312.02741), measured on more than 70 boards. Blackwell and newer are not in it and
are treated like Hopper.
"""

from __future__ import annotations

import math
import re
from typing import Final

from msgspec import Struct

from tracker.model.device import Accuracy

PASCAL: Final = 4
VOLTA: Final = 5
TURING: Final = 6
AMPERE: Final = 7
ADA: Final = 8

COUNTER_REFRESH_S: Final = 0.1  # 20 to 100 ms by model
_SUPERCHIP: Final = re.compile(r"\bGH200\b")
_GA100: Final = re.compile(r"\b(A100|A800|A30)\b")  # Ampere, but metered like Volta
_INSTANT_DRIVER: Final = 530  # the one driver branch whose plain reading is the instant one

# Random error that polling at 1 s adds to the board's gain error, as a ratio.
_AVERAGE_ERROR: Final = 0.023  # the window has no gaps
_INSTANT_ERROR: Final = 0.06  # nearly the whole time is metered, but not at each poll
_PART_TIME_ERROR: Final = 0.14  # 25 ms of each 100 ms are metered


class Window(Struct, frozen=True):
    """What a power reading is the mean of, and how often it is published, in seconds."""

    window_s: float
    refresh_s: float


_ONE_SECOND: Final = Window(1.0, 0.1)


class Model(Struct, frozen=True):
    """What decides how a board meters itself.

    Attributes:
        architecture: NVML's number; 0 where the driver does not say.
        driver: major version of the driver.
    """

    name: str
    architecture: int
    driver: int

    @property
    def is_part_time(self) -> bool:
        """Whether the instant reading covers only a quarter of the time (GA100, Hopper…)."""
        return self.architecture > ADA or self.is_ga100

    @property
    def is_superchip(self) -> bool:
        """Whether counter and power are those of processor and GPU together (zeus, PR 172)."""
        return bool(_SUPERCHIP.search(self.name))

    @property
    def is_ga100(self) -> bool:
        """Whether it is the A100 family, which is metered unlike the rest of Ampere."""
        return self.architecture == AMPERE and bool(_GA100.search(self.name))


def average_window() -> Window:
    """Of field 185, which is defined as the mean of the last second."""
    return _ONE_SECOND


def instant_window(model: Model) -> Window:
    """Of field 186."""
    if model.is_part_time:
        return Window(0.025, 0.1)
    if model.architecture >= TURING:
        return Window(0.1, 0.1)
    if model.architecture in {PASCAL, VOLTA}:
        return Window(0.01, 0.02)
    return Window(0.1, 0.1)  # Maxwell and Kepler smooth over about as long


def usage_window(model: Model) -> Window:
    """Of ``nvmlDeviceGetPowerUsage``: the mean of a second on GA10x, Ada and newer."""
    averages = model.architecture >= AMPERE and not model.is_ga100
    if averages and (model.architecture > ADA or model.driver != _INSTANT_DRIVER):
        return _ONE_SECOND
    return instant_window(model)


def counter_accuracy(model: Model) -> Accuracy:
    """Of the energy counter over a minute and more: the gain error of the board's meter."""
    return Accuracy.of("counter:gpu", *_gain(model))


def polled_accuracy(model: Model, window: Window) -> Accuracy:
    """Of energy from polled power: the gain error, and in quadrature that of polling."""
    low, high = _gain(model)
    half_width = math.hypot((high - low) / 2, _polling_error(model, window))
    middle = (low + high) / 2
    return Accuracy.of("polled:gpu", middle - half_width, middle + half_width)


def model_accuracy() -> Accuracy:
    """Of energy from the power limit and utilisation (27 to 37 %: arXiv 2506.14551)."""
    return Accuracy.of("model:gpu", 0.6, 1.4, common_share=1.0)


def _gain(model: Model) -> tuple[float, float]:
    """True over read of one board: newer ones read low, for the meter leaves out a rail."""
    return (0.98, 1.09) if model.architecture >= AMPERE else (0.92, 1.10)


def _polling_error(model: Model, window: Window) -> float:
    if window.window_s >= 1.0:
        return _AVERAGE_ERROR
    return _PART_TIME_ERROR if model.is_part_time else _INSTANT_ERROR
