"""Being nobody, for tests of files that may not be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NOBODY: Final = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """As ``nobody`` where the tests run as root, whom no file mode refuses."""
    user = os.geteuid()
    if user != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
