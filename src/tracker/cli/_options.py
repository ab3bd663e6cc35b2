"""Options that several verbs take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

store = click.option(
    "--store",
    metavar="URL",
    help="The store, as SQLAlchemy writes it: sqlite:///runs.db. Default: TRACKER_STORE, "
    "else the settings' one.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


def print_json(values: Mapping[str, Any]) -> None:
    """``values`` on stdout, in characters that every encoding has."""
    click.echo(json.dumps(values, indent=2, allow_nan=False))
