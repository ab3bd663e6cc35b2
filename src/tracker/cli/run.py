"""`tracker run`: measure any command."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tracker.cli import _options
from tracker.cli._rooms import LiveRun, Rooms
from tracker.cli._verbs import example
from tracker.errors import SettingsError, TrackerError

PARENT = "TRACKER_PARENT"
"""Tells a run that the command starts itself that it is part of this one."""


@example(
    """
    tracker run -- python train.py --epochs 10
    tracker run --name resnet --tag lr=3e-4 --location FR -- torchrun train.py
    """
)
@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--name", metavar="TEXT", help="Default: the script's or the command's name.")
@click.option("--project", metavar="TEXT", help="Groups runs.")
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="May be repeated.")
@click.option("--location", metavar="WHERE", help="FR, US-CAMX, aws:eu-west-3, '57 g/kWh'.")
@click.option("--pue", type=float, metavar="RATIO", help="Facility over IT energy, at least 1.")
@click.option("--pricing", metavar="PROVIDER", help="The grid provider, by name.")
@click.option("--interval", "interval_s", type=float, metavar="SECONDS", help="Between readings.")
@click.option(
    "--device",
    "devices",
    metavar="KIND",
    multiple=True,
    help="Count only these: gpu, cpu, dram or an id.",
)
@click.option("--online/--offline", default=None, help="Whether the network may be asked.")
@click.option(
    "--attribution",
    type=click.Choice(["machine", "process"]),
    help="Whole devices (default), or the command's share of them, an estimate.",
)
@click.option(
    "--remainder",
    "remainder_ratio",
    type=float,
    metavar="RATIO",
    help="Of fans, boards and power supply, over the devices; shown, never added.",
)
@click.option("--resume", metavar="RUN", help="Go on with this run; the gap stays a gap.")
@click.option("--no-provenance", is_flag=True, help="Keep no user, command line or git commit.")
@_options.store
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
@click.pass_obj
def command(
    rooms: Rooms,
    /,
    *,
    name: str | None,
    command: tuple[str, ...],
    tags: tuple[str, ...],
    devices: tuple[str, ...],
    no_provenance: bool,
    **options: Any,  # noqa: ANN401 - the options of TrackOptions by their names
) -> int:
    """Run a command and measure what it uses.

    COMMAND has the terminal and all signals, as if it ran alone, and its exit code is
    passed on. What the machine's devices used meanwhile is stored, and reported on
    stderr at the end.
    """
    if sys.platform != "linux":
        raise TrackerError("tracker run needs Linux; use tracker.track() in the program instead")
    options |= {
        "tags": dict(_pair(tag) for tag in tags) or None,
        "devices": list(devices) or None,
        "provenance": False if no_provenance else None,
    }
    _name_the_speaker()
    from tracker.cli._child import signals_held  # noqa: PLC0415 - Linux alone has its signals

    with signals_held():
        run = _started(rooms, name or name_of(command), options)
        code, error = _run(command, run)
        if run is not None:
            _stop(run, error, options["store"])
    return code


def _name_the_speaker() -> None:
    """Warnings of a run stand among the command's own words: say whose they are."""
    import logging  # noqa: PLC0415 - not for --help

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("tracker: %(message)s"))
    logging.getLogger("tracker").addHandler(handler)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"{text!r} is no KEY=VALUE", param_hint="--tag")
    return key.strip(), value.strip()


def name_of(command: Sequence[str]) -> str:
    """What a command is called: the script of ``python train.py``, else the program."""
    program = Path(command[0]).name
    scripted = program.startswith("python") and len(command) > 1
    if scripted and not command[1].startswith("-"):
        return Path(command[1]).name
    return program


def _started(rooms: Rooms, name: str, options: Mapping[str, Any]) -> LiveRun | None:
    """A run under way, or ``None`` where measuring failed: the command runs all the same.

    Raises:
        SettingsError: an option or a settings file cannot be meant; nothing has begun.
    """
    try:
        run = rooms.track(name, options)
        run.start()
    except SettingsError:
        raise
    except Exception as error:  # noqa: BLE001 - the command matters more than its figures
        _warn("is not measured", error)
        return None
    return run


def _run(command: Sequence[str], run: LiveRun | None) -> tuple[int, str | None]:
    """The command's exit code, and why it failed, in one line, if it did."""
    from tracker.cli import _child  # noqa: PLC0415 - as above

    environ = dict(os.environ) if run is None else {**os.environ, PARENT: str(run.id)}
    try:
        code = _child.run_child(command, environ)
    except FileNotFoundError:
        problem, code = f"{command[0]}: command not found", _child.NOT_FOUND
    except OSError as error:
        problem, code = f"{command[0]}: cannot be run: {error.strerror}", _child.NOT_EXECUTABLE
    else:
        return code, _failure(code, _child.BY_SIGNAL) if code else None
    from tracker.model.text import harmless  # noqa: PLC0415 - only where it failed

    click.echo(f"tracker: {harmless(problem)}", err=True)
    return code, problem


def _failure(code: int, by_signal: int) -> str:
    import signal  # noqa: PLC0415 - only where the command failed

    try:
        return f"ended by {signal.Signals(code - by_signal).name}"
    except ValueError:
        return f"exit code {code}"


def _stop(run: LiveRun, error: str | None, store: str | None) -> None:
    try:
        report = run.stop(error=error)
    except Exception as trouble:  # noqa: BLE001 - the command's exit code must come through
        _warn("could not be reported", trouble)
        return
    from tracker.live.inert import is_switched_off  # noqa: PLC0415 - as all of live

    if is_switched_off(os.environ):
        return
    from tracker.cli._outcome import outcome_view  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - the same

    console = screen(stderr=True)
    try:
        show(console, outcome_view(report, console.width, store))
    except OSError:  # nobody reads stderr any more
        return


def _warn(what: str, error: Exception) -> None:
    from tracker.model.text import harmless  # noqa: PLC0415 - only where it failed

    reason = str(error) if isinstance(error, TrackerError) else repr(error)
    click.echo(f"tracker: the command {what}: {harmless(reason)}", err=True)
