"""What every provider that is asked over the network needs: its address, key and clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Struct

from tracker.errors import GridUnavailable, SettingsError
from tracker.ports.fetch import Answer, Fetch, Params, RetryIf
from tracker.ports.grid import GridFacts

Choice = TypeVar("Choice")


class Connection(Struct, frozen=True):
    """A provider's address, key and clock, with the fetch that knows manners.

    Attributes:
        name: the provider's.
        url: without a slash at its end.
        key: empty where there is none.
        key_problem: why there is none.
        now: UTC.
    """

    name: str
    url: str
    key: str
    key_problem: str
    now: Callable[[], datetime]
    fetch: Fetch | None

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.url!r})"  # and nothing that holds the key

    def get(
        self,
        path: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        retry_if: RetryIf | None = None,
    ) -> Answer:
        """Ask for ``path`` below the provider's address.

        Raises:
            GridUnavailable: there is no answer, or the network is not allowed.
        """
        return self._allowed()(
            self.url + path, params=params, headers=headers or {}, retry_if=retry_if
        )

    def tell(self, text: str) -> None:
        """Pass on what a person should know."""
        self._allowed().tell(f"{self.name}: {text}")

    def needed_key(self) -> str:
        """The key.

        Raises:
            GridUnavailable: there is none.
        """
        if not self.key:
            variable = f"TRACKER_GRID_{self.name.upper()}_KEY"
            why = self.key_problem or f"it needs a key; set {variable}"
            raise GridUnavailable(f"{self.name} is not asked: {why}")
        return self.key

    def _allowed(self) -> Fetch:
        if self.fetch is None:
            raise GridUnavailable(
                f"{self.name} is not asked, as the network is not allowed;"
                " online=True or TRACKER_ONLINE=1 allow it"
            )
        return self.fetch


def connect(
    name: str, facts: GridFacts, fetch: Fetch | None, options: Mapping[str, object]
) -> Connection:
    """A provider's connection by its options."""
    now = options.get("now")
    return Connection(
        name=name,
        url=str(options.get("url") or facts.home_url).rstrip("/"),
        key=str(options.get("key") or ""),
        key_problem=str(options.get("key_problem") or ""),
        now=now if callable(now) else lambda: datetime.now(UTC),
        fetch=fetch,
    )


def chosen(
    name: str, options: Mapping[str, object], what: str, offered: tuple[Choice, ...]
) -> Choice:
    """The signal or the scope that the options ask for, by default the first offered.

    Raises:
        SettingsError: the provider does not have it.
    """
    asked = options.get(what)
    if asked is None:
        return offered[0]
    if asked not in offered:
        have = ", ".join(str(one) for one in offered)
        raise SettingsError(f"the grid provider {name} has no {what} {asked}; it has: {have}")
    return offered[offered.index(asked)]


def dig(answer: Answer, value: Any, *keys: str) -> Any:  # noqa: ANN401 - JSON
    """What lies below ``keys`` in a JSON value.

    Raises:
        GridUnavailable: one of them is not there, or no object lies where it should be.
    """
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise answer.unexpected(f"no {key}")
        value = value[key]
    return value


def listed(answer: Answer, value: Any, what: str) -> list[Any]:  # noqa: ANN401 - JSON
    """``value``, which must be a list.

    Raises:
        GridUnavailable: it is something else.
    """
    if not isinstance(value, list):
        raise answer.unexpected(f"no list of {what}")
    return value


def objects(answer: Answer, value: Any, what: str) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """``value``, which must be a list of objects.

    Raises:
        GridUnavailable: it is something else.
    """
    found = listed(answer, value, what)
    if not all(isinstance(one, dict) for one in found):
        raise answer.unexpected(f"no list of {what}")
    return found
