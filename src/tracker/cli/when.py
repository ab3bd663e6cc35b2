"""`tracker when`: the best time to start a job, by the grid's forecast."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from tracker.cli import _options
from tracker.cli._rooms import Rooms
from tracker.cli._verbs import example

if TYPE_CHECKING:
    from tracker.history.grid import Advice

WAIT_IS_BETTER: Final = 3
"""The exit code of --check where a later start is worth it."""

_LONGEST_NAP_S: Final = 60.0
"""The clock is looked at again after this: it may be set, and a machine may sleep."""

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)")
_UNIT_S: Final = {"d": 86_400, "h": 3600, "min": 60, "m": 60, "s": 1}


def _duration(context: click.Context, option: click.Parameter, text: str) -> timedelta:
    """``8h``, ``90min``, ``1d12h``."""
    plain = "".join(text.split()).lower()
    parts = _PART.findall(plain)
    length = timedelta(seconds=sum(float(number) * _UNIT_S[unit] for number, unit in parts))
    if "".join(number + unit for number, unit in parts) != plain or not length:
        raise click.BadParameter(
            f"{text!r} is no duration; write 8h, 90min or 1d12h", context, option
        )
    return length


@example(
    """
    tracker when --duration 8h --within 24h
    tracker when --duration 2h --location GB --json
    tracker when --duration 8h --check && python train.py
    tracker when --duration 8h --wait -- python train.py
    """
)
@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--duration",
    metavar="TIME",
    callback=_duration,
    required=True,
    help="How long the job takes: 8h.",
)
@click.option(
    "--within",
    metavar="TIME",
    callback=_duration,
    default="24h",
    show_default=True,
    help="How long its start may wait.",
)
@click.option("--location", "zone", metavar="WHERE", help="This machine's by default.")
@click.option("--provider", metavar="NAME", help="Whose forecast; the zone's own by default.")
@click.option("--online/--offline", default=None, help="Whether the network may be asked.")
@click.option("--check", is_flag=True, help="Exit 3 if waiting is worth it, 0 if not.")
@click.option(
    "--worth",
    type=float,
    metavar="PERCENT",
    default=5.0,
    show_default=True,
    help="What a later start must save to be worth it.",
)
@click.option("--wait", is_flag=True, help="Wait until then and run COMMAND under the tracker.")
@_options.as_json
@_options.store
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    duration: timedelta,
    within: timedelta,
    zone: str | None,
    check: bool,
    worth: float,
    wait: bool,
    as_json: bool,
    command: tuple[str, ...],
    **asked: Any,  # noqa: ANN401 - provider, online and store by their names
) -> int:
    """Say when a job would cause least, and what that saves.

    The forecast is asked of the zone's provider. A start may wait for --within; the job may
    also pause and resume, which is shown as the alternative. Without a forecast there is no
    advice: exit code 1.
    """
    if wait != bool(command):
        raise click.UsageError("--wait needs a command after --, and a command needs --wait")
    rooms: Rooms = context.obj
    advice = rooms.grid(zone, asked, by_itself=True).advice(duration, within)
    _say(advice, rooms, as_json=as_json, stderr=wait)
    worth_it = advice.saves_ratio * 100 >= worth
    if wait:
        options = [f"--location={zone}"] if zone else []
        options += [f"--store={asked['store']}"] if asked["store"] else []
        # Who may be asked for the forecast may be asked for the price.
        options += {True: ["--online"], False: ["--offline"], None: []}[asked["online"]]
        return _run(rooms, advice.best.at if worth_it else None, options, command)
    return WAIT_IS_BETTER if check and worth_it else 0


def _say(advice: Advice, rooms: Rooms, *, as_json: bool, stderr: bool) -> None:
    if as_json:
        _options.print_json(advice.to_dict())
        return
    from tracker.cli._screen import screen, show  # noqa: PLC0415 - rich, not for --help
    from tracker.cli._when_view import advice_view  # noqa: PLC0415 - the same

    console = screen(stderr=stderr)
    show(console, advice_view(advice, rooms.now(), console.width))


def _run(rooms: Rooms, at: datetime | None, options: Sequence[str], command: Sequence[str]) -> int:
    """Wait for the time, then do what ``tracker run`` does; the command's exit code."""
    while at is not None and (left_s := (at - rooms.now().astimezone(UTC)).total_seconds()) > 0:
        rooms.sleep(min(left_s, _LONGEST_NAP_S))
    from tracker.cli.run import command as run  # noqa: PLC0415 - only where a command follows

    done = run.main([*options, "--", *command], "tracker run", standalone_mode=False, obj=rooms)
    return done if isinstance(done, int) else 0
