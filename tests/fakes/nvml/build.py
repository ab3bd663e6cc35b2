"""Compiles the fake NVML with the machine's C compiler."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("fake_nvml.c")
HEADER: Final = Path(__file__).with_name("fake_machine.h")
LIBRARY: Final = "libnvidia-ml.so.1"


def build(folder: Path, *defines: str) -> Path:
    """Put ``libnvidia-ml.so.1`` into ``folder``; the path of the library.

    Args:
        folder: made where it does not exist.
        defines: preprocessor names; ``WITHOUT_FIELD_VALUES`` makes an old driver's library.
    """
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / LIBRARY
    fresh = folder / f"{LIBRARY}.{os.getpid()}"
    subprocess.run(
        [
            *("cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"),
            *(f"-D{define}" for define in defines),
            *(f"-Wl,-soname,{LIBRARY}", "-o", str(fresh), str(SOURCE), "-lm", "-lpthread"),
        ],
        check=True,
    )
    fresh.replace(library)  # whoever loads it at this moment has the old file or the new one
    return library


def cached(*defines: str) -> Path:
    """The library, compiled once for this source and kept with the user's temporary files."""
    key = hashlib.sha256(
        SOURCE.read_bytes() + HEADER.read_bytes() + repr(defines).encode()
    ).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"fake-nvml-{os.getuid()}-{key}"
    library = folder / LIBRARY
    return library if library.exists() else build(folder, *defines)
