"""The command `tracker`: one file a verb.

A file's name is the verb; it holds ``command``, a click command whose help shows an
example. A verb imports what is heavy inside its function: ``tracker --help`` imports every
verb. A file that begins with ``_`` is shared and is no verb.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tracker.cli._rooms import Rooms
from tracker.cli._verbs import Verbs
from tracker.errors import RunNotFound, TrackerError

_INTERRUPTED = 130
"""What a shell reports for a command that Ctrl-C ended: 128 + SIGINT."""

command = Verbs(
    name="tracker",
    help="Measured energy and CO2 of a training run, by device and phase, with a range.",
    epilog="Example: tracker run -- python train.py, then: tracker show last",
)


def main(arguments: Sequence[str] | None = None, rooms: Rooms | None = None) -> None:
    """Run the command and exit: 0 well, 1 a failure named in one line, 2 usage.

    Args:
        arguments: the command line without the program's name; the process's by default.
        rooms: what stands behind the command; the package's own by default.
    """
    sys.exit(_exit_code(arguments, rooms or Rooms()))


def _exit_code(arguments: Sequence[str] | None, rooms: Rooms) -> int:
    try:
        code = command.main(arguments, "tracker", standalone_mode=False, obj=rooms)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except (TrackerError, OSError) as error:
        _say(error)
        return 1
    return code if isinstance(code, int) else 0


def _say(error: Exception) -> None:
    from tracker.model.text import harmless  # noqa: PLC0415 - only where something failed

    fix = getattr(error, "fix", "")
    text = f"{error}{f'; {fix}' if fix else ''}"
    lines = text.splitlines() if isinstance(error, RunNotFound) else [text]  # it lists runs
    click.echo("tracker: " + "\n".join(map(harmless, lines)), err=True)
