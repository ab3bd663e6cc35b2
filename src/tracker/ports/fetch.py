"""How a provider or a place asks the network, if it may at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Fetch(Protocol):
    """A GET with manners; the engine supplies it and owns time-outs and retries."""

    def __call__(self, url: str, *, params: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """The answer's body.

        Raises:
            GridUnavailable: no answer, or one that is not the provider's.
        """
