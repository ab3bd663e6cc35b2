"""The group of verbs, found by file."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


class Verbs(click.Group):
    """Every file of this folder that does not begin with ``_``."""

    def __init__(self, name: str, help: str, epilog: str) -> None:  # noqa: A002 - click's own name
        super().__init__(
            name,
            help=help,
            epilog=epilog,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 90},
        )
        version = click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="Show the version and exit.",
        )
        self.params.append(version)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs' names, sorted."""
        found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
        return sorted(name for name in found if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name, or ``None``."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"tracker.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the line names; of an unknown one, those of a similar name.

        Raises:
            click.UsageError: there is no such verb.
        """
        verbs = self.list_commands(ctx)
        if args and args[0] not in verbs and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], verbs, n=2)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(verbs)}"
            )
            raise click.UsageError(f"no verb {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tracker import __version__  # noqa: PLC0415 - only where it is asked for

        click.echo(f"tracker {__version__}")
        ctx.exit()


def example(text: str) -> Callable[[click.Command], click.Command]:
    """Put an example below a command's help, line for line as it stands."""

    def put(command: click.Command) -> click.Command:
        lines = text.strip().splitlines()
        command.epilog = "\b\nExample:\n" + "\n".join(f"  {line.strip()}" for line in lines)
        return command

    return put
