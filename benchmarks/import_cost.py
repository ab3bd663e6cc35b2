"""CPU time of ``import tracker``, ``tracker --help`` and an estimate above bare Python."""

from __future__ import annotations

import os
import sys

from _bench import MS_PER_S, command, line, machine, medians_cpu_s, options

_NO_COMPILED = "PYTHONDONTWRITEBYTECODE"


def main() -> None:
    times = 3 if options(__doc__).short else 21
    commands = {
        "bare": (sys.executable, "-c", "pass"),
        "import": (sys.executable, "-c", "import tracker"),
        "help": (command(), "--help"),
        "estimate": (command(), "estimate", "--gpu", "V100", "--hours", "84"),
    }
    # Compiled once, as what is installed is: where Python may write no such files, each start
    # would be measured with the compiler.
    environ = {name: value for name, value in os.environ.items() if name != _NO_COMPILED}
    with machine() as folder:
        cpu_s = medians_cpu_s(commands, times, environ | {"PYTHONPYCACHEPREFIX": str(folder)})
    line("bare Python", cpu_s["bare"] * MS_PER_S, "CPU ms")
    line(
        "import tracker, above it", (cpu_s["import"] - cpu_s["bare"]) * MS_PER_S, "CPU ms", most=20
    )
    line("tracker --help, above it", (cpu_s["help"] - cpu_s["bare"]) * MS_PER_S, "CPU ms", most=120)
    line("tracker estimate", cpu_s["estimate"] * MS_PER_S, "CPU ms", most=300)


if __name__ == "__main__":
    main()
