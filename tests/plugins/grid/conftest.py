"""Providers opened as the program opens them, over a server on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from msgspec import Struct, field

from fakes.grid_apis import NOW
from fakes.http_server import Server, serving
from tracker.carbon.fetch import World, for_provider
from tracker.ports.grid import Grid, facts_of


class Stand(Struct):
    """A server, a clock that only sleeping moves, and what was told.

    Attributes:
        at: unix seconds, for retries and limits; ``now`` is the providers' own clock.
    """

    server: Server
    folder: Path
    now: datetime = NOW
    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    at: float = 1e9

    def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.at += wait_s

    def open(self, plugin: ModuleType, key: str | None = None, **options: object) -> Grid:
        world = World(now=lambda: self.at, sleep=self.sleep, chance=lambda: 0.0, tell=self._tell)
        fetch = for_provider(
            plugin.__name__.rpartition(".")[2],
            url=self.server.url,
            key=key,
            limit=facts_of(plugin).rate_limit,
            folder=self.folder,
            world=world,
        )
        given = {"url": self.server.url, "now": lambda: self.now} | options
        grid: Grid = plugin.open(fetch, given | ({"key": key} if key else {}))
        return grid

    def _tell(self, text: str) -> None:
        # The stand's clock is nobody's: that it is wrong is no news.
        if "the clock here is" not in text:
            self.told.append(text)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with serving() as server:
        yield Stand(server, tmp_path)


@pytest.fixture(scope="session")
def sample() -> Callable[[str], str]:
    """The text of a recorded answer; ``samples/SOURCES.json`` says whence each comes."""
    folder = Path(__file__).parent / "samples"
    return lambda name: (folder / name).read_text(encoding="utf-8")
