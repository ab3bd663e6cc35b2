"""Without psycopg PostgreSQL is refused by naming the extra."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "psycopg":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
sys.modules["psycopg"] = None
from tracker.errors import PluginError
from tracker.store.address import parse
try:
    parse("postgresql://ada:secret@host/db")
except PluginError as error:
    print(error)
"""


def test_without_psycopg_the_extra_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    assert "pip install 'emissions-tracker[postgres]'" in done.stdout
    assert "ada:***@host" in done.stdout
