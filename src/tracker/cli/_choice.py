"""Options that say which runs are meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

_STATUSES: Final = ("running", "finished", "failed", "interrupted")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option("--project", metavar="NAME", help="Only runs of this project."),
    click.option("--name", metavar="NAME", help="Only runs of this name; `*` is any text."),
    click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Only with this tag."),
    click.option(
        "--param", "params", multiple=True, metavar="KEY=VALUE", help="Only with this parameter."
    ),
    click.option("--host", metavar="NAME", help="Only runs on this machine; `*` is any text."),
    click.option("--status", type=click.Choice(_STATUSES), help="Only runs that stand so."),
    click.option("--since", metavar="WHEN", help="Started then or later: 2026-05-03, 30d, 12h."),
    click.option("--until", metavar="WHEN", help="Started before then."),
    click.option(
        "--min-carbon", "min_carbon_g", type=float, metavar="GRAMS", help="At least so much CO2e."
    ),
)
NAMES: Final = (
    *("project", "name", "tags", "params", "host", "status", "since", "until", "min_carbon_g"),
)


def options(command: _Command) -> _Command:
    """The options, in this order, on a command; they arrive under ``NAMES``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(given: dict[str, Any]) -> dict[str, Any]:
    """The choice as ``History.runs`` takes it; ``given`` keeps the other options."""
    choice = {name: given.pop(name) for name in NAMES}
    choice["tags"] = pairs(choice["tags"], "--tag")
    choice["params"] = {
        key: _value(text) for key, text in pairs(choice["params"], "--param").items()
    }
    return {name: value for name, value in choice.items() if value not in (None, {})}


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """``KEY=VALUE`` each, taken apart.

    Raises:
        click.UsageError: one is written otherwise.
    """
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{option} {text}: write KEY=VALUE")
        found[key] = value
    return found


def _value(text: str) -> object:
    """A parameter as JSON, where it is JSON: ``18`` is a number, ``adam`` a text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
