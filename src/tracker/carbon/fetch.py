"""The manners in which a provider is asked, by requests.

Time-outs, a retry with back-off, ``Retry-After``, the rate limit, TLS, a bound on the
answer, a name of our own, and no secret in any message. requests is imported with the first
question, and no question is asked on the sampler's or the caller's thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field

from tracker.carbon._http import (
    Limits,
    Question,
    Unreached,
    World,
    read_body,
    refusal,
    sent,
    skew_s,
)
from tracker.carbon._rate import RateLimiter
from tracker.carbon._redact import Redactor
from tracker.errors import GridUnavailable
from tracker.ports.fetch import LOOPBACK, Answer, Method, Params, RetryIf
from tracker.ports.grid import RateLimit

if TYPE_CHECKING:
    import requests

__all__ = ["GRID", "METADATA", "HttpFetch", "Manners", "World", "for_place", "for_provider"]

REDIRECTED: Final = 300
TOO_MANY: Final = 429
PASSING: Final = frozenset({TOO_MANY, 500, 502, 503, 504})
"""Statuses that may be gone a moment later."""


class Manners(Struct, frozen=True):
    """How patient, and how careful, a question is.

    Attributes:
        attempts: how often an error is asked about that may pass, the first time included.
        longest_wait_s: the longest pause before a call, for a rate limit or ``Retry-After``.
        redirects: how many are followed, within one host.
        environment: whether the proxies that the environment names are used.
        plain_http: whether another machine may be asked without TLS.
        limits: of one answer.
    """

    attempts: int = 2
    longest_wait_s: float = 60.0
    redirects: int = 3
    environment: bool = True
    plain_http: bool = False
    limits: Limits = field(default_factory=Limits)


GRID: Final = Manners()
METADATA: Final = Manners(
    attempts=1,
    longest_wait_s=0.0,
    redirects=0,
    environment=False,
    plain_http=True,
    limits=Limits(connect_s=0.3, read_s=1.0, total_s=1.5, max_bytes=1 << 16),
)
"""A cloud's metadata service: link-local, in clear, at once or not at all, by no proxy."""


class HttpFetch:
    """A ``ports.fetch.Fetch`` for one provider.

    Args:
        provider: its name, for messages.
        user_agent: names this program and its version.
        secrets: what no message may hold.
        limiter: keeps the rate limit; ``None`` where there is none to keep.
        manners: ``GRID`` or ``METADATA``.
        world: time and chance; the real ones by default.
    """

    def __init__(
        self,
        provider: str,
        *,
        user_agent: str,
        secrets: Iterable[str] = (),
        limiter: RateLimiter | None = None,
        manners: Manners = GRID,
        world: World | None = None,
    ) -> None:
        self._provider = provider
        self._user_agent = user_agent
        self._secrets = tuple(secrets)
        self._limiter = limiter
        self._manners = manners
        self._world = world or World()
        self._session: requests.Session | None = None
        self._told_skew = False

    def __call__(
        self,
        url: str,
        *,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        method: Method = "GET",
        retry_if: RetryIf | None = None,
    ) -> Answer:
        """Ask; see the port for arguments and errors."""
        redact = Redactor([*self._secrets, *(headers or {}).values()])
        attempt = 1
        while True:
            try:
                return self._ask(method, url, params, headers or {}, redact)
            except GridUnavailable as error:
                pause_s = self._pause_s(error, attempt, retry_if)
                if pause_s is None:
                    raise
            self._world.sleep(pause_s)
            attempt += 1

    def tell(self, text: str) -> None:
        """Pass on what a person should know, without secrets."""
        self._world.tell(Redactor(self._secrets)(text))

    def _pause_s(
        self, error: GridUnavailable, attempt: int, retry_if: RetryIf | None
    ) -> float | None:
        """How long to wait before asking again; ``None`` if that is of no use."""
        known = retry_if is not None and retry_if(error)
        passing = isinstance(error, Unreached) or error.status in PASSING
        attempts = 3 if known else self._manners.attempts if passing else 1
        if attempt >= attempts:
            return None
        pause_s = float(2 ** (attempt - 1)) * (1 + self._world.chance())
        pause_s = max(pause_s, error.retry_after_s or 0.0)
        return pause_s if pause_s <= self._manners.longest_wait_s else None

    def _ask(
        self,
        method: Method,
        url: str,
        params: Params,
        headers: Mapping[str, str],
        redact: Redactor,
    ) -> Answer:
        asked = f"{self._provider} ({urlsplit(url).hostname})"
        for _ in range(self._manners.redirects + 1):
            self._refuse_plain(url, asked)
            self._keep_limit(asked)
            question = Question(asked, method, url, params, headers)
            with sent(self._ready(), question, self._manners.limits) as response:
                self._check_clock(response.headers.get("Date"), asked)
                if response.is_redirect:
                    url, params = self._followed(url, response.headers["Location"], asked), ()
                    continue
                if response.status_code >= REDIRECTED:
                    now = self._world.now()
                    raise self._refused(refusal(response, now, asked, redact, self._provider))
                body = read_body(response, self._manners.limits, self._world, asked)
                known = {name.lower(): value for name, value in response.headers.items()}
                return Answer(asked, response.status_code, known, body, redact)
        raise GridUnavailable(f"{asked} redirects on and on; set another url for it")

    def _ready(self) -> requests.Session:
        if self._session is None:
            import requests  # noqa: PLC0415 - only where the network is asked

            self._session = requests.Session()
            self._session.trust_env = self._manners.environment
            self._session.headers["User-Agent"] = self._user_agent
        return self._session

    def _refuse_plain(self, url: str, asked: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "https" or self._manners.plain_http or parts.hostname in LOOPBACK:
            return
        raise GridUnavailable(f"{asked} is only asked by https; set its url so")

    def _followed(self, url: str, target: str, asked: str) -> str:
        """Where a redirect leads, if it stays where a key may be sent."""
        there = urljoin(url, target)
        old, new = urlsplit(url), urlsplit(there)
        if old.hostname != new.hostname or (old.scheme == "https" and new.scheme != "https"):
            raise GridUnavailable(
                f"{asked} redirects to {new.scheme}://{new.hostname}, which is not followed;"
                " set its url if that is right"
            )
        return there

    def _keep_limit(self, asked: str) -> None:
        if self._limiter is None:
            return
        reserved, wait_s = self._limiter.reserve(self._manners.longest_wait_s)
        if not reserved:
            raise GridUnavailable(
                f"{asked} takes no call for another {wait_s:.0f} s, by its rate limit",
                retry_after_s=wait_s,
            )
        if wait_s > 0:
            self._world.sleep(wait_s)

    def _refused(self, error: GridUnavailable) -> GridUnavailable:
        if self._limiter is None:
            return error
        if error.status == TOO_MANY and error.retry_after_s is None:
            error.retry_after_s = self._limiter.ban_s
        if error.retry_after_s is not None:
            self._limiter.refuse_for(error.retry_after_s)
        return error

    def _check_clock(self, date: str | None, asked: str) -> None:
        skew = skew_s(date, self._world.now())
        if skew and not self._told_skew:
            self._told_skew = True
            self._world.tell(
                f"the clock here is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} that"
                f" of {asked}: what ran when, and so its intensity, follows the clock here"
            )


def for_place(name: str) -> HttpFetch:
    """The fetch of a way to find out where this machine stands: its cloud's metadata."""
    return HttpFetch(name, user_agent=_user_agent(), manners=METADATA)


def _user_agent() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - only where the network is asked

    return f"emissions-tracker/{version('emissions-tracker')}"


def for_provider(
    name: str,
    *,
    url: str,
    key: str | None,
    limit: RateLimit | None,
    folder: Path,
    world: World | None = None,
) -> HttpFetch:
    """A grid provider's fetch, which meets those of other processes in ``folder``.

    Args:
        name: the provider's.
        url: its address; a mirror has a limit of its own.
        key: is taken out of every message.
        limit: the rate limit to keep; without one ``Retry-After`` still is.
        folder: of this user, for all processes.
        world: time and chance; the real ones by default.
    """
    world = world or World()
    host = re.sub(r"[^a-z0-9.-]", "_", urlsplit(url).netloc.lower())
    limiter = RateLimiter(folder / f"{name}-{host}.rate", limit, world.now, world.sleep)
    return HttpFetch(
        name,
        user_agent=_user_agent(),
        secrets=(key,) if key else (),
        limiter=limiter,
        world=world,
    )
