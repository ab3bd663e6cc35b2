"""Notebooks: `%load_ext tracker`, then cells that begin with `%%track`.

    %%track resnet --project vision --location FR
    model.fit(x, y)

The cell is a run; below its own output stands what it used. `run` names it afterwards, or
what `--as` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tracker.errors import SettingsError
from tracker.hooks._vendor import required
from tracker.live import track
from tracker.live.boundary import in_one_line
from tracker.settings import pair_of

if TYPE_CHECKING:
    from tracker.live import Run, TrackOptions


_ARGUMENTS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("name",), {"nargs": "?", "help": "of the run; by default the project's, or python"}),
    (("--project",), {"help": "groups runs"}),
    (("--tag",), {"dest": "tags", "action": "append", "help": "KEY=VALUE; may be repeated"}),
    (("--location",), {"help": "FR, US-CAMX, aws:eu-west-3, '57 g/kWh'"}),
    (("--pue",), {"type": float, "help": "facility over IT energy, at least 1"}),
    (("--pricing",), {"help": "the grid provider, by name"}),
    (("--interval",), {"dest": "interval_s", "type": float, "help": "seconds between readings"}),
    (("--device",), {"dest": "devices", "action": "append", "help": "count only these"}),
    (("--log-to",), {"action": "append", "help": "mlflow, wandb, tensorboard:FOLDER, auto"}),
    (("--online",), {"action": "store_true", "default": None, "help": "ask the grid's provider"}),
    (("--store",), {"help": "a URL: sqlite:///runs.db"}),
    (("--as",), {"dest": "variable", "default": "run", "help": "what the run is called here"}),
)


class _CellFailed(Exception):
    """The cell's own error was shown already: ends the cell, so that "run all" stops there."""

    def _render_traceback_(self) -> list[str]:
        return []


def register(shell: Any) -> None:
    """Give a shell of IPython's the magic ``%%track``.

    Raises:
        PluginError: IPython is not installed.
    """
    magics = required("IPython.core.magic_arguments", "%load_ext tracker", "ipython")

    def track_cell(line: str, cell: str) -> None:
        """Measure a cell as a run."""
        arguments = vars(magics.parse_argstring(magic, line))
        name, variable = arguments.pop("name"), arguments.pop("variable")
        if arguments["tags"]:
            arguments["tags"] = dict(
                pair_of(_unquoted(text), "--tag") for text in arguments["tags"]
            )
        options: Any = {key: _unquoted(value) for key, value in arguments.items()}
        try:
            run = _begun(_unquoted(name), options)
        except SettingsError as error:
            raise _usage(error) from None
        shell.user_ns[variable] = run
        _finish(run, shell.run_cell(cell))

    magic: Any = track_cell
    for flags, more in reversed(_ARGUMENTS):
        magic = magics.argument(*flags, **more)(magic)
    magic = magics.magic_arguments()(magic)
    shell.register_magic_function(magic, magic_kind="cell", magic_name="track")


def _begun(name: str | None, options: TrackOptions) -> Run:
    return track(name, **options).start()


def _finish(run: Run, outcome: Any) -> None:
    """End the run as the cell ended, show it, and let a failure be one."""
    from IPython.display import display  # noqa: PLC0415 - there, since a cell was run

    error = outcome.error_before_exec or outcome.error_in_exec
    display(run.stop(error=in_one_line(error)))
    if error is not None:
        raise _CellFailed


def _unquoted(value: Any) -> Any:
    """IPython leaves the quotes around an argument with a space in it."""
    if isinstance(value, list):
        return [_unquoted(one) for one in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _usage(error: SettingsError) -> Exception:
    """The error as IPython says what was typed wrong: one line without a traceback."""
    from IPython.core.error import UsageError  # noqa: PLC0415 - there, since a magic was called

    usage: Exception = UsageError(str(error))
    return usage
