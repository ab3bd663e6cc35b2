"""How a provider or a place asks the network, if it may at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from tracker.errors import GridUnavailable

Method = Literal["GET", "PUT"]
Params = Sequence[tuple[str, str]]
RetryIf = Callable[[GridUnavailable], bool]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that may be asked without TLS: this machine."""
SHOWN = 200
"""Letters of an answer that a message repeats."""


class Answer(Struct, frozen=True):
    """What came back, with a status from 200 to 299.

    Attributes:
        asked: who was asked, for messages: ``uk_carbon (api.carbonintensity.org.uk)``.
        status: HTTP status.
        headers: by lower-case name.
        body: decompressed.
        redact: takes every secret out of a text.
    """

    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    redact: Callable[[str], str] = str

    def text(self) -> str:
        """The body as text; what is no UTF-8 in it is replaced."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:  # noqa: ANN401 - the provider knows what it asked for
        """The body as JSON.

        Raises:
            GridUnavailable: it is empty, cut off, HTML, or else no JSON.
        """
        import json  # noqa: PLC0415 - this module is on the path of every start

        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise self.unexpected("no JSON") from error

    def unexpected(self, what: str) -> GridUnavailable:
        """The error for an answer that is not what the provider promises.

        Args:
            what: what is wrong with it: ``no JSON``, ``no list of records``.
        """
        text = " ".join(self.text().split())
        shown = f": {self.redact(text[:SHOWN])}" if text else ": an empty answer"
        return GridUnavailable(f"{self.asked} gave {what}{shown}", status=self.status)


class Fetch(Protocol):
    """A request with manners; the engine supplies it, bound to one provider.

    It owns time-outs, retries, rate limits, the bound on an answer's size, TLS and the
    redaction of secrets; the caller says where, what and how to understand the answer.
    """

    def __call__(
        self,
        url: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] = ...,
        method: Method = "GET",
        retry_if: RetryIf | None = None,
    ) -> Answer:
        """Ask.

        Args:
            url: the whole address, without query.
            params: the query, in order; a name may occur several times.
            headers: values are taken for secrets and appear in no message.
            method: only cloud metadata needs another than GET.
            retry_if: whether an error that is final as a rule may pass at this provider;
                asked again up to twice, with a pause before each.

        Raises:
            GridUnavailable: no answer, a status of 300 or more (``status`` and ``answer``
                hold it), too long an answer, or the rate limit would be broken.
        """

    def tell(self, text: str) -> None:
        """Pass on what a person should know: a value that was refused, a wrong clock."""
