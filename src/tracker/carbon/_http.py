"""One HTTP exchange: sent, bounded, and its failures in the words of our own tree."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct

from tracker.carbon._redact import Redactor
from tracker.errors import GridUnavailable
from tracker.ports.fetch import LOOPBACK, SHOWN, Params

if TYPE_CHECKING:
    import requests

LARGEST_SKEW_S: Final = 120.0
_CHUNK_BYTES: Final = 1 << 16


class Limits(Struct, frozen=True):
    """Bounds of one answer: until connected, between two packets, in all; and its size."""

    connect_s: float = 3.05
    read_s: float = 10.0
    total_s: float = 60.0
    max_bytes: int = 16 << 20


class World(Struct, frozen=True):
    """Time and chance, passed in.

    Attributes:
        now: unix seconds.
        monotonic: seconds that never step back.
        sleep: waits for seconds; may raise to give up.
        chance: from 0 to 1, spreads the retries of many machines.
        tell: is told what a person should know: a clock that is wrong.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    tell: Callable[[str], None] = lambda _: None


class Unreached(GridUnavailable):
    """No answer came; a moment later one may. Known in this room alone."""


class Question(Struct, frozen=True):
    """What is sent, and in whose name a failure is told.

    Attributes:
        asked: ``uk_carbon (api.carbonintensity.org.uk)``.
    """

    asked: str
    method: str
    url: str
    params: Params
    headers: Mapping[str, str]


@contextmanager
def sent(
    session: requests.Session, question: Question, limits: Limits
) -> Iterator[requests.Response]:
    """A response whose body is not read yet.

    Raises:
        GridUnavailable: it could not be asked, or broke off; never with requests' own
            text, which holds the whole address and so maybe a key.
    """
    from requests import RequestException  # noqa: PLC0415 - only where the network is asked
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - the same

    try:
        with session.request(
            question.method,
            question.url,
            params=list(question.params),
            headers=dict(question.headers),
            timeout=(limits.connect_s, limits.read_s),
            allow_redirects=False,
            stream=True,
            # What goes to this machine goes by no proxy, in the clear as it is.
            proxies={"no_proxy": "*"} if urlsplit(question.url).hostname in LOOPBACK else None,
            # Without it requests would put what ~/.netrc has for the host over our header.
            auth=lambda request: request,
        ) as response:
            yield response
    except (RequestException, HTTPError, OSError, ValueError) as error:
        raise _failure(error, question.asked) from None


def _failure(error: Exception, asked: str) -> GridUnavailable:
    from requests import exceptions as failed  # noqa: PLC0415 - as above
    from urllib3 import exceptions as below  # noqa: PLC0415 - the same

    passing: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (failed.ProxyError, "cannot be reached by the proxy that the environment names"),
        (failed.ConnectTimeout, "cannot be reached: no connection in time"),
        ((failed.Timeout, below.TimeoutError), "does not answer in time"),
        ((failed.ConnectionError, below.HTTPError), f"cannot be reached: {_cause(error)}"),
    ]
    if isinstance(error, failed.SSLError):
        return GridUnavailable(
            f"{asked}: its certificate is not trusted, so nothing was asked; if a proxy of your"
            " network stands between, name its authority in REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, below.DecodeError):
        return GridUnavailable(f"{asked} gave an answer that cannot be unpacked")
    for kinds, what in passing:
        if isinstance(error, kinds):
            return Unreached(f"{asked} {what}")
    return GridUnavailable(f"{asked} cannot be asked ({type(error).__name__}); look at its url")


def _cause(error: Exception) -> str:
    """The kind of failure below, without its text."""
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    return type(reason).__name__


def read_body(response: requests.Response, limits: Limits, world: World, asked: str) -> bytes:
    """The body, unpacked, within the bounds.

    Raises:
        GridUnavailable: it is too long, or takes too long.
    """
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limits.max_bytes:
        raise _too_long(asked, limits)
    deadline = world.monotonic() + limits.total_s
    parts, total = [], 0
    # read1 returns with what has come: a server that drips cannot hold it past the deadline.
    while part := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        total += len(part)
        if total > limits.max_bytes:
            raise _too_long(asked, limits)
        if world.monotonic() > deadline:
            raise GridUnavailable(f"{asked} took more than {limits.total_s:g} s for its answer")
        parts.append(part)
    return b"".join(parts)


def _too_long(asked: str, limits: Limits) -> GridUnavailable:
    bound = f"{limits.max_bytes >> 20} MiB" if limits.max_bytes >> 20 else f"{limits.max_bytes} B"
    return GridUnavailable(f"{asked} gave an answer of more than {bound}, which was not read on")


def refusal(
    response: requests.Response, now: float, asked: str, redact: Redactor, provider: str
) -> GridUnavailable:
    """The error for a status of 300 or more."""
    raw = response.raw.read1(_CHUNK_BYTES, decode_content=True)
    text = redact(" ".join(raw.decode("utf-8", errors="replace").split()))
    shown = "an HTML page" if text[:1] == "<" and "html" in text[:SHOWN].lower() else text[:SHOWN]
    said = f": {shown}" if shown else ""
    status = response.status_code
    hint = f"; look at TRACKER_GRID_{provider.upper()}_KEY" if status in {401, 403} else ""
    return GridUnavailable(
        f"{asked} answered {status}{said}{hint}",
        status=status,
        answer=text,
        retry_after_s=_retry_after_s(response.headers.get("Retry-After", ""), now),
    )


def _retry_after_s(text: str, now: float) -> float | None:
    """Seconds of a ``Retry-After``, which is a number or a date."""
    if text.strip().isdecimal():
        return float(text)
    then = _date(text)
    return None if then is None else max(then.timestamp() - now, 0.0)


def skew_s(date: str | None, now: float) -> float:
    """By how much ``now`` is ahead of a ``Date``; 0 where it is little or unknown."""
    then = _date(date or "")
    skew = 0.0 if then is None else now - then.timestamp()
    return skew if abs(skew) > LARGEST_SKEW_S else 0.0


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
