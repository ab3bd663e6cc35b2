"""Address and key of each grid provider, from the environment and the settings files.

``TRACKER_GRID_UK_CARBON_URL`` and ``TRACKER_GRID_UK_CARBON_KEY``, or a table
``[grid.uk_carbon]`` with ``url`` and ``key`` in ``tracker.toml`` (``[tool.tracker.grid.…]``
in ``pyproject.toml``). A project's file may come from anybody, so no key is ever sent to an
address that stands there: only to the provider's own, or to one from the environment or
from the user's own file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from tracker.errors import SettingsError
from tracker.ports import discovery
from tracker.ports.fetch import LOOPBACK

PREFIX: Final = "TRACKER_GRID_"
NAMES: Final = ("url", "key")


class GridOptions(Struct, frozen=True):
    """What is set for one provider; ``None`` where nothing is.

    Attributes:
        url: replaces the provider's own address.
        key: never shown, and absent from ``repr``.
        url_origin: a variable or a file's path; empty without ``url``.
        key_origin: the same for ``key``.
        url_trusted: whether a key may be sent to ``url``.
    """

    url: str | None = None
    key: str | None = None
    url_origin: str = ""
    key_origin: str = ""
    url_trusted: bool = True

    def __repr__(self) -> str:
        shown = None if self.key is None else "..."
        return f"GridOptions(url={self.url!r}, key={shown}, url_trusted={self.url_trusted})"

    def for_plugin(self) -> dict[str, str]:
        """As a plugin's ``open`` takes it; ``key_problem`` says why a key is held back."""
        options = {} if self.url is None else {"url": self.url}
        if self.key is not None and self.url_trusted:
            options["key"] = self.key
        elif self.key is not None:
            options["key_problem"] = (
                f"its key ({self.key_origin}) is not sent to {self.url}, as that address comes"
                f" from {self.url_origin}; set it in the environment or in your own tracker.toml"
            )
        return options


def resolve(
    environ: Mapping[str, str],
    project: tuple[Any, str],
    user: tuple[Any, str],
) -> Mapping[str, GridOptions]:
    """The options of every provider of which something is set.

    Args:
        environ: the environment variables.
        project: the table ``grid`` of the project's file (or ``None``), and the file's path.
        user: the same of the user's own file.

    Raises:
        SettingsError: an unknown provider or name, or a value that cannot be meant.
    """
    # In the order of what counts: the environment, the project's file, the user's.
    layers = (_from_environment(environ), _from_table(*project), _from_table(*user))
    trusted = (True, False, True)
    names = sorted({name for layer in layers for name, _ in layer})
    found = {}
    for name in names:
        url, url_origin, url_trusted = _first(layers, trusted, (name, "url"))
        key, key_origin, _ = _first(layers, trusted, (name, "key"))
        found[name] = GridOptions(url, key, url_origin, key_origin, url_trusted)
    return found


Layer = Mapping[tuple[str, str], tuple[str, str]]


def _first(
    layers: tuple[Layer, ...], trusted: tuple[bool, ...], wanted: tuple[str, str]
) -> tuple[str | None, str, bool]:
    for layer, is_trusted in zip(layers, trusted, strict=True):
        if wanted in layer:
            return *layer[wanted], is_trusted
    return None, "", True


def _from_environment(environ: Mapping[str, str]) -> Layer:
    found = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or not value:
            continue
        name, _, option = variable.removeprefix(PREFIX).lower().rpartition("_")
        if option not in NAMES:
            raise SettingsError(f"unknown variable {variable}; it must end in _URL or _KEY")
        _refuse_unknown_provider(name, variable)
        found[name, option] = (_checked(option, value, variable), variable)
    return found


def _from_table(table: Any, path: str) -> Layer:  # noqa: ANN401 - TOML
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: grid must be a table of providers: [grid.uk_carbon]")
    found = {}
    for name, options in table.items():
        where = f"{path}, grid.{name}"
        _refuse_unknown_provider(name, where)
        if not isinstance(options, dict):
            raise SettingsError(f"{where}: must be a table with url and key")
        for option, value in options.items():
            if option not in NAMES:
                raise SettingsError(f"{where}: unknown key {option!r}; known: url, key")
            found[name, option] = (_checked(option, value, where), path)
    return found


def _refuse_unknown_provider(name: str, where: str) -> None:
    own = discovery.own_names("grid")
    if name in own or name in discovery.foreign_names("grid"):
        return
    import difflib  # noqa: PLC0415 - only for a mistake

    near = difflib.get_close_matches(name, own, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(own)}"
    raise SettingsError(f"{where}: no grid provider {name!r}; {hint}")


def _checked(option: str, value: Any, where: str) -> str:  # noqa: ANN401 - TOML
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{where}: {option} must be text and not empty")
    text = value.strip()
    if option == "url" and (problem := _url_problem(text)):
        raise SettingsError(f"{where}: url {problem}")
    # A key goes into a header, where a line break would begin another one.
    if option == "key" and not re.fullmatch(r"[\x21-\x7e ]+", text):
        raise SettingsError(f"{where}: key holds characters that no key has")
    return text


def _url_problem(url: str) -> str:
    """What is wrong with it, without repeating what may hold a password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is no address; write https://host/path"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "may hold neither user, password nor query; a key has its own setting"
    if not host or parts.scheme not in {"http", "https"}:
        return "is no address; write https://host/path"
    if parts.scheme == "http" and host not in LOOPBACK:
        return f"must begin with https://, as {host} is another machine"
    return ""
