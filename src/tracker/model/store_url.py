"""A store's URL as text, before anything that could open it is imported."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

STORES: Final = ("sqlite", "postgresql")
"""The databases a store can be, as a URL's scheme names them."""

_HOST_AND_PORT: Final = re.compile(r"(?:[^/]*@)?(?:\[[^]]*\]|[^/:]*)(?::\d*)?(?:/|$)")


def is_server(url: str | None) -> TypeGuard[str]:
    """Whether runs are taken there after they were written on this machine.

    >>> is_server("postgresql+psycopg://ada@db/runs"), is_server("sqlite:///runs.db")
    (True, False)
    """
    return url is not None and url.startswith("postgresql")


def problem(url: str) -> str:
    """What cannot be meant in it; empty if nothing."""
    scheme, found, rest = url.partition("://")
    if not found:
        return f"must be a URL as SQLAlchemy writes it, for example sqlite:///{url}"
    if scheme.partition("+")[0] not in STORES:
        return f"no store of that kind; write {' or '.join(STORES)}"
    if is_server(url) and not _HOST_AND_PORT.match(rest.partition("?")[0]):
        return "its port must be a number: postgresql+psycopg://user@host:5432/database"
    return ""
