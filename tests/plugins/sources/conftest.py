"""A fake NVML in this process, for the tests of the real pynvml over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.host import host_in
from fakes.nvml import FakeGpu, FakeNvml
from tracker.ports.source import Source
from tracker.sources import nvml

MakeFake = Callable[..., FakeNvml]
OpenNvml = Callable[..., Source]


@pytest.fixture
def make_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeFake:
    """Makes the machine's GPUs; what is not said is one H100 at 300 W."""

    def make(*gpus: FakeGpu, **library: object) -> FakeNvml:
        fake = FakeNvml(tmp_path, gpus or (FakeGpu(),), **library)
        fake.load()
        monkeypatch.setenv(*fake.variable)
        return fake

    return make


@pytest.fixture
def open_nvml(tmp_path: Path) -> Iterator[OpenNvml]:
    """Opens the source with the given environment variables, and closes it afterwards."""
    sources: list[Source] = []

    def open_source(**environ: str) -> Source:
        sources.append(nvml.open(host_in(tmp_path, environ)))
        return sources[-1]

    yield open_source
    for source in sources:
        source.close()
