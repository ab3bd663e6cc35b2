"""An experiment logger that a run's figures go to: one file in ``plugins/loggers/``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Protocol, cast

from msgspec import Struct

from tracker.errors import PluginError
from tracker.ports import discovery

if TYPE_CHECKING:
    from tracker.model.report import RunReport
    from tracker.model.run import RunTotals

AUTO: Final = "auto"
"""In ``log_to``: every logger that has a run under way."""


class PhaseTotals(Struct, frozen=True):
    """A phase that has ended; its figures are final.

    Attributes:
        number: its place among the run's phases of this name, from 0, in order of their end.
        elapsed_s: from the run's start to the phase's end.
        energy_by_kind_j: joules by kind of device, of the devices in the total.
        carbon_g: grams of CO2e at the run's own pricing.
    """

    name: str
    number: int
    elapsed_s: float
    energy_by_kind_j: Mapping[str, float]
    carbon_g: float

    @property
    def energy_j(self) -> float:
        """Joules of all devices in the total."""
        return sum(self.energy_by_kind_j.values())


class Logger(Protocol):
    """A logger's run that was found. All of these are called from one thread of ours.

    Whatever they raise is noted once, and the training goes on.
    """

    def tick(self, totals: RunTotals) -> None:
        """Some seconds have passed."""

    def phase_ended(self, phase: PhaseTotals) -> None:
        """A phase's energy is known."""

    def closed(self, report: RunReport) -> None:
        """The run has ended: its final figures."""


class LoggerPlugin(Protocol):
    """A module in ``plugins/loggers/``; ``log_to`` names it, or hands over what it ``takes``."""

    def takes(self, target: object) -> bool:
        """Whether ``target`` is one of this logger's own objects; imports nothing."""

    def open(self, target: object | None) -> Logger | None:
        """The logger's run that is under way, or ``None`` where there is none yet.

        Called in the thread that started the run, where the logger knows its current run;
        again at each edge of a phase while it returns ``None``. It begins no run of the
        logger's.

        Args:
            target: an object that it ``takes``; the text behind the colon of
                ``log_to="tensorboard:runs/1"``, empty where only its name is given; ``None``
                where nobody asked for it (``log_to="auto"``).

        Raises:
            PluginError: the logger's package is missing, or the target cannot be meant.
        """


class LoggerTarget(Struct, frozen=True):
    """A logger that a run shall write to.

    Attributes:
        name: the plugin's.
        target: what its ``open`` is handed.
        wanted: it was asked for; ``False`` where it is only looked for (``log_to="auto"``).
    """

    name: str
    plugin: LoggerPlugin
    target: object | None = None
    wanted: bool = True


def found(wanted: Iterable[object]) -> list[LoggerTarget]:
    """The plugins for what ``log_to`` asks for: names, ``name:target``, or objects.

    Raises:
        PluginError: there is no plugin of that name, or none takes that object.
    """
    return [target for one in wanted for target in _targets(one)]


def _targets(one: object) -> Iterator[LoggerTarget]:
    if one == AUTO:
        for name in discovery.own_names("loggers"):
            yield LoggerTarget(name, _load(name), wanted=False)
    elif isinstance(one, str):
        name, _, target = one.partition(":")
        yield LoggerTarget(name, _load(name), target)
    else:
        yield _taking(one)


def _taking(one: object) -> LoggerTarget:
    for name in discovery.own_names("loggers"):
        plugin = _load(name)
        if plugin.takes(one):
            return LoggerTarget(name, plugin, one)
    kind = f"{type(one).__module__}.{type(one).__qualname__}"
    known = ", ".join(discovery.own_names("loggers"))
    raise PluginError(f"no logger takes an object of {kind}; there are: {known}, {AUTO}")


def _load(name: str) -> LoggerPlugin:
    return cast("LoggerPlugin", discovery.load("loggers", name))
