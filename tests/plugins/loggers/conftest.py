"""A machine whose power is known, for programs that log to an experiment logger."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.machine import Machine, machine_in


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return machine_in(tmp_path)
