"""Every benchmark in turn, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _bench import options


def main() -> int:
    arguments = ("--short",) if options(__doc__).short else ()
    here = Path(__file__).resolve()
    failed = 0
    for script in sorted(here.parent.glob("[a-z]*.py")):
        if script != here:
            print(f"\n## {script.stem}", flush=True)
            done = subprocess.run((sys.executable, str(script), *arguments), check=False)
            failed += done.returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
