"""A machine whose power is known, for programs that log to an experiment logger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.machine import Machine, living, machine_in


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with living(machine_in(tmp_path)) as machine:
        yield machine
